//! What kernels refuse and say of themselves, and what the PTX build says of itself.
const std = @import("std");
const kernels = @import("kernels.zig");
const prepare = @import("prepare.zig").prepare;
const arrays = @import("test_arrays.zig");
const Operand = @import("operand.zig").Operand;

const testing = std.testing;
const dense = arrays.dense;

test "what does not fit together is refused" {
    var memory: [64]u8 align(16) = undefined;
    const at = @intFromPtr(&memory);
    const one = dense(at, .uint8, &.{ 1, 2, 2, 1 });
    const nearest = [18]f64{ 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0 };
    var channels = nearest;
    channels[3] = 3;
    const Case = struct { anyerror, kernels.Number, []const Operand, []const f64 };
    for ([_]Case{
        .{ error.wrong_shape, .copy, &.{ dense(at, .uint8, &.{4}), dense(at, .uint8, &.{5}) }, &.{} },
        .{ error.invalid_argument, .copy, &.{dense(at, .uint8, &.{4})}, &.{} },
        .{ error.invalid_argument, .fill, &.{dense(at, .uint8, &.{4})}, &.{ 1.5, 0 } },
        .{ error.wrong_dtype, .arithmetic, &.{ dense(at, .bool, &.{4}), dense(at, .bool, &.{4}) }, &.{6} },
        .{ error.wrong_dtype, .arithmetic, &.{ dense(at, .float8_e5m2, &.{4}), dense(at, .float8_e5m2, &.{4}) }, &.{6} },
        .{ error.wrong_dtype, .arithmetic, &.{ dense(at, .uint8, &.{4}), dense(at, .int8, &.{4}) }, &.{ 0, 1 } },
        .{ error.invalid_argument, .arithmetic, &.{ dense(at, .uint8, &.{4}), dense(at, .uint8, &.{4}) }, &.{ 8, 1 } },
        .{ error.invalid_argument, .arithmetic, &.{ dense(at, .uint8, &.{4}), dense(at, .uint8, &.{4}) }, &.{ std.math.nan(f64), 1 } },
        .{ error.invalid_argument, .arithmetic, &.{ dense(at, .uint8, &.{4}), dense(at, .uint8, &.{4}) }, &.{0} },
        .{ error.invalid_shape, .sample, &.{ one, dense(at, .uint8, &.{ 2, 2 }) }, &nearest },
        .{ error.invalid_shape, .sample, &.{ one, dense(at, .uint8, &.{ 1, 0, 2, 1 }) }, &nearest },
        .{ error.wrong_shape, .sample, &.{ one, dense(at, .uint8, &.{ 2, 2, 2, 1 }) }, &nearest },
        .{ error.invalid_argument, .sample, &.{ one, one }, &channels },
        .{ error.wrong_dtype, .sample, &.{ one, one, dense(at, .uint8, &.{ 1, 4 }) }, &nearest },
        .{ error.wrong_shape, .sample, &.{ one, one, dense(at, .int32, &.{ 2, 4 }) }, &nearest },
        .{ error.invalid_argument, .sample, &.{ one, one, dense(at, .int32, &.{ 1, 4 }), dense(at, .int32, &.{ 1, 4 }) }, &nearest },
    }) |case| try testing.expectError(case[0], prepare(case[1], case[2], case[3]));
}

test "spans hold what a kernel touches" {
    var memory: [256]u8 align(16) = undefined;
    var dst = dense(@intFromPtr(&memory), .float32, &.{ 2, 3 });
    dst.address += 64;
    dst.strides[0] = -6;
    const launch = try prepare(.cast, &.{ dst, dense(@intFromPtr(&memory) + 128, .uint8, &.{ 2, 3 }) }, &.{});
    var buffer: [kernels.spans_max]kernels.Span = undefined;
    const spans = launch.kernel().spans(launch.bytes().ptr, &buffer);
    const at = @intFromPtr(&memory);
    try testing.expectEqualSlices(kernels.Span, &.{
        .{ .address = at + 40, .size = 36, .written = true },
        .{ .address = at + 128, .size = 6, .written = false },
    }, spans);
}

test "the PTX has every kernel, for processors and drivers of the last years" {
    const text = @import("ptx.zig").text;
    for (kernels.table) |kernel| {
        var buffer: [64]u8 = undefined;
        try testing.expect(std.mem.indexOf(u8, text, try std.fmt.bufPrint(&buffer, ".entry {s}(", .{kernel.name})) != null);
        try testing.expectEqual(kernel, kernels.find(kernel.name).?.*);
    }
    for ([_][]const u8{ ".version 6.3", ".target sm_75", ".address_size 64" }) |line| try testing.expect(std.mem.indexOf(u8, text, line) != null);
    // Parameters that a kernel indexes wrongly are copied to slow memory first.
    for ([_][]const u8{ "__local_depot", ".extern" }) |line| try testing.expect(std.mem.indexOf(u8, text, line) == null);
}
