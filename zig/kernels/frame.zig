//! The axes that an elementwise kernel runs over. The fewer the better: each costs the kernel a division by element. So axes of
//! size 1 go, axes that run on in every operand become one, and the axis that is densest in the written operand comes last.
const std = @import("std");
const report = @import("../abi/report.zig");
const params = @import("params.zig");
const Operand = @import("operand.zig").Operand;

const axes_max = params.axes_max;
const operands_max = 3;

pub const Frame = struct {
    count: u64,
    ndim: u32,
    shape: [axes_max]u64 = @splat(1),
    /// Strides in bytes.
    operands: [operands_max]params.Operand = @splat(.{}),
};

const Axis = struct { size: u64, strides: [operands_max]i64 };

/// `operands`: the written one comes first; all of one shape, checked against their memory.
pub fn of(operands: []const Operand) !Frame {
    const dst = &operands[0];
    for (operands[1..]) |*other| if (!std.mem.eql(u64, dst.shape[0..dst.ndim], other.shape[0..other.ndim]))
        return report.fail(error.wrong_shape, "the operands have shapes {any} and {any}.", .{ dst.shape[0..dst.ndim], other.shape[0..other.ndim] });
    var frame: Frame = .{ .count = 1, .ndim = 1 };
    if (dst.isEmpty()) {
        frame.count = 0;
        return frame;
    }
    var axes: [axes_max]Axis = undefined;
    var count: usize = 0;
    for (operands, 0..) |operand, i| frame.operands[i].address = operand.address;
    for (dst.shape[0..dst.ndim], 0..) |size, axis| {
        if (size == 1) continue;
        axes[count] = .{ .size = size, .strides = @splat(0) };
        for (operands, 0..) |operand, i| axes[count].strides[i] = operand.strides[axis] * @as(i64, @intCast(operand.dtype.size()));
        if (axes[count].strides[0] < 0) turn(&axes[count], frame.operands[0..operands.len]);
        count += 1;
    }
    std.sort.insertion(Axis, axes[0..count], {}, isOuter);
    try requireApart(axes[0..count], dst.dtype.size());
    const joined = join(axes[0..count]);
    for (axes[0..joined], 0..) |axis, i| {
        frame.shape[i] = axis.size;
        frame.count *= axis.size;
        for (axis.strides, &frame.operands) |stride, *operand| operand.strides[i] = stride;
    }
    frame.ndim = @intCast(@max(joined, 1));
    return frame;
}

/// The axis from its other end: the same elements meet.
fn turn(axis: *Axis, operands: []params.Operand) void {
    for (operands, axis.strides[0..operands.len]) |*operand, *stride| {
        const last = @as(i64, @intCast(axis.size - 1)) * stride.*;
        operand.address +%= @bitCast(last);
        stride.* = -stride.*;
    }
}

fn isOuter(_: void, a: Axis, b: Axis) bool {
    return a.strides[0] > b.strides[0];
}

/// Two elements of what is written have two places. With that, there are no more of them than its memory has.
pub fn requireApart(axes: anytype, element: u64) !void {
    var extent = element;
    var i = axes.len;
    while (i > 0) {
        i -= 1;
        const axis = axes[i];
        const stride: u64 = @intCast(axis.strides[0]);
        if (stride < extent) return report.fail(error.invalid_argument, "the elements that are written overlap each other.", .{});
        extent += (axis.size - 1) * stride;
    }
}

fn join(axes: []Axis) usize {
    if (axes.len == 0) return 0;
    var last: usize = 0;
    for (axes[1..]) |axis| {
        if (runsOn(axes[last], axis)) {
            axes[last] = .{ .size = axes[last].size * axis.size, .strides = axis.strides };
        } else {
            last += 1;
            axes[last] = axis;
        }
    }
    return last + 1;
}

fn runsOn(outer: Axis, inner: Axis) bool {
    for (outer.strides, inner.strides) |a, b| if (a != b *% @as(i64, @intCast(inner.size))) return false;
    return true;
}

fn operandOf(shape: []const u64, strides: []const i64) Operand {
    var operand: Operand = .{ .address = 4096, .dtype = .float32, .ndim = @intCast(shape.len) };
    @memcpy(operand.shape[0..shape.len], shape);
    @memcpy(operand.strides[0..strides.len], strides);
    return operand;
}

test "axes join where every operand runs on" {
    const Case = struct { shape: []const u64, dst: []const i64, a: []const i64, axes: []const u64 };
    for ([_]Case{
        .{ .shape = &.{ 2, 3, 4 }, .dst = &.{ 12, 4, 1 }, .a = &.{ 12, 4, 1 }, .axes = &.{24} },
        .{ .shape = &.{ 2, 1, 4 }, .dst = &.{ 4, 99, 1 }, .a = &.{ 4, -7, 1 }, .axes = &.{8} },
        .{ .shape = &.{ 2, 3, 4 }, .dst = &.{ 12, 4, 1 }, .a = &.{ 1, 8, 2 }, .axes = &.{ 2, 12 } },
        .{ .shape = &.{ 2, 3, 4 }, .dst = &.{ 12, 4, 1 }, .a = &.{ 0, 0, 0 }, .axes = &.{24} },
        .{ .shape = &.{ 4, 3 }, .dst = &.{ 1, 4 }, .a = &.{ 1, 4 }, .axes = &.{12} },
        .{ .shape = &.{ 4, 3 }, .dst = &.{ -1, -4 }, .a = &.{ -1, -4 }, .axes = &.{12} },
        .{ .shape = &.{ 4, 3 }, .dst = &.{ 3, 1 }, .a = &.{ 1, 4 }, .axes = &.{ 4, 3 } },
        .{ .shape = &.{}, .dst = &.{}, .a = &.{}, .axes = &.{1} },
    }) |case| {
        const frame = try of(&.{ operandOf(case.shape, case.dst), operandOf(case.shape, case.a) });
        try std.testing.expectEqualSlices(u64, case.axes, frame.shape[0..frame.ndim]);
        var count: u64 = 1;
        for (case.shape) |size| count *= size;
        try std.testing.expectEqual(count, frame.count);
    }
}

test "what is written has a place for each element" {
    for ([_][2][]const i64{ .{ &.{ 3, 1 }, &.{ 2, 1 } }, .{ &.{ 3, 1 }, &.{ 0, 1 } }, .{ &.{ 3, 1 }, &.{ 1, 1 } }, .{ &.{ 3, 1 }, &.{ -1, 1 } } }) |strides| {
        _ = try of(&.{operandOf(&.{ 2, 3 }, strides[0])});
        try std.testing.expectError(error.invalid_argument, of(&.{operandOf(&.{ 2, 3 }, strides[1])}));
    }
}
