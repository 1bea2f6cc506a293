//! Whether what a kernel step names lies in its tensors. What the kernel itself makes of it is its own to check.
const std = @import("std");
const plans = @import("plan.zig");
const report = @import("../../abi/report.zig");
const value = @import("../onnx/value.zig");
const limits = plans.limits;

pub fn check(kernel: *const plans.Kernel, tensors: []const plans.Tensor) !void {
    if (kernel.operands.len > limits.operands) return wrong(kernel, "{d} operands, more than {d}", .{ kernel.operands.len, limits.operands });
    if (kernel.scalars.len > limits.scalars) return wrong(kernel, "{d} scalars, more than {d}", .{ kernel.scalars.len, limits.scalars });
    for (kernel.operands, 0..) |operand, place| {
        if (operand.tensor >= tensors.len) return wrong(kernel, "tensor {d} of {d}", .{ operand.tensor, tensors.len });
        const tensor = &tensors[operand.tensor];
        // The first is what the kernel writes; graphs hold weights as constants.
        if (place == 0 and tensor.weight) return wrong(kernel, "weight {s} to write to", .{tensor.name});
        if (operand.shape.len > limits.operand_rank or operand.strides.len != operand.shape.len)
            return wrong(kernel, "{d} axes and {d} strides of tensor {s}, not the same number up to {d}", .{ operand.shape.len, operand.strides.len, tensor.name, limits.operand_rank });
        if (!isWithin(operand, tensor.size, value.elementSize(tensor.element).?))
            return wrong(kernel, "a view of shape {any} that reaches beyond tensor {s} of {d} bytes", .{ operand.shape, tensor.name, tensor.size });
    }
}

fn wrong(kernel: *const plans.Kernel, comptime what: []const u8, args: anytype) anyerror {
    const name = kernel.name[0..@min(kernel.name.len, 64)];
    return report.fail(error.invalid_executable, "the executable's plan has a kernel {s} with " ++ what ++ ".", .{name} ++ args);
}

/// Numbers are below 2^53, so that a product of two fits into 128 bits, and so does the sum of eight.
fn isWithin(operand: plans.Operand, size: u64, element: u64) bool {
    if (operand.offset % element != 0 or operand.offset > size) return false;
    var lowest: i128 = operand.offset / element;
    var highest = lowest;
    for (operand.shape, operand.strides) |length, stride| {
        if (length == 0) return true;
        const reach = @as(i128, length - 1) * stride;
        if (reach < 0) lowest += reach else highest += reach;
    }
    return lowest >= 0 and (highest + 1) * element <= size;
}

test "a view lies in its tensor, or is refused" {
    const Case = struct { offset: u64 = 0, shape: []const u64, strides: []const i64, within: bool };
    const huge = limits.number;
    for ([_]Case{
        .{ .shape = &.{}, .strides = &.{}, .within = true },
        .{ .shape = &.{ 2, 3 }, .strides = &.{ 3, 1 }, .within = true },
        .{ .shape = &.{ 2, 3 }, .strides = &.{ 3, 2 }, .within = false },
        .{ .offset = 20, .shape = &.{6}, .strides = &.{-1}, .within = true },
        .{ .offset = 16, .shape = &.{6}, .strides = &.{-1}, .within = false },
        .{ .offset = 2, .shape = &.{1}, .strides = &.{1}, .within = false },
        .{ .offset = 20, .shape = &.{huge}, .strides = &.{0}, .within = true },
        .{ .offset = 24, .shape = &.{1}, .strides = &.{0}, .within = false },
        .{ .offset = 24, .shape = &.{ 7, 0 }, .strides = &.{ huge, 1 }, .within = true },
        .{ .shape = &.{ 0, 7 }, .strides = &.{ 1, huge }, .within = true },
        .{ .shape = &.{ huge, huge }, .strides = &.{ huge, -huge }, .within = false },
    }) |case| try std.testing.expectEqual(case.within, isWithin(.{ .tensor = 0, .offset = case.offset, .shape = case.shape, .strides = case.strides }, 24, 4));
}
