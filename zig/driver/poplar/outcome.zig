//! What a driver says of a failed call, as an error of ours.
const std = @import("std");
const drivers = @import("table.zig");
const report = @import("../../abi/report.zig");

/// Every failure carries the driver's words.
pub fn check(table: *const drivers.Table, status: drivers.Status) !void {
    if (status == .ok) return;
    var failure: drivers.Error = undefined;
    table.last_error(&failure);
    failure.message[failure.message.len - 1] = 0;
    const words = std.mem.trim(u8, std.mem.sliceTo(&failure.message, 0), " \n.");
    if (status == .recoverable_error)
        return report.fail(error.device_recoverable, "{s} (recovery action {s}).", .{ words, actionName(failure.recovery_action) });
    return report.fail(errorOf(status), "{s}.", .{words});
}

/// As Poplar spells it.
pub fn actionName(action: drivers.RecoveryAction) []const u8 {
    return switch (action) {
        .ipu_reset => "IPU_RESET",
        .link_reset => "LINK_RESET",
        .partition_reset => "PARTITION_RESET",
        .full_reset => "FULL_RESET",
        .none => "none",
        _ => "unknown",
    };
}

fn errorOf(status: drivers.Status) anyerror {
    return switch (status) {
        .application_error => error.device_application,
        .recoverable_error => error.device_recoverable,
        .unrecoverable_error => error.device_unrecoverable,
        .unknown_error => error.device_unknown,
        .stream_error => error.not_connected,
        .invalid_option => error.invalid_option,
        .invalid_executable => error.invalid_executable,
        .package_hash => error.package_hash,
        .invalid_argument => error.invalid_argument,
        .out_of_memory => error.out_of_memory,
        .stopped => error.stopped,
        .host_sync_timeout => error.host_sync_timeout,
        .not_attached => error.device_unavailable,
        .engine_missing => error.engine_missing,
        .ok, _ => error.device_error,
    };
}
