//! A device as JavaScript holds it: what a driver calls a device, and the driver's table.
const std = @import("std");
const handle = @import("../abi/handle.zig");
const drivers = @import("poplar/table.zig");

const allocator = std.heap.smp_allocator;

pub const Device = struct {
    pub const kind: handle.Kind = .device;

    /// One for the handle, one for each session that is bound to it.
    references: std.atomic.Value(u32) = .init(1),
    table: *const drivers.Table,
    raw: *drivers.Device,

    /// Takes `raw` over.
    pub fn create(table: *const drivers.Table, raw: *drivers.Device) !*Device {
        const self = try allocator.create(Device);
        self.* = .{ .table = table, .raw = raw };
        return self;
    }

    pub fn retain(self: *Device) *Device {
        _ = self.references.fetchAdd(1, .monotonic);
        return self;
    }

    pub fn release(self: *Device) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        self.table.device_close(self.raw);
        allocator.destroy(self);
    }

    /// Of the handle's object, when it was closed and nobody is inside.
    pub fn drop(object: *anyopaque) void {
        const self: *Device = @ptrCast(@alignCast(object));
        self.release();
    }
};
