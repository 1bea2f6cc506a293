//! Copies and fills against plain loops, over random views.
const std = @import("std");
const linux = std.os.linux;
const prepare = @import("prepare.zig").prepare;
const arrays = @import("test_arrays.zig");
const ElementType = @import("element_type.zig").ElementType;

const testing = std.testing;
const Random = std.Random;
const View = arrays.View;
const Indices = arrays.Indices;
const dense = arrays.dense;
const runInPieces = arrays.runInPieces;
const randomShape = arrays.randomShape;
const shifted = arrays.shifted;

test "copies reach every element of any view and nothing else" {
    var prng = Random.DefaultPrng.init(1);
    const source = prng.random();
    for (0..300) |_| {
        var buffer: [8]u64 = undefined;
        const shape = randomShape(source, &buffer);
        inline for (.{ u8, u16, u32, u64 }, .{ ElementType.bool, .bfloat16, .float32, .int64 }) |T, dtype| {
            const dst = try View.random(source, dtype, shape);
            defer dst.deinit();
            const src = try View.random(source, dtype, shape);
            defer src.deinit();
            const expected = try testing.allocator.dupe(u8, dst.memory);
            defer testing.allocator.free(expected);
            const shadow: View = .{ .memory = dst.memory, .operand = shifted(dst.operand, dst.memory, expected) };
            var indices: Indices = .{ .shape = shape };
            while (indices.next()) |index| shadow.at(T, index).* = src.at(T, index).*;
            runInPieces(source, &try prepare(.copy, &.{ dst.operand, src.operand }, &.{}));
            try testing.expectEqualSlices(u8, expected, dst.memory);
        }
    }
}

test "fills write the value's bits" {
    var prng = Random.DefaultPrng.init(2);
    const source = prng.random();
    const Case = struct { ElementType, []const f64, u64 };
    for ([_]Case{
        .{ .uint8, &.{200}, 200 },
        .{ .int8, &.{-1}, 0xff },
        .{ .bool, &.{7}, 1 },
        .{ .float16, &.{1.5}, 0x3e00 },
        .{ .bfloat16, &.{-2}, 0xc000 },
        .{ .float32, &.{0.1}, 0x3dcccccd },
        .{ .float64, &.{-0.0}, 1 << 63 },
        .{ .uint64, &.{ 0xffff_fffe, 0xffff_ffff }, 0xffff_ffff_ffff_fffe },
        .{ .int64, &.{-3}, @bitCast(@as(i64, -3)) },
        .{ .float8_e5m2, &.{ 0x7c, 0 }, 0x7c },
    }) |case| {
        var buffer: [8]u64 = undefined;
        const shape = randomShape(source, &buffer);
        const dst = try View.random(source, case[0], shape);
        defer dst.deinit();
        runInPieces(source, &try prepare(.fill, &.{dst.operand}, case[1]));
        var indices: Indices = .{ .shape = shape };
        while (indices.next()) |index| switch (case[0].size()) {
            1 => try testing.expectEqual(@as(u8, @truncate(case[2])), dst.at(u8, index).*),
            2 => try testing.expectEqual(@as(u16, @truncate(case[2])), dst.at(u16, index).*),
            4 => try testing.expectEqual(@as(u32, @truncate(case[2])), dst.at(u32, index).*),
            else => try testing.expectEqual(case[2], dst.at(u64, index).*),
        };
    }
}

test "elements beyond 4 GiB are found" {
    const apart = (1 << 32) + 64;
    const size = 2 * apart;
    const mapped = linux.mmap(null, size, .{ .READ = true, .WRITE = true }, .{ .TYPE = .PRIVATE, .ANONYMOUS = true, .NORESERVE = true }, -1, 0);
    try testing.expectEqual(.SUCCESS, linux.errno(mapped));
    defer _ = linux.munmap(@ptrFromInt(mapped), size);
    var far = dense(mapped, .uint8, &.{2});
    far.strides[0] = apart;
    const filled = try prepare(.fill, &.{far}, &.{9});
    filled.run(0, 2);
    try testing.expectEqual(9, @as(*u8, @ptrFromInt(mapped + apart)).*);
}
