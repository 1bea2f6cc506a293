//! References to shared memory.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const block = @import("../abi/block.zig");
const report = @import("../abi/report.zig");
const layout = @import("../shm/layout.zig");
const publication = @import("../shm/publication.zig");
const segment = @import("../shm/segment.zig");
const shm = @import("../shm/context.zig");
const memory = @import("memory.zig");
const Opened = @import("context.zig").Opened;

const allocator = std.heap.smp_allocator;

pub const Allocation = struct {
    pub const kind: handle.Kind = .allocation;

    context: *shm.Context,
    /// The `open` that it came from; for comparison only: it may be gone.
    opened: *const Opened,
    reference: segment.Reference,

    fn destroy(object: *anyopaque) void {
        const self: *Allocation = @ptrCast(@alignCast(object));
        // Fails only when the tables' lock cannot be had; our row then gives the reference back when we leave.
        segment.drop(self.context, self.reference) catch {};
        shm.close(self.context);
        allocator.destroy(self);
    }

    pub fn madeBy(object: *anyopaque, opened: *anyopaque) bool {
        const self: *Allocation = @ptrCast(@alignCast(object));
        return @as(*const anyopaque, self.opened) == @as(*const anyopaque, opened);
    }
};

/// A handle that owns `reference`. Results: generation, size, segment slot, segment generation.
pub fn give(t: *Thread, opened: *const Opened, context: *shm.Context, reference: segment.Reference) !i32 {
    errdefer segment.drop(context, reference) catch {};
    const self = try allocator.create(Allocation);
    errdefer allocator.destroy(self);
    self.* = .{ .context = context, .opened = opened, .reference = reference };
    shm.retain(context);
    errdefer shm.close(context);
    const made = try handle.open(.allocation, t.id, self, Allocation.destroy);
    t.block.results[0] = @floatFromInt(made.generation);
    t.block.results[1] = @floatFromInt(reference.size);
    t.block.results[2] = @floatFromInt(reference.slot);
    t.block.results[3] = @floatFromInt(reference.generation);
    return @intCast(made.slot);
}

/// Publishes under the name in `text`; attributes follow it there; dimensions in `values`. `form`: element type, rank
/// in the next byte, the top bit replaces.
pub fn publish(t: *Thread, slot: u32, generation: u32, name_length: u32, attributes_length: u32, form: u32) !i32 {
    const pinned = try handle.pin(Allocation, slot, generation);
    defer pinned.release();
    const self = pinned.ptr;
    const rank = (form >> 8) & 0xff;
    if (rank > layout.rank_max) return report.fail(error.invalid_shape, "{d} dimensions exceed the {d} that a publication holds.", .{ rank, layout.rank_max });
    if (attributes_length > layout.attributes_max) return report.fail(error.attributes_too_large, "the attributes have {d} bytes.", .{attributes_length});
    if (name_length == 0 or name_length > layout.name_max) return report.fail(error.invalid_name, "the name has {d} bytes.", .{name_length});
    const name = try t.block.input(0, name_length);
    if (std.mem.indexOfScalar(u8, name, 0) != null or !std.unicode.utf8ValidateSlice(name)) return report.fail(error.invalid_name, "the name is not UTF-8 without NUL.", .{});
    var metadata: publication.Metadata = .{
        .element_type = @truncate(form),
        .rank = @intCast(rank),
        .dimensions = @splat(0),
        .attributes = try t.block.input(name_length, attributes_length),
    };
    for (metadata.dimensions[0..rank], 0..) |*dimension, index| dimension.* = try t.block.value(index);
    try publication.publish(self.context, self.reference, name, metadata, form >> 31 != 0);
    return 0;
}

/// A window of the memory, as a handle of kind memory. `private` 1: copy on write. The offset is a multiple of 64.
pub fn view(t: *Thread, slot: u32, generation: u32, private: u32, offset: f64, length: f64) !i32 {
    const pinned = try handle.pin(Allocation, slot, generation);
    defer pinned.release();
    const self = pinned.ptr;
    return memory.give(t, try segment.view(self.context, self.reference, private != 0, try block.toInteger(offset), try block.toInteger(length)));
}

/// Another handle to the same memory, of this thread. Results: see `give`.
pub fn share(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Allocation, slot, generation);
    defer pinned.release();
    segment.hold(pinned.ptr.context, pinned.ptr.reference.slot);
    return give(t, pinned.ptr.opened, pinned.ptr.context, pinned.ptr.reference);
}

/// Drops the reference. 1: the memory went with it (or is kept for recycling), 0: others still hold it.
pub fn release(_: *Thread, slot: u32, generation: u32) !i32 {
    const context, const reference = closed: {
        const pinned = try handle.pin(Allocation, slot, generation);
        defer pinned.release();
        // The context outlives the answer.
        shm.retain(pinned.ptr.context);
        errdefer shm.close(pinned.ptr.context);
        try handle.close(.allocation, slot, generation);
        break :closed .{ pinned.ptr.context, pinned.ptr.reference };
    };
    defer shm.close(context);
    return @intFromBool(!segment.lives(context, reference));
}

/// Hides every name of the memory in the whole job, then releases.
pub fn free(t: *Thread, slot: u32, generation: u32) !i32 {
    {
        const pinned = try handle.pin(Allocation, slot, generation);
        defer pinned.release();
        try publication.free(pinned.ptr.context, pinned.ptr.reference);
    }
    return release(t, slot, generation);
}
