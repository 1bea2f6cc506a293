//! Page-locked memory of the host: the device reads and writes it without the processor's help. Shown to JavaScript as any
//! other memory; the last reference gives it back.
const std = @import("std");
const api = @import("../driver/cuda/api.zig");
const report = @import("../abi/report.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;
const commands = @import("command.zig");
const Device = @import("device.zig").Device;

const allocator = std.heap.smp_allocator;

const Pinned = struct {
    device: *Device,
    pointer: *anyopaque,
    size: u64,
    ending: commands.Command = undefined,

    fn released(context: *anyopaque) void {
        const self: *Pinned = @ptrCast(@alignCast(context));
        self.ending = .{ .work = .{ .ending = .{ .context = self, .run = end } } };
        self.device.submitter.pushEmbedded(&self.ending);
    }

    fn end(context: *anyopaque, device: *Device) void {
        const self: *Pinned = @ptrCast(@alignCast(context));
        if (!device.isLost()) device.finding("cuMemFreeHost", device.table.cuMemFreeHost(self.pointer));
        device.counters.take(.bytes_pinned, self.size);
        allocator.destroy(self);
        device.release();
    }
};

/// On the device's thread: zeroed, for all devices of the process.
pub fn allocate(device: *Device, size: u64) !*Mapping {
    const self = try allocator.create(Pinned);
    errdefer allocator.destroy(self);
    var pointer: ?*anyopaque = null;
    const length = @max(size, 1);
    try device.demand("cuMemHostAlloc", device.table.cuMemHostAlloc(&pointer, length, api.types.HostAllocFlags.portable));
    errdefer _ = device.table.cuMemFreeHost(pointer);
    if (!std.mem.isAligned(@intFromPtr(pointer), 64))
        return report.fail(error.cuda_error, "cuMemHostAlloc gave memory that does not begin at a multiple of 64.", .{});
    const bytes = @as([*]align(64) u8, @ptrCast(@alignCast(pointer.?)))[0..size];
    @memset(bytes, 0);
    self.* = .{ .device = device, .pointer = pointer.?, .size = size };
    const mapping = try Mapping.borrowed(bytes, .{ .context = self, .release = Pinned.released });
    _ = device.retain();
    device.counters.add(.bytes_pinned, size);
    return mapping;
}
