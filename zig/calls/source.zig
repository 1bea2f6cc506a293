//! Native memory behind a handle of either kind, for work that outlives the call: memory of this process, or a
//! reference to shared memory.
const std = @import("std");
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const segment = @import("../shm/segment.zig");
const Allocation = @import("allocation.zig").Allocation;
const Mapping = @import("../shm/mapping.zig").Mapping;
const memory = @import("memory.zig");

const allocator = std.heap.smp_allocator;

/// `mapping` is a reference that the caller gives back; `bytes` lie in it.
pub const Found = struct { mapping: *Mapping, bytes: []u8 };

pub fn find(slot: u32, generation: u32, offset: u64, size: u64) !Found {
    const pinned = memory.pin(slot, generation) catch |err| {
        return if (err == error.wrong_kind) findShared(slot, generation, offset, size) else err;
    };
    defer pinned.release();
    const mapping = pinned.ptr;
    if (offset > mapping.length or size > mapping.length - offset)
        return report.fail(error.out_of_bounds, "{d} bytes at {d} reach beyond the memory of {d}.", .{ size, offset, mapping.length });
    return .{ .mapping = mapping.retain(), .bytes = mapping.slice()[offset..][0..size] };
}

/// A shared view of what was published, never the reader's private pages. The reference is kept as well as the
/// mapping: without it the creator might recycle the memory under the reader.
fn findShared(slot: u32, generation: u32, offset: u64, size: u64) !Found {
    const pinned = try handle.pin(Allocation, slot, generation);
    errdefer pinned.release();
    // Windows begin at multiples of 64.
    const lead: usize = @intCast(offset % 64);
    const window = try segment.view(pinned.ptr.context, pinned.ptr.reference, false, offset - lead, size +| lead);
    errdefer window.release();
    const self = try allocator.create(Shared);
    errdefer allocator.destroy(self);
    self.* = .{ .pinned = pinned, .window = window };
    const mapping = try Mapping.borrowed(window.address[0..window.length], .{ .context = self, .release = Shared.release });
    return .{ .mapping = mapping, .bytes = mapping.slice()[lead..] };
}

const Shared = struct {
    pinned: handle.Pinned(Allocation),
    window: *Mapping,

    fn release(context: *anyopaque) void {
        const self: *Shared = @ptrCast(@alignCast(context));
        self.window.release();
        self.pinned.release();
        allocator.destroy(self);
    }
};
