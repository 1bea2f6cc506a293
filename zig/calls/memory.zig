//! Memory of this process behind a handle: what tensors that JavaScript owns stand on.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const block = @import("../abi/block.zig");
const report = @import("../abi/report.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;

pub const Memory = struct {
    pub const kind: handle.Kind = .memory;

    fn destroy(object: *anyopaque) void {
        const self: *Mapping = @ptrCast(@alignCast(object));
        self.release();
    }
};

/// Zeroed memory of `size` bytes; returns the slot, results: generation.
pub fn create(t: *Thread, size: f64) !i32 {
    const length = try block.toInteger(size);
    if (length > std.math.maxInt(u40)) return report.fail(error.out_of_memory, "{d} bytes are more than any machine has.", .{length});
    return give(t, try Mapping.anonymous(length));
}

/// Another handle over the same memory.
pub fn share(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(slot, generation);
    defer pinned.release();
    return give(t, pinned.ptr.retain());
}

/// Results: address, length and mapping of the bytes, for one `ArrayBuffer`, which holds a reference from here on.
pub fn view(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(slot, generation);
    defer pinned.release();
    show(t, pinned.ptr.retain());
    return 0;
}

/// A private view shows what was published again, also where it was written to. Other memory stays as it is.
pub fn reset(_: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(slot, generation);
    defer pinned.release();
    pinned.ptr.forgetWrites();
    return 0;
}

pub fn close(_: *Thread, slot: u32, generation: u32) !i32 {
    try handle.close(.memory, slot, generation);
    return 0;
}

/// Hands a reference to a mapping over to JavaScript. Length 0 comes without one: Bun wraps no empty memory.
pub fn show(t: *Thread, mapping: *Mapping) void {
    defer if (mapping.length == 0) mapping.release();
    t.block.results[0] = @floatFromInt(@intFromPtr(mapping.address));
    t.block.results[1] = @floatFromInt(mapping.length);
    t.block.results[2] = @floatFromInt(@intFromPtr(mapping));
}

/// A handle that owns the reference to `mapping`.
pub fn give(t: *Thread, mapping: *Mapping) !i32 {
    errdefer mapping.release();
    const opened = try handle.open(.memory, t.id, mapping, Memory.destroy);
    t.block.results[0] = @floatFromInt(opened.generation);
    return @intCast(opened.slot);
}

pub fn pin(slot: u32, generation: u32) !handle.Pinned(Mapping) {
    const pinned = try handle.pin(Memory, slot, generation);
    return .{ .ptr = @ptrCast(@alignCast(pinned.ptr)), .slot = pinned.slot };
}
