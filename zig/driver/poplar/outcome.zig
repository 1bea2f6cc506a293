//! What a driver's status is among Millrace's errors, with the driver's own words.
const std = @import("std");
const report = @import("../../abi/report.zig");
const drivers = @import("table.zig");

/// Returns when `status` is ok. Otherwise says what the driver said (`last_error` is of the calling thread), leaves the
/// recovery action behind and returns the error.
pub fn check(table: *const drivers.Table, status: drivers.Status, recovery: *drivers.RecoveryAction) !void {
    return checkSaid(table.last_error, status, recovery);
}

const LastError = *const fn (*drivers.Error) callconv(.c) void;

fn checkSaid(last_error: LastError, status: drivers.Status, recovery: *drivers.RecoveryAction) !void {
    if (status == .ok) return;
    var details: drivers.Error = undefined;
    last_error(&details);
    // What the thread failed at before is not what failed now.
    const said = if (details.status == status) text(&details) else "";
    recovery.* = if (details.status == status) details.recovery_action else .none;
    const words = if (said.len > 0) said else @tagName(codeOf(status));
    if (status == .recoverable_error) report.say("{s} (recovery action {s})", .{ words, nameOf(recovery.*) }) else report.say("{s}", .{words});
    return switch (codeOf(status)) {
        inline else => |code| @field(anyerror, @tagName(code)),
    };
}

/// The same, for calls that no device can recover from.
pub fn require(table: *const drivers.Table, status: drivers.Status) !void {
    var recovery: drivers.RecoveryAction = .none;
    try check(table, status, &recovery);
}

/// The same, of a library's other functions, which have a last error of their own.
pub fn requireSaid(last_error: LastError, status: drivers.Status) !void {
    var recovery: drivers.RecoveryAction = .none;
    try checkSaid(last_error, status, &recovery);
}

const Code = enum {
    device_application,
    device_recoverable,
    device_unrecoverable,
    device_unknown,
    not_connected,
    invalid_option,
    invalid_executable,
    package_hash,
    device_error,
    out_of_memory,
    stopped,
    host_sync_timeout,
    engine_missing,
};

fn codeOf(status: drivers.Status) Code {
    return switch (status) {
        .application_error => .device_application,
        .recoverable_error => .device_recoverable,
        .unrecoverable_error => .device_unrecoverable,
        .stream_error => .not_connected,
        .invalid_option => .invalid_option,
        .invalid_executable => .invalid_executable,
        .package_hash => .package_hash,
        .invalid_argument, .not_attached => .device_error,
        .out_of_memory => .out_of_memory,
        .stopped => .stopped,
        .host_sync_timeout => .host_sync_timeout,
        .engine_missing => .engine_missing,
        else => .device_unknown,
    };
}

fn text(details: *const drivers.Error) []const u8 {
    return details.message[0 .. std.mem.findScalar(u8, &details.message, 0) orelse details.message.len];
}

fn nameOf(action: drivers.RecoveryAction) []const u8 {
    return switch (action) {
        .ipu_reset => "IPU_RESET",
        .link_reset => "LINK_RESET",
        .partition_reset => "PARTITION_RESET",
        .full_reset => "FULL_RESET",
        else => "none",
    };
}
