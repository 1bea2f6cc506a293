//! The last failure of each thread that calls a device's library.
const std = @import("std");
const poplar = @import("table.zig");
const report = @import("../../abi/report.zig");

pub threadlocal var last: poplar.Error = .{ .status = .ok, .recovery_action = .none, .message = @splat(0) };
threadlocal var action: poplar.RecoveryAction = .none;

/// `return raise(error.device_recoverable, .ipu_reset, "…", .{…})`
pub fn raise(err: anyerror, recovery: poplar.RecoveryAction, comptime format: []const u8, args: anytype) anyerror {
    action = recovery;
    return report.fail(err, format, args);
}

pub fn statusOf(err: anyerror) poplar.Status {
    return switch (err) {
        error.device_application, error.run_failed => .application_error,
        error.device_recoverable => .recoverable_error,
        error.device_unrecoverable => .unrecoverable_error,
        error.not_connected => .stream_error,
        error.invalid_option => .invalid_option,
        error.invalid_executable, error.invalid_model, error.unsupported_type, error.wrong_shape => .invalid_executable,
        error.package_hash => .package_hash,
        error.invalid_argument, error.device_not_found => .invalid_argument,
        error.out_of_memory, error.OutOfMemory => .out_of_memory,
        error.stopped => .stopped,
        error.host_sync_timeout => .host_sync_timeout,
        error.not_attached => .not_attached,
        error.engine_missing, error.engine_too_old => .engine_missing,
        else => .unknown_error,
    };
}

/// Keeps what `report` says for `last_error`, and gives the status to return.
pub fn keep(err: anyerror) poplar.Status {
    @branchHint(.cold);
    const text = if (report.text().len > 0) report.text() else @errorName(err);
    const length = @min(text.len, last.message.len - 1);
    @memcpy(last.message[0..length], text[0..length]);
    @memset(last.message[length..], 0);
    last.status = statusOf(err);
    last.recovery_action = action;
    report.reset();
    action = .none;
    return last.status;
}

test "a failure is kept once, with its action, and says the error's name when nothing else was said" {
    report.reset();
    try std.testing.expectEqual(.recoverable_error, keep(raise(error.device_recoverable, .link_reset, "link {d} is down.", .{3})));
    try std.testing.expectEqualStrings("link 3 is down.", std.mem.sliceTo(&last.message, 0));
    try std.testing.expectEqual(.link_reset, last.recovery_action);
    try std.testing.expectEqual(.out_of_memory, keep(error.OutOfMemory));
    try std.testing.expectEqualStrings("OutOfMemory", std.mem.sliceTo(&last.message, 0));
    try std.testing.expectEqual(.none, last.recovery_action);
}
