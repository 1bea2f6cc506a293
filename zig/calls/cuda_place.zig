//! One end of a copy, by a handle of any kind that has memory: of a device, of this process, shared.
const handle = @import("../abi/handle.zig");
const registrations = @import("../cuda/registration.zig");
const source = @import("source.zig");
const Allocation = @import("allocation.zig").Allocation;
const Memory = @import("../cuda/memory.zig").Memory;
const Place = @import("../cuda/place.zig").Place;

/// `size` bytes at `offset`. References to what is found are the caller's to give back: `place.release()`.
pub fn find(slot: u32, generation: u32, offset: u64, size: u64) !Place {
    switch (handle.kindOf(slot, generation)) {
        .cuda_memory => {
            const pinned = try handle.pin(Memory, slot, generation);
            defer pinned.release();
            try pinned.ptr.require(offset, size);
            return .{ .device = .{ .memory = pinned.ptr.retain(), .offset = offset } };
        },
        .allocation => if (try registered(slot, generation, offset, size)) |place| return place,
        else => {},
    }
    const found = try source.find(slot, generation, offset, size);
    return .{ .host = .{ .mapping = found.mapping, .bytes = found.bytes, .registration = registrations.holding(found.bytes.ptr, found.bytes.len) } };
}

/// Through the mapping that was page-locked, whoever holds the segment.
fn registered(slot: u32, generation: u32, offset: u64, size: u64) !?Place {
    const pinned = try handle.pin(Allocation, slot, generation);
    defer pinned.release();
    const reference = pinned.ptr.reference;
    const registration = registrations.ofSegment(.{ .context = pinned.ptr.context, .slot = reference.slot, .generation = reference.generation }) orelse return null;
    errdefer registration.release();
    return .{ .host = .{ .mapping = registration.source.mapping.retain(), .bytes = try registration.view(offset, size), .registration = registration } };
}
