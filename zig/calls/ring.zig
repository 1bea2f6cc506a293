//! Rings. A handle is one thread's attachment to a ring; it takes an end when it first uses it. The calls of the hot path
//! take no pin (see `handle.own`), so only the thread that the handle belongs to may make them.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const block = @import("../abi/block.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const layout = @import("../ring/layout.zig");
const signal = @import("../ring/signal.zig");
const Native = @import("../ring/native.zig").Native;
const ring_module = @import("../ring/ring.zig");
const home = @import("../ring/home.zig");
const Ring = ring_module.Ring;
const Side = layout.Side;
const memory = @import("memory.zig");
const Allocation = @import("allocation.zig").Allocation;

const allocator = std.heap.smp_allocator;
/// No slot now: wait, or come again.
const again = std.math.maxInt(i32);
/// A thread can be ended between two waits.
const slice_ms_max = 100;

const Attachment = struct {
    pub const kind: handle.Kind = .ring;

    ring: *Ring,
    thread: *Thread,
    holds: [2]bool = .{ false, false },
    watching: [2]bool = .{ false, false },

    fn destroy(object: *anyopaque) void {
        const self: *Attachment = @ptrCast(@alignCast(object));
        for ([_]Side{ .producer, .consumer }) |side| {
            if (self.watching[@intFromEnum(side)]) self.ring.stopSleeping(side);
            if (self.holds[@intFromEnum(side)]) self.ring.vacate(side);
        }
        self.ring.release();
        self.thread.release();
        allocator.destroy(self);
    }

    inline fn hold(self: *Attachment, side: Side) !void {
        if (!self.holds[@intFromEnum(side)]) try self.take(side);
    }

    fn take(self: *Attachment, side: Side) !void {
        @branchHint(.cold);
        try self.ring.take(side, self.thread);
        self.holds[@intFromEnum(side)] = true;
    }

    /// There is nothing: will there ever be?
    fn lacking(self: *Attachment, side: Side) !i32 {
        if (self.holds[@intFromEnum(side.other())] or !self.ring.isAbandoned(side.other())) return again;
        // What the other end did last happened before it was seen to be gone.
        const ready = switch (side) {
            .producer => self.ring.producer.ready(),
            .consumer => self.ring.consumer.ready(),
        };
        if (ready) return again;
        return report.fail(error.peer_lost, "the {s} of the ring \"{s}\" is gone.", .{ @tagName(side.other()), self.ring.labelText() });
    }
};

inline fn own(t: *Thread, slot: u32, generation: u32) !*Attachment {
    return handle.own(Attachment, t.id, slot, generation);
}

/// A handle that owns the reference to `ring`. Results: generation, number of buffers, their size, number of slots. Its
/// label is left in `text`, its length in results too.
fn give(t: *Thread, ring: *Ring) !i32 {
    errdefer ring.release();
    const self = try allocator.create(Attachment);
    errdefer allocator.destroy(self);
    self.* = .{ .ring = ring, .thread = t.retain() };
    errdefer t.release();
    const opened = try handle.open(.ring, t.id, self, Attachment.destroy);
    const numbers = [_]u64{ opened.generation, ring.num_buffers, ring.buffer_size, ring.producer.slot_count, ring.label_length };
    for (numbers, t.block.results[0..numbers.len]) |number, *to| to.* = @floatFromInt(number);
    @memcpy(t.block.text[0..ring.label_length], ring.labelText());
    return @intCast(opened.slot);
}

fn shapeOf(t: *Thread, num_buffers: u32, buffer_size: f64, label_length: u32) !Ring.Shape {
    if (label_length > layout.label_max) return report.fail(error.invalid_argument, "the label has {d} bytes, more than {d}.", .{ label_length, layout.label_max });
    const shape: Ring.Shape = .{ .num_buffers = num_buffers, .buffer_size = try block.toInteger(buffer_size), .label = try t.block.input(0, label_length) };
    const size = layout.byteSize(shape.num_buffers, shape.buffer_size) orelse
        return report.fail(error.invalid_argument, "{d} buffers of {d} bytes are no ring.", .{ shape.num_buffers, shape.buffer_size });
    if (size - layout.slots_offset > std.math.maxInt(u32)) return report.fail(error.too_large, "{d} buffers of {d} bytes.", .{ shape.num_buffers, shape.buffer_size });
    return shape;
}

/// A new ring in memory of this process; its label is in `text`. Results: see `give`.
pub fn create(t: *Thread, num_buffers: u32, buffer_size: f64, label_length: u32) !i32 {
    return give(t, try Ring.create(try shapeOf(t, num_buffers, buffer_size, label_length)));
}

/// The ring of this process whose token (see `token`) is in `values`. Results: see `give`.
pub fn attach(t: *Thread) !i32 {
    const found = ring_module.find(try t.block.value(0), .{ try t.block.value(1), try t.block.value(2) }) orelse
        return report.fail(error.closed, "no ring of this process has this token: it was closed everywhere, or was never made.", .{});
    return give(t, found);
}

/// Makes a ring of an allocation's memory. Results: see `give`.
pub fn format(t: *Thread, slot: u32, generation: u32, num_buffers: u32, buffer_size: f64, label_length: u32) !i32 {
    const pinned = try handle.pin(Allocation, slot, generation);
    defer pinned.release();
    const shape = try shapeOf(t, num_buffers, buffer_size, label_length);
    return give(t, try home.format(pinned.ptr.context, pinned.ptr.reference, shape));
}

/// The ring in an allocation's memory. Results: see `give`.
pub fn open(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Allocation, slot, generation);
    defer pinned.release();
    return give(t, try home.open(pinned.ptr.context, pinned.ptr.reference));
}

/// Results: what `attach` takes.
pub fn token(t: *Thread, slot: u32, generation: u32) !i32 {
    const ring = (try own(t, slot, generation)).ring;
    if (ring.home != null) return report.fail(error.invalid_argument, "a ring in shared memory is opened by its name.", .{});
    for ([_]u32{ ring.id, ring.secret[0], ring.secret[1] }, t.block.results[0..3]) |number, *to| to.* = @floatFromInt(number);
    return 0;
}

/// Results: address, length and mapping of the slots, for one `ArrayBuffer`, which holds a reference from here on.
pub fn view(t: *Thread, slot: u32, generation: u32) !i32 {
    memory.show(t, (try own(t, slot, generation)).ring.slots.retain());
    return 0;
}

/// Takes an end (0 producer, 1 consumer) for this handle.
pub fn take(t: *Thread, slot: u32, generation: u32, side: u32) !i32 {
    try (try own(t, slot, generation)).hold(try sideOf(side));
    return 0;
}

fn sideOf(number: u32) !Side {
    if (number > 1) return report.fail(error.invalid_argument, "{d} is neither 0 (producer) nor 1 (consumer).", .{number});
    return @enumFromInt(number);
}

/// The number of the slot to write to, or 2^31 - 1: none is free now. The same one until `commit`.
pub fn writeLock(t: *Thread, slot: u32, generation: u32) !i32 {
    const self = try own(t, slot, generation);
    try self.hold(.producer);
    if (switches.off("ring_same_slot") and self.ring.producer.locked > 0) try self.ring.producer.commit(1);
    const slots = try self.ring.producer.reserve(1);
    if (slots.count == 0) return self.lacking(.producer);
    return @intCast(slots.first);
}

/// How many neighbouring slots, `wanted` at most, may be written to; 0: none now. Results: the first.
pub fn reserve(t: *Thread, slot: u32, generation: u32, wanted: u32) !i32 {
    const self = try own(t, slot, generation);
    try self.hold(.producer);
    const slots = try self.ring.producer.reserve(wanted);
    if (slots.count == 0 and wanted > 0 and try self.lacking(.producer) == again) return 0;
    t.block.results[0] = @floatFromInt(slots.first);
    return @intCast(slots.count);
}

/// Publishes the first `count` of them.
pub fn commit(t: *Thread, slot: u32, generation: u32, count: u32) !i32 {
    const self = try own(t, slot, generation);
    try self.hold(.producer);
    self.ring.producer.commit(count) catch |err| switch (err) {
        error.not_locked => return report.fail(err, "{d} slots are to be published, {d} are locked for writing.", .{ count, self.ring.producer.locked }),
    };
    return 0;
}

/// The number of a further slot, locked for reading, or 2^31 - 1: none is published now.
pub fn readLock(t: *Thread, slot: u32, generation: u32) !i32 {
    const self = try own(t, slot, generation);
    try self.hold(.consumer);
    if (switches.off("ring_several_reads") and self.ring.consumer.lockedCount() > 0) return again;
    const slots = try self.ring.consumer.claim(1);
    if (slots.count == 0) return self.lacking(.consumer);
    return @intCast(slots.first);
}

/// How many neighbouring slots, `wanted` at most, were locked for reading; 0: none now. Results: the first.
pub fn claim(t: *Thread, slot: u32, generation: u32, wanted: u32) !i32 {
    const self = try own(t, slot, generation);
    try self.hold(.consumer);
    const slots = try self.ring.consumer.claim(wanted);
    if (slots.count == 0 and wanted > 0 and try self.lacking(.consumer) == again) return 0;
    t.block.results[0] = @floatFromInt(slots.first);
    return @intCast(slots.count);
}

/// Gives the oldest `count` slots that are locked for reading back.
pub fn release(t: *Thread, slot: u32, generation: u32, count: u32) !i32 {
    const self = try own(t, slot, generation);
    try self.hold(.consumer);
    self.ring.consumer.release(count) catch |err| switch (err) {
        error.not_locked => return report.fail(err, "{d} slots are to be given back, {d} are locked for reading.", .{ count, self.ring.consumer.lockedCount() }),
    };
    return 0;
}

/// All slots locked for reading go back to the front.
pub fn readReset(t: *Thread, slot: u32, generation: u32) !i32 {
    const self = try own(t, slot, generation);
    try self.hold(.consumer);
    self.ring.consumer.rewind();
    return 0;
}

/// 1 when `readLock` would find a slot.
pub fn readAvailable(t: *Thread, slot: u32, generation: u32) !i32 {
    const self = try own(t, slot, generation);
    try self.hold(.consumer);
    return @intFromBool(self.ring.consumer.available() catch |err| if (err == error.invalidated) false else return err);
}

pub fn invalidate(t: *Thread, slot: u32, generation: u32) !i32 {
    const ring = (try own(t, slot, generation)).ring;
    _ = signal.invalidate(Native, ring.world(), ring.header);
    return 0;
}

pub fn reset(t: *Thread, slot: u32, generation: u32) !i32 {
    const ring = (try own(t, slot, generation)).ring;
    ring.forgetOwners();
    signal.reset(Native, ring.world(), ring.header, ring.producer.slot_count);
    return 0;
}

pub fn isValid(t: *Thread, slot: u32, generation: u32) !i32 {
    return @intFromBool(signal.isValid(Native, (try own(t, slot, generation)).ring.header));
}

/// Results: slots published and not given back; locked for reading, for writing, by this handle.
pub fn state(t: *Thread, slot: u32, generation: u32) !i32 {
    const self = try own(t, slot, generation);
    const header = self.ring.header;
    const used = header.write.load(.acquire) -% header.read.load(.acquire);
    const numbers = [_]u64{
        @min(used, self.ring.num_buffers),
        if (self.holds[1]) self.ring.consumer.lockedCount() else 0,
        if (self.holds[0]) self.ring.producer.locked else 0,
    };
    for (numbers, t.block.results[0..numbers.len]) |number, *to| to.* = @floatFromInt(number);
    return 0;
}

/// Sleeps until there may be something at that end, for `ms` and a tenth of a second at most.
pub fn wait(t: *Thread, slot: u32, generation: u32, side: u32, ms: f64) !i32 {
    const self = try own(t, slot, generation);
    const end = try sideOf(side);
    // The end's state is that of whoever holds it.
    try self.hold(end);
    if (!(ms >= 0)) return report.fail(error.invalid_argument, "{d} ms cannot be waited.", .{ms});
    const timeout_ns: u64 = @intFromFloat(@min(ms, slice_ms_max) * std.time.ns_per_ms);
    const pinned = try handle.pin(Attachment, slot, generation);
    defer pinned.release();
    switch (end) {
        .producer => self.ring.producer.wait(timeout_ns),
        .consumer => self.ring.consumer.wait(timeout_ns),
    }
    self.ring.probe(end.other());
    return 0;
}

/// This thread is about to sleep in its event loop, and is to be woken when there may be something at that end: again before
/// each sleep, and then it looks once more. `on` 0: no longer.
pub fn watch(t: *Thread, slot: u32, generation: u32, side: u32, on: u32) !i32 {
    const self = try own(t, slot, generation);
    const end = try sideOf(side);
    try self.hold(end);
    self.watching[@intFromEnum(end)] = on != 0;
    if (on != 0) try self.ring.sleepAt(end, t) else self.ring.stopSleeping(end);
    return 0;
}

/// Gives both ends up. Who waits at the other one is told.
pub fn close(t: *Thread, slot: u32, generation: u32) !i32 {
    _ = try own(t, slot, generation);
    try handle.close(.ring, slot, generation);
    return 0;
}
