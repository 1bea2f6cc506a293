//! What a CUresult means to the caller: an error of ours, with the driver's name and text for it.
const std = @import("std");
const api = @import("api.zig");
const report = @import("../../abi/report.zig");

const Result = api.Result;

/// What a result is in our table of errors; `not_ready` is no error and never gets here.
pub fn errorOf(result: Result) anyerror {
    if (result.isSticky()) return error.device_lost;
    return switch (result) {
        .out_of_memory => error.cuda_out_of_memory,
        .no_device, .stub_library, .invalid_device, .device_unavailable, .system_driver_mismatch, .compat_not_supported_on_device => error.cuda_missing,
        .not_ready => error.not_ready,
        else => error.cuda_error,
    };
}

pub fn require(table: *const api.Table, result: Result, call: []const u8) !void {
    if (result == .success) return;
    return fail(table, result, call);
}

/// Says which call failed, with the name and the words of the driver, and gives the error.
pub fn fail(table: *const api.Table, result: Result, call: []const u8) anyerror {
    @branchHint(.cold);
    var buffer: [16]u8 = undefined;
    const sticky = if (result.isSticky()) ", after which the context is unusable" else "";
    const text = textOf(table, result);
    // A simulator says by these words what no result says.
    const err = if (result == .not_supported and std.mem.startsWith(u8, text, "not_simulated")) error.not_simulated else errorOf(result);
    return report.fail(err, "{s} failed with {s} ({d}): {s}{s}.", .{ call, nameOf(table, result, &buffer), @intFromEnum(result), text, sticky });
}

/// The driver's own name for it, since it may know numbers that we do not.
fn nameOf(table: *const api.Table, result: Result, buffer: []u8) []const u8 {
    var name: ?[*:0]const u8 = null;
    if (table.cuGetErrorName(result, &name) == .success) if (name) |text| return std.mem.span(text);
    if (result.name()) |text| return text;
    return std.fmt.bufPrint(buffer, "error", .{}) catch unreachable;
}

fn textOf(table: *const api.Table, result: Result) []const u8 {
    var text: ?[*:0]const u8 = null;
    if (table.cuGetErrorString(result, &text) == .success) if (text) |words| return std.mem.span(words);
    return "no text";
}

test "a result is an error with the driver's name and words, and says whether it is sticky" {
    const Named = struct {
        fn name(code: Result, out: *?[*:0]const u8) callconv(.c) Result {
            if (code == .unknown) return .invalid_value;
            out.* = if (code == .illegal_address) "CUDA_ERROR_ILLEGAL_ADDRESS" else "CUDA_ERROR_OUT_OF_MEMORY";
            return .success;
        }
        fn text(code: Result, out: *?[*:0]const u8) callconv(.c) Result {
            if (code == .unknown) return .invalid_value;
            out.* = "the words";
            return .success;
        }
    };
    var table: api.Table = undefined;
    table.cuGetErrorName = &Named.name;
    table.cuGetErrorString = &Named.text;
    try require(&table, .success, "cuInit");
    const cases = [_]struct { Result, anyerror, []const u8 }{
        .{ .out_of_memory, error.cuda_out_of_memory, "cuX failed with CUDA_ERROR_OUT_OF_MEMORY (2): the words." },
        .{ .illegal_address, error.device_lost, "cuX failed with CUDA_ERROR_ILLEGAL_ADDRESS (700): the words, after which the context is unusable." },
        .{ .unknown, error.cuda_error, "cuX failed with CUDA_ERROR_UNKNOWN (999): no text." },
    };
    for (cases) |case| {
        report.reset();
        try std.testing.expectError(case[1], require(&table, case[0], "cuX"));
        try std.testing.expectEqualStrings(case[2], report.text());
    }
    try std.testing.expectEqual(error.cuda_missing, errorOf(.no_device));
}
