//! An array that a kernel reads or writes: where its elements are. Nothing about it is trusted: sizes and strides come from
//! JavaScript.
const std = @import("std");
const report = @import("../abi/report.zig");
const axes_max = @import("params.zig").axes_max;
const ElementType = @import("element_type.zig").ElementType;

pub const Operand = struct {
    /// Of the element with index 0 along every axis.
    address: u64 = 0,
    dtype: ElementType,
    ndim: u32 = 0,
    shape: [axes_max]u64 = @splat(1),
    /// In elements; negative and 0 are fine.
    strides: [axes_max]i64 = @splat(0),

    /// Bytes before and after `address` that the elements lie in.
    pub const Reach = struct { before: u64, after: u64 };

    pub fn isEmpty(self: *const Operand) bool {
        return std.mem.indexOfScalar(u64, self.shape[0..self.ndim], 0) != null;
    }

    /// Bytes of a memory.
    pub const Range = struct { begin: u64, size: u64 };

    /// Where the elements lie in a memory, when the one with index 0 is at byte `offset`; that the memory has these bytes is
    /// for the caller to see.
    pub fn rangeFrom(self: *const Operand, offset: u64) !Range {
        if (offset % self.dtype.size() != 0)
            return report.fail(error.invalid_argument, "{s} elements begin at byte {d}, not at a multiple of their size.", .{ @tagName(self.dtype), offset });
        if (self.isEmpty()) return .{ .begin = 0, .size = 0 };
        if (self.reach()) |bytes| if (bytes.before <= offset)
            return .{ .begin = offset - bytes.before, .size = bytes.before +| bytes.after };
        return report.fail(error.out_of_bounds, "elements of shape {any} and strides {any} from byte {d} on reach beyond every memory.", .{
            self.shape[0..self.ndim], self.strides[0..self.ndim], offset,
        });
    }

    /// Null: more than any memory. Not for empty operands.
    pub fn reach(self: *const Operand) ?Reach {
        var before: i128 = 0;
        var after: i128 = self.dtype.size();
        for (self.shape[0..self.ndim], self.strides[0..self.ndim]) |axis, stride| {
            // 2^64 * 2^63 * 8, eight times, would not fit; no memory has 2^53 elements along an axis.
            if (axis > 1 << 53) return null;
            const span = @as(i128, axis - 1) * stride * self.dtype.size();
            if (span < 0) before -= span else after += span;
        }
        return .{
            .before = std.math.cast(u64, before) orelse return null,
            .after = std.math.cast(u64, after) orelse return null,
        };
    }
};

test "elements may lie anywhere in their memory and nowhere beside it" {
    const Case = struct { []const u64, []const i64, u64, ?Operand.Range };
    for ([_]Case{
        .{ &.{ 2, 3 }, &.{ 3, 1 }, 0, .{ .begin = 0, .size = 24 } },
        .{ &.{ 2, 3 }, &.{ 5, 2 }, 8, .{ .begin = 8, .size = 40 } },
        .{ &.{ 2, 3 }, &.{ -3, -1 }, 20, .{ .begin = 0, .size = 24 } },
        .{ &.{ 2, 3 }, &.{ -3, 1 }, 12, .{ .begin = 0, .size = 24 } },
        .{ &.{ 2, 3 }, &.{ -3, -1 }, 16, null },
        .{ &.{ 5, 5 }, &.{ 0, 0 }, 64, .{ .begin = 64, .size = 4 } },
        .{ &.{}, &.{}, 4, .{ .begin = 4, .size = 4 } },
        .{ &.{ 0, 1 << 60 }, &.{ 1, 1 }, 4, .{ .begin = 0, .size = 0 } },
        .{ &.{1 << 60}, &.{1}, 0, null },
        .{ &.{1 << 60}, &.{0}, 0, null },
        .{ &.{ 1 << 53, 1 << 53, 1 << 53, 1 << 53 }, &@as([4]i64, @splat(std.math.minInt(i64))), 1 << 63, null },
        .{ &.{ 1 << 33, 1 << 33 }, &.{ 1 << 31, -(1 << 31) }, 64, null },
    }) |case| {
        var operand: Operand = .{ .dtype = .int32, .ndim = @intCast(case[0].len) };
        @memcpy(operand.shape[0..case[0].len], case[0]);
        @memcpy(operand.strides[0..case[1].len], case[1]);
        if (case[3]) |range| {
            try std.testing.expectEqual(range, try operand.rangeFrom(case[2]));
        } else try std.testing.expectError(error.out_of_bounds, operand.rangeFrom(case[2]));
    }
    const wide: Operand = .{ .dtype = .float64 };
    try std.testing.expectError(error.invalid_argument, wide.rangeFrom(4));
}
