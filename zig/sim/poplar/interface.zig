//! `control.h`, for both sides of it.
const std = @import("std");
const drivers = @import("../../driver/poplar/table.zig");

pub const abi_version = 1;
pub const message_max = 240;
pub const any_device = std.math.maxInt(u32);

pub const System = extern struct { name: [*:0]const u8, ipus: u32, ipu_version: i32, tiles_per_ipu: u32, remote_buffers: u32 };
pub const Leaks = extern struct { devices: u32, models: u32, executables: u32, engines: u32 };

pub const Event = enum(u32) {
    /// A host synchronisation point of a program.
    sync = 0,
    /// Somebody tries to attach to a device.
    attach = 1,
    /// An engine is loaded onto a device.
    load = 2,
    _,
};

pub const Plan = extern struct {
    event: Event,
    at: u32 = 1,
    times: u32 = 1,
    for_ms: u32 = 0,
    device: u32 = any_device,
    status: drivers.Status = .ok,
    recovery_action: drivers.RecoveryAction = .none,
    lost: u32 = 0,
    delay_us: u32 = 0,
    message: [message_max]u8 = @splat(0),

    pub fn text(self: *const Plan) []const u8 {
        return std.mem.sliceTo(&self.message, 0);
    }
};

/// Field `x` is the function `mrs_x`.
pub const Control = struct {
    abi_version: *const fn () callconv(.c) i32,
    last_error: *const fn (*drivers.Error) callconv(.c) void,
    configure: *const fn (*const System) callconv(.c) drivers.Status,
    clear: *const fn () callconv(.c) drivers.Status,
    plan: *const fn (*const Plan) callconv(.c) drivers.Status,
    repair: *const fn () callconv(.c) drivers.Status,
    leak_report: *const fn (*Leaks) callconv(.c) drivers.Status,
};

test "the interface has the functions of control.h, and no other" {
    const header = @embedFile("control.h");
    inline for (@typeInfo(Control).@"struct".fields) |field| {
        try std.testing.expect(std.mem.find(u8, header, "mrs_" ++ field.name ++ "(") != null);
    }
    try std.testing.expectEqual(@typeInfo(Control).@"struct".fields.len, std.mem.count(u8, header, "\nint32_t mrs_") + std.mem.count(u8, header, "\nvoid mrs_"));
}
