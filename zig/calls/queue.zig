//! The queues of a session, numbered from 0 within their set. All calls are the JavaScript thread's that made the set;
//! the thread that runs the program comes through the streams.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const block = @import("../abi/block.zig");
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const source = @import("source.zig");
const Stream = @import("../session/stream.zig").Stream;
const Queue = @import("../queue/queue.zig").Queue;
const Set = @import("../queue/set.zig").Set;

/// A wait longer than this would keep a Worker from being terminated.
const wait_limit_ms = 100;
const full = 1;
const nothing_to_flush = 2;

/// An empty set; returns the slot, results: generation. `timeout_ns`: how long the device waits for data before that is
/// announced, again and again; 0: never.
pub fn open(t: *Thread, timeout_ns: f64) !i32 {
    const set = try Set.create(t, try block.toInteger(timeout_ns));
    errdefer Set.drop(set);
    const opened = try handle.open(.queue, t.id, set, Set.drop);
    t.block.results[0] = @floatFromInt(opened.generation);
    return @intCast(opened.slot);
}

/// A new queue of `count` entries for batches of `batch` bytes. Kind: 0 to the device, 1 from it; 2 more: in step with
/// the others. Returns its number.
pub fn add(t: *Thread, slot: u32, generation: u32, queue_kind: u32, count: u32, batch: f64) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const bytes = try block.toInteger(batch);
    if (queue_kind > 3) return report.fail(error.invalid_argument, "{d} is no kind of queue.", .{queue_kind});
    if (bytes == 0 or bytes > std.math.maxInt(u40)) return report.fail(error.invalid_argument, "a batch of {d} bytes.", .{bytes});
    return @intCast(try pinned.ptr.add(.{
        .direction = if (queue_kind & 1 == 0) .input else .output,
        .in_step = queue_kind & 2 != 0,
        .batch = @intCast(bytes),
        .count = count,
    }));
}

/// A handle of the queue's stream, to be connected to its anchor.
pub fn stream(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const queue = try pinned.ptr.find(number);
    const shown = queue.stream.retain();
    errdefer shown.release();
    const opened = try handle.open(Stream.kind, t.id, shown, Stream.drop);
    t.block.results[0] = @floatFromInt(opened.generation);
    return @intCast(opened.slot);
}

/// 1 when `enqueue` would find room. Otherwise `room` is announced when there is.
pub fn room(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const found = try enter(t, slot, generation, number);
    defer found.leave();
    try requireUsable(found.queue);
    return @intFromBool(found.queue.hasRoom());
}

/// An entry in native memory, which stays alive until it was consumed. Values: byte offset, bytes, what to announce
/// (1 start, 2 completion). Results: how many entries have been consumed. 1: full, nothing was done.
pub fn enqueue(t: *Thread, slot: u32, generation: u32, number: u32, memory_slot: u32, memory_generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const set = pinned.ptr;
    const queue = try set.find(number);
    const offset = try t.block.value(0);
    const size = try t.block.value(1);
    const wants = try t.block.value(2);
    if (size == 0 or size > std.math.maxInt(u40)) return report.fail(error.wrong_size, "an entry of {d} bytes.", .{size});
    const memory = try source.find(memory_slot, memory_generation, offset, size);
    errdefer memory.mapping.release();
    {
        set.lock();
        defer set.unlock();
        try requireUsable(queue);
        t.block.results[0] = @floatFromInt(queue.entries.completed);
        // The memory of a shared segment reaches to the end of what is mapped.
        const bytes = memory.bytes[0..@intCast(size)];
        if (queue.enqueue(memory.mapping, bytes, @bitCast(@as(u8, @truncate(wants & 3))))) return 0;
    }
    memory.mapping.release();
    return full;
}

/// Completes the batch that entries have begun, with zeros or by dropping the rest; if none is begun, a whole one.
/// Mode 1: a whole one only if the device waits for it. 1: full, 2: there was nothing to do.
pub fn flush(t: *Thread, slot: u32, generation: u32, number: u32, mode: u32) !i32 {
    const found = try enter(t, slot, generation, number);
    defer found.leave();
    const queue = found.queue;
    if (queue.disconnected or queue.outdated or switches.off("queue_flush")) return nothing_to_flush;
    if (mode == 1 and !queue.isPartial() and !queue.isAwaited()) return nothing_to_flush;
    const nothing: []u8 = @as([*]u8, undefined)[0..queue.lacking()];
    return if (queue.enqueue(null, nothing, .{})) 0 else full;
}

/// What was announced: pairs in `values`: number of the queue times 8 plus the kind of `queue/events.zig`, number of the
/// entry. Returns how many; there may be more when `values` is full.
pub fn events(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    if (!pinned.ptr.events.any()) return 0;
    pinned.ptr.lock();
    defer pinned.ptr.unlock();
    var count: usize = 0;
    while (count < t.block.values.len / 2) : (count += 1) {
        const event = pinned.ptr.next() orelse break;
        t.block.values[count * 2] = @floatFromInt(event.queue * 8 + @intFromEnum(event.kind));
        t.block.values[count * 2 + 1] = @floatFromInt(event.entry);
    }
    return @intCast(count);
}

/// Sleeps until something is announced, a tenth of a second at most.
pub fn wait(t: *Thread, slot: u32, generation: u32, limit_ms: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    pinned.ptr.wait(@as(u64, @min(limit_ms, wait_limit_ms)) * std.time.ns_per_ms);
    return 0;
}

/// Results: entries put in, begun by the device, consumed; bytes put in; 1 if valid; 1 if the device waits for more.
pub fn state(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const found = try enter(t, slot, generation, number);
    defer found.leave();
    const entries = &found.queue.entries;
    t.block.results[0] = @floatFromInt(entries.written);
    t.block.results[1] = @floatFromInt(entries.at);
    t.block.results[2] = @floatFromInt(entries.completed);
    t.block.results[3] = @floatFromInt(entries.written_bytes);
    t.block.results[4] = @floatFromInt(@intFromBool(!found.queue.disconnected));
    t.block.results[5] = @floatFromInt(@intFromBool(found.queue.isAwaited()));
    return 0;
}

/// The device never waits for this queue again, until a reset.
pub fn disconnect(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const found = try enter(t, slot, generation, number);
    defer found.leave();
    if (switches.off("queue_disconnect")) return 0;
    found.queue.disconnected = true;
    found.queue.changed();
    return 0;
}

pub fn reset(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const found = try enter(t, slot, generation, number);
    defer found.leave();
    if (!switches.off("queue_reset")) found.queue.reset();
    return 0;
}

/// A run has failed: the queues take nothing more until they were reset.
pub fn outdate(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    pinned.ptr.lock();
    defer pinned.ptr.unlock();
    pinned.ptr.outdate();
    return 0;
}

pub fn close(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    try handle.close(.queue, slot, generation);
    return 0;
}

fn requireUsable(queue: *const Queue) !void {
    if (queue.disconnected) return report.fail(error.invalidated, "the queue is disconnected.", .{});
    if (queue.outdated) return report.fail(error.stopped, "the session was stopped while requests were in its queues: resetAll() first.", .{});
}

const Entered = struct {
    set: *Set,
    queue: *Queue,
    slot: u32,

    fn leave(self: Entered) void {
        self.set.unlock();
        handle.Pinned(Set).release(.{ .ptr = self.set, .slot = self.slot });
    }
};

/// The queue, under its set's lock.
fn enter(t: *Thread, slot: u32, generation: u32, number: u32) !Entered {
    const pinned = try pin(t, slot, generation);
    errdefer pinned.release();
    const queue = try pinned.ptr.find(number);
    pinned.ptr.lock();
    return .{ .set = pinned.ptr, .queue = queue, .slot = slot };
}

fn pin(t: *Thread, slot: u32, generation: u32) !handle.Pinned(Set) {
    const pinned = try handle.pin(Set, slot, generation);
    if (pinned.ptr.thread == t) return pinned;
    pinned.release();
    return report.fail(error.wrong_thread, "the queues belong to another thread.", .{});
}
