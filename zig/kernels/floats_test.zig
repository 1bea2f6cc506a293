//! Small floats against the language's own float16 and against arithmetic on bits.
const std = @import("std");
const prepare = @import("prepare.zig").prepare;
const arrays = @import("test_arrays.zig");
const ElementType = @import("element_type.zig").ElementType;

const testing = std.testing;
const Random = std.Random;
const dense = arrays.dense;

test "every float16 becomes float32 and comes back" {
    var halves: [1 << 16]u16 = undefined;
    for (&halves, 0..) |*half, i| half.* = @intCast(i);
    var floats: [1 << 16]f32 = undefined;
    try convert(u16, .float16, &halves, f32, .float32, &floats);
    var back: [1 << 16]u16 = undefined;
    try convert(f32, .float32, &floats, u16, .float16, &back);
    for (halves, floats, back) |half, float, again| {
        const wanted: f32 = @as(f16, @bitCast(half));
        if (std.math.isNan(wanted)) {
            try testing.expect(std.math.isNan(float) and std.math.isNan(@as(f16, @bitCast(again))));
        } else {
            try testing.expectEqual(@as(u32, @bitCast(wanted)), @as(u32, @bitCast(float)));
            try testing.expectEqual(half, again);
        }
    }
}

test "floats round once to float16 and bfloat16, ties to even" {
    var prng = Random.DefaultPrng.init(3);
    const source = prng.random();
    var floats: [20_000]f32 = undefined;
    for (&floats, 0..) |*float, i| {
        var bits = source.int(u32);
        // Half of them near a tie of either format.
        if (i % 2 == 0) bits = (bits & 0xffff_0000) | ([_]u32{ 0x1000, 0x8000, 0x3000, 0xf000 })[i / 2 % 4] +% source.uintLessThan(u32, 3) -% 1;
        float.* = @bitCast(bits);
    }
    var halves: [floats.len]u16 = undefined;
    try convert(f32, .float32, &floats, u16, .float16, &halves);
    var brains: [floats.len]u16 = undefined;
    try convert(f32, .float32, &floats, u16, .bfloat16, &brains);
    var doubles: [floats.len]f64 = undefined;
    for (floats, &doubles) |float, *double| double.* = float;
    var from_doubles: [floats.len]u16 = undefined;
    try convert(f64, .float64, &doubles, u16, .float16, &from_doubles);
    var brains_from_doubles: [floats.len]u16 = undefined;
    try convert(f64, .float64, &doubles, u16, .bfloat16, &brains_from_doubles);
    for (floats, halves, from_doubles, brains, brains_from_doubles) |float, half, other, brain, other_brain| {
        if (std.math.isNan(float)) continue;
        try testing.expectEqual(@as(u16, @bitCast(@as(f16, @floatCast(float)))), half);
        try testing.expectEqual(half, other);
        const bits: u64 = @as(u32, @bitCast(float));
        const rest = bits & 0xffff;
        const up = rest > 0x8000 or (rest == 0x8000 and bits & 0x10000 != 0);
        try testing.expectEqual(@as(u16, @intCast((bits >> 16) + @intFromBool(up))), brain);
        try testing.expectEqual(brain, other_brain);
    }
}

fn convert(From: type, from: ElementType, input: []const From, To: type, to: ElementType, output: []To) !void {
    const launch = try prepare(.cast, &.{ dense(@intFromPtr(output.ptr), to, &.{output.len}), dense(@intFromPtr(input.ptr), from, &.{input.len}) }, &.{});
    launch.run(0, launch.items());
}
