//! How a call of the driver fails: with a result, and where the plain text does not say enough with one of its own, which
//! cuGetErrorString gives to the thread that met it.
const std = @import("std");
const Result = @import("../../driver/cuda/api.zig").Result;

/// `Told`: `fail` was called.
pub const Failure = error{ Told, OutOfMemory };

const text_max = 256;

threadlocal var told: Result = .success;
threadlocal var about: Result = .success;
threadlocal var text: [text_max]u8 = undefined;

pub fn fail(result: Result) Failure {
    std.debug.assert(result != .success);
    told = result;
    about = .success;
    return error.Told;
}

pub fn say(result: Result, comptime format: []const u8, args: anytype) Failure {
    keep(result, std.fmt.bufPrint(text[0 .. text_max - 1], format, args) catch text[0 .. text_max - 1]);
    return error.Told;
}

/// `sentence` as it is; empty: the usual text.
pub fn sayRaw(result: Result, sentence: []const u8) Failure {
    const length = @min(sentence.len, text_max - 1);
    @memcpy(text[0..length], sentence[0..length]);
    keep(result, text[0..length]);
    if (length == 0) about = .success;
    return error.Told;
}

fn keep(result: Result, written: []const u8) void {
    told = result;
    about = result;
    text[written.len] = 0;
}

pub fn resultOf(failure: Failure) Result {
    return switch (failure) {
        error.Told => told,
        error.OutOfMemory => .out_of_memory,
    };
}

/// What was said of the thread's last failure, if it had this result.
pub fn words(result: Result) ?[*:0]const u8 {
    if (result == .success or result != about) return null;
    return @ptrCast(&text);
}

test "words belong to the last failure, and to its result" {
    const other = fail(.invalid_value);
    try std.testing.expectEqual(.invalid_value, resultOf(other));
    try std.testing.expectEqual(null, words(.invalid_value));
    const one = say(.not_supported, "kernel {s} is not simulated", .{"nn"});
    try std.testing.expectEqual(.not_supported, resultOf(one));
    try std.testing.expectEqualStrings("kernel nn is not simulated", std.mem.span(words(.not_supported).?));
    try std.testing.expectEqual(null, words(.invalid_value));
    try std.testing.expectEqual(error.Told, fail(.not_supported));
    try std.testing.expectEqual(null, words(.not_supported));
}
