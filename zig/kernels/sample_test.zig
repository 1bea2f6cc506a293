//! The image kernel where no reference library goes: wrong boxes, very wide images. Right ones are in `test/native/kernel`.
const std = @import("std");
const prepare = @import("prepare.zig").prepare;
const arrays = @import("test_arrays.zig");

const testing = std.testing;
const dense = arrays.dense;

/// Nearest, no letterbox, padding 7, channels as they are, no arithmetic.
const plain = [18]f64{ 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0 };

test "wrong boxes and wrong indices give padding" {
    var src = [_]u8{ 10, 11, 12, 13, 14, 15 };
    const image = dense(@intFromPtr(&src), .uint8, &.{ 1, 2, 3, 1 });
    const max = std.math.maxInt(i32);
    const min = std.math.minInt(i32);
    const boxes = [_][4]i32{
        .{ 0, 0, 3, 2 },  .{ 0, 0, 4, 2 },         .{ 0, 0, 3, 3 },     .{ -1, 0, 3, 2 },
        .{ 0, -1, 3, 2 }, .{ 1, 1, 1, 2 },         .{ 2, 0, 1, 2 },     .{ 0, 1, 3, 1 },
        .{ 3, 0, 3, 2 },  .{ min, min, max, max }, .{ max, 0, max, 2 }, .{ 0, 0, min, 2 },
        .{ 2, 1, 3, 2 },  .{ 0, 0, 3, 2 },         .{ 0, 0, 3, 2 },     .{ 0, 0, 3, 2 },
    };
    const indices = [_]i32{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, -1, min };
    var out: [16 * 2]u8 = undefined;
    for ([_]f64{ 0, 1 }) |bilinear| {
        var scalars = plain;
        scalars[0] = bilinear;
        @memset(&out, 0);
        const launch = try prepare(.sample, &.{
            dense(@intFromPtr(&out), .uint8, &.{ 16, 1, 2, 1 }), image,
            dense(@intFromPtr(&boxes), .int32, &.{ 16, 4 }),     dense(@intFromPtr(&indices), .int32, &.{16}),
        }, &scalars);
        launch.run(0, launch.items());
        for (0..16) |i| {
            const good = i == 0 or i == 12;
            try testing.expectEqual(good, out[2 * i] != 7);
            try testing.expectEqual(good, out[2 * i + 1] != 7);
        }
        try testing.expectEqualSlices(u8, &.{ 15, 15 }, out[24..26]);
    }
}

test "images wider than 46341 pixels are sampled to their end" {
    const side = 70_000;
    const wide = try testing.allocator.alloc(u8, 2 * side);
    defer testing.allocator.free(wide);
    for (wide, 0..) |*pixel, i| pixel.* = @truncate(i / 280);
    const narrow = try testing.allocator.alloc(u8, 2 * side);
    defer testing.allocator.free(narrow);
    const launch = try prepare(.sample, &.{ dense(@intFromPtr(narrow.ptr), .uint8, &.{ 1, 1, side - 1, 1 }), dense(@intFromPtr(wide.ptr), .uint8, &.{ 1, 2, side, 1 }) }, &plain);
    launch.run(0, launch.items());
    for (0..side - 1) |x| try testing.expectEqual(wide[x * side / (side - 1)], narrow[x]);
}
