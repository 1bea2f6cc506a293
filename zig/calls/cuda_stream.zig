//! Streams of devices: what is asked of them returns at once with a ticket, which is reached when it has been done.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const job = @import("../abi/job.zig");
const block = @import("../abi/block.zig");
const report = @import("../abi/report.zig");
const api = @import("../driver/cuda/api.zig");
const asking = @import("cuda_asking.zig");
const places = @import("cuda_place.zig");
const Device = @import("../cuda/device.zig").Device;
const Event = @import("../cuda/event.zig").Event;
const Memory = @import("../cuda/memory.zig").Memory;
const Stream = @import("../cuda/stream.zig").Stream;

/// A Worker that is terminated while it waits ends with the slice.
const wait_ms_max = 100;

/// A job that makes a cuda_stream on a cuda_device. Lower numbers go first; the driver takes what is out of its range to its ends.
pub fn create(t: *Thread, slot: u32, generation: u32, priority: i32, non_blocking: u32) !i32 {
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    return asking.ask(t, pinned.ptr, Create{ .priority = priority, .flags = if (non_blocking != 0) api.types.StreamFlags.non_blocking else api.types.StreamFlags.default });
}

const Create = struct {
    priority: i32,
    flags: c_uint,
    stream: ?*Stream = null,

    pub fn run(self: *Create, device: *Device) !void {
        self.stream = try .create(device, self.flags, self.priority);
    }

    pub fn deliver(self: *Create, t: *Thread) !i32 {
        const stream = self.stream.?;
        self.stream = null;
        return asking.give(t, .cuda_stream, stream, Stream.drop);
    }

    pub fn free(self: *Create) void {
        if (self.stream) |stream| stream.release();
    }
};

/// The stream behind a handle, retained.
pub fn find(slot: u32, generation: u32) !*Stream {
    const pinned = try handle.pin(Stream, slot, generation);
    defer pinned.release();
    return pinned.ptr.retain();
}

/// Values: to (slot, generation, offset), from (slot, generation, offset), bytes; each a cuda_memory, a memory or an allocation, at least
/// one of the device. What they name is kept until it has been done. Results: ticket.
pub fn copy(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Stream, slot, generation);
    defer pinned.release();
    const size = try t.block.value(6);
    const to = try places.find(try number(t, 0), try number(t, 1), try t.block.value(2), size);
    defer to.release();
    const from = try places.find(try number(t, 3), try number(t, 4), try t.block.value(5), size);
    defer from.release();
    if (to == .device) try to.device.memory.requireWritable();
    if (to == .host) if (to.host.registration) |registration| if (registration.read_only)
        return report.fail(error.invalid_argument, "the memory was registered for reading only.", .{});
    return give(t, try pinned.ptr.copy(to, from, size));
}

/// Fills memory with a pattern. Values: offset, bytes of an element (1, 2 or 4), the pattern as an unsigned integer, elements. Results:
/// ticket.
pub fn fill(t: *Thread, slot: u32, generation: u32, memory_slot: u32, memory_generation: u32) !i32 {
    const pinned = try handle.pin(Stream, slot, generation);
    defer pinned.release();
    const memory = try handle.pin(Memory, memory_slot, memory_generation);
    defer memory.release();
    const offset = try t.block.value(0);
    const width = try t.block.value(1);
    const pattern = try number(t, 2);
    const count = try t.block.value(3);
    if (width != 1 and width != 2 and width != 4) return report.fail(error.invalid_argument, "elements of {d} bytes: 1, 2 and 4 are possible.", .{width});
    if (offset % width != 0) return report.fail(error.invalid_argument, "the offset {d} is no multiple of {d}.", .{ offset, width });
    try memory.ptr.requireWritable();
    try memory.ptr.require(offset, std.math.mul(u64, count, width) catch std.math.maxInt(u64));
    return give(t, try pinned.ptr.fill(memory.ptr, offset, @intCast(width), pattern, count));
}

/// Results: ticket.
pub fn record(t: *Thread, slot: u32, generation: u32, event_slot: u32, event_generation: u32) !i32 {
    const pinned = try handle.pin(Stream, slot, generation);
    defer pinned.release();
    const event = try handle.pin(Event, event_slot, event_generation);
    defer event.release();
    return give(t, try pinned.ptr.record(event.ptr));
}

/// What is asked from now on waits for the event. Results: ticket.
pub fn waitEvent(t: *Thread, slot: u32, generation: u32, event_slot: u32, event_generation: u32) !i32 {
    const pinned = try handle.pin(Stream, slot, generation);
    defer pinned.release();
    const event = try handle.pin(Event, event_slot, event_generation);
    defer event.release();
    return give(t, try pinned.ptr.wait(event.ptr));
}

/// Results: the last ticket given, the last one reached. 1: they are the same.
pub fn progress(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Stream, slot, generation);
    defer pinned.release();
    const reached = pinned.ptr.progress.value.load(.acquire);
    const asked = pinned.ptr.ticket();
    t.block.results[0] = @floatFromInt(asked);
    t.block.results[1] = @floatFromInt(reached);
    return @intFromBool(reached >= asked);
}

/// Sleeps until a ticket is reached, for `ms` at most. 1: it is. Fails when what it stands for was not done; with `quietly` not 0,
/// only if nobody has been told of that failure.
pub fn wait(_: *Thread, slot: u32, generation: u32, ticket: f64, ms: u32, quietly: u32) !i32 {
    const pinned = try handle.pin(Stream, slot, generation);
    defer pinned.release();
    const wanted = try block.toInteger(ticket);
    const limit = @as(u64, @min(ms, wait_ms_max)) * std.time.ns_per_ms;
    return @intFromBool(if (quietly != 0) try pinned.ptr.awaitQuietly(wanted, limit) else try pinned.ptr.awaitTicket(wanted, limit));
}

/// A job that ends when all that was asked until now has been done, or has failed.
pub fn notify(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Stream, slot, generation);
    defer pinned.release();
    const waiting = try job.announce(t, pinned.ptr.retain(), Notice.deliver, Stream.drop);
    const made = waiting.handle;
    _ = pinned.ptr.notify(waiting) catch |err| {
        job.end(waiting, err);
        handle.close(.job, made.slot, made.generation) catch {};
        return err;
    };
    t.block.results[0] = @floatFromInt(made.generation);
    return @intCast(made.slot);
}

const Notice = struct {
    fn deliver(_: *anyopaque, _: *Thread) !i32 {
        return 0;
    }
};

/// The stream goes when all that was asked of it has been done.
pub fn close(_: *Thread, slot: u32, generation: u32) !i32 {
    try handle.close(.cuda_stream, slot, generation);
    return 0;
}

fn give(t: *Thread, ticket: u64) i32 {
    t.block.results[0] = @floatFromInt(ticket);
    return 0;
}

fn number(t: *Thread, index: usize) !u32 {
    const value = try t.block.value(index);
    return std.math.cast(u32, value) orelse report.fail(error.invalid_argument, "{d} is more than fits.", .{value});
}
