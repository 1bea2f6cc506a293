//! Arithmetic of integers against the same in 256 bits.
const std = @import("std");
const prepare = @import("prepare.zig").prepare;
const arrays = @import("test_arrays.zig");
const ElementType = @import("element_type.zig").ElementType;
const Operand = @import("operand.zig").Operand;

const testing = std.testing;
const Random = std.Random;
const View = arrays.View;
const Indices = arrays.Indices;
const dense = arrays.dense;
const runInPieces = arrays.runInPieces;
const randomShape = arrays.randomShape;
const shifted = arrays.shifted;

const operations = .{ "add", "subtract", "multiply", "divide", "reversed_subtract", "reversed_divide", "absolute" };

/// In 256 bits, then to the nearer end of the type.
fn reference(comptime T: type, comptime operation: []const u8, x: T, y: T) T {
    const a: i256 = x;
    const b: i256 = y;
    const eql = std.mem.eql;
    if (comptime eql(u8, operation, "reversed_subtract")) return clamp(T, b - a);
    if (comptime eql(u8, operation, "reversed_divide")) return reference(T, "divide", y, x);
    if (comptime eql(u8, operation, "absolute")) return clamp(T, if (a < 0) -a else a);
    if (comptime eql(u8, operation, "add")) return clamp(T, a + b);
    if (comptime eql(u8, operation, "subtract")) return clamp(T, a - b);
    if (comptime eql(u8, operation, "multiply")) return clamp(T, a * b);
    if (b == 0) return if (a > 0) std.math.maxInt(T) else if (a < 0) std.math.minInt(T) else 0;
    return clamp(T, @divTrunc(a, b));
}

fn clamp(comptime T: type, value: i256) T {
    return @intCast(@max(std.math.minInt(T), @min(std.math.maxInt(T), value)));
}

test "integer arithmetic is exact and ends at the ends of its type, division by zero too" {
    var prng = Random.DefaultPrng.init(4);
    const source = prng.random();
    inline for (.{ u8, u16, u32, u64, i8, i16, i32, i64 }, .{ ElementType.uint8, .uint16, .uint32, .uint64, .int8, .int16, .int32, .int64 }) |T, dtype| {
        const special = [_]T{ 0, 1, 2, 3, std.math.maxInt(T), std.math.maxInt(T) - 1, std.math.minInt(T), std.math.minInt(T) + 1, clamp(T, -1), 7 };
        var a: [200]T = undefined;
        var b: [200]T = undefined;
        for (&a, &b, 0..) |*x, *y, i| {
            x.* = if (i < 100) special[i / 10] else source.int(T);
            y.* = if (i < 100) special[i % 10] else source.int(T);
        }
        var out: [200]T = undefined;
        const to = dense(@intFromPtr(&out), dtype, &.{200});
        const left = dense(@intFromPtr(&a), dtype, &.{200});
        const right = dense(@intFromPtr(&b), dtype, &.{200});
        inline for (operations, 0..) |operation, code| {
            const operands: []const Operand = if (code == 6) &.{ to, left } else &.{ to, left, right };
            runInPieces(source, &try prepare(.arithmetic, operands, &.{code}));
            for (a, b, out) |x, y, got| try testing.expectEqual(reference(T, operation, x, y), got);
            if (code == 6) continue;
            // A number of the type is an element of it.
            for (special[0..4]) |y| {
                runInPieces(source, &try prepare(.arithmetic, &.{ to, left }, &.{ code, @floatFromInt(y) }));
                for (a, out) |x, got| try testing.expectEqual(reference(T, operation, x, y), got);
            }
        }
    }
}

test "a fraction is never rounded before it is computed with" {
    var values = [_]i32{ -7, -1, 0, 1, 7, std.math.maxInt(i32) };
    const array = dense(@intFromPtr(&values), .int32, &.{values.len});
    const Case = struct { f64, f64, [6]i32 };
    const max = std.math.maxInt(i32);
    for ([_]Case{
        .{ 3, 0.5, .{ -14, -2, 0, 2, 14, max } },
        .{ 2, 0.5, .{ -3, 0, 0, 0, 3, 1073741823 } },
        .{ 0, 0.75, .{ -6, 0, 0, 1, 7, max } },
        .{ 0, 1e10, .{ max, max, max, max, max, max } },
        .{ 4, 0.5, .{ 7, 1, 0, 0, -6, -2147483646 } },
    }) |case| {
        var out: [6]i32 = undefined;
        const launch = try prepare(.arithmetic, &.{ dense(@intFromPtr(&out), .int32, &.{6}), array }, &.{ case[0], case[1] });
        launch.run(0, 6);
        try testing.expectEqualSlices(i32, &case[2], &out);
    }
}

test "a view may be computed with in place" {
    var prng = Random.DefaultPrng.init(5);
    const source = prng.random();
    for (0..50) |_| {
        var buffer: [8]u64 = undefined;
        const shape = randomShape(source, &buffer);
        const view = try View.random(source, .int16, shape);
        defer view.deinit();
        const before = try testing.allocator.alignedAlloc(u8, .@"16", view.memory.len);
        defer testing.allocator.free(before);
        @memcpy(before, view.memory);
        const old: View = .{ .memory = before, .operand = shifted(view.operand, view.memory, before) };
        runInPieces(source, &try prepare(.arithmetic, &.{ view.operand, view.operand, view.operand }, &.{0}));
        var indices: Indices = .{ .shape = shape };
        while (indices.next()) |index| try testing.expectEqual(old.at(i16, index).* +| old.at(i16, index).*, view.at(i16, index).*);
    }
}
