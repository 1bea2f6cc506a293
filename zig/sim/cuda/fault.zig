//! An error that waits on a stream.
const std = @import("std");
const linux = std.os.linux;
const Result = @import("../../driver/cuda/api.zig").Result;
const Device = @import("device.zig").Device;
const interface = @import("interface.zig");

pub const Fault = struct {
    result: Result,
    delay_us: u64,
    sticky: bool,
    lost: bool,

    pub fn of(plan: interface.Plan) Fault {
        return .{ .result = plan.result, .delay_us = plan.delay_us, .sticky = plan.sticky != 0 or plan.result.isSticky(), .lost = plan.lost != 0 };
    }

    /// The device is as the fault leaves it.
    pub fn befall(self: Fault, device: *Device) void {
        if (self.lost) device.lost.store(true, .release);
        if (self.sticky or self.lost) device.breakWith(self.result) else device.overdue.store(@intFromEnum(self.result), .release);
    }
};

/// For what the calling thread puts on a stream next.
pub threadlocal var deferred: ?Fault = null;

pub fn sleep(us: u64) void {
    var rest: linux.timespec = .{ .sec = @intCast(us / std.time.us_per_s), .nsec = @intCast(us % std.time.us_per_s * std.time.ns_per_us) };
    while (linux.errno(linux.nanosleep(&rest, &rest)) == .INTR) {}
}
