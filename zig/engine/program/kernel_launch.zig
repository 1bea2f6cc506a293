//! From a step of a program to a launch: the kernel by its name, the operands where their tensors are.
const std = @import("std");
const kernels = @import("../../kernels/kernels.zig");
const plans = @import("plan.zig");
const preparing = @import("../../kernels/prepare.zig");
const report = @import("../../abi/report.zig");
const ElementType = @import("../../kernels/element_type.zig").ElementType;
const Launch = @import("../../kernels/launch.zig").Launch;
const Operand = @import("../../kernels/operand.zig").Operand;

/// Somewhere that is not 0, which says that an operand is missing.
const anywhere = 4096;

/// That there is such a kernel, and that it takes what the step gives it.
pub fn check(kernel: *const plans.Kernel, tensors: []const plans.Tensor) !void {
    const bases: [plans.limits.operands]u64 = @splat(anywhere);
    _ = prepare(kernel, tensors, bases[0..kernel.operands.len]) catch |err| {
        if (err == error.invalid_executable) return err;
        var copy: [report.text_max]u8 = undefined;
        const text = report.text();
        @memcpy(copy[0..text.len], text);
        return report.fail(error.invalid_executable, "kernel {s}: {s}", .{ kernel.name, copy[0..text.len] });
    };
}

/// `bases`: where the tensor of each operand begins.
pub fn prepare(kernel: *const plans.Kernel, tensors: []const plans.Tensor, bases: []const u64) !Launch {
    const number = std.meta.stringToEnum(kernels.Number, kernel.name) orelse
        return report.fail(error.invalid_executable, "there is no kernel {s}.", .{kernel.name[0..@min(kernel.name.len, 64)]});
    var operands: [plans.limits.operands]Operand = undefined;
    for (kernel.operands, bases, operands[0..bases.len]) |described, base, *operand| {
        operand.* = .{
            .address = base + described.offset,
            .dtype = try .of(tensors[described.tensor].element),
            .ndim = @intCast(described.shape.len),
        };
        @memcpy(operand.shape[0..described.shape.len], described.shape);
        @memcpy(operand.strides[0..described.strides.len], described.strides);
    }
    return preparing.prepare(number, operands[0..bases.len], kernel.scalars);
}

test "a step is refused when its kernel is unknown, or does not take it" {
    const tensors = [_]plans.Tensor{
        .{ .name = "y", .element = 1, .shape = &.{ 2, 3 }, .size = 24 },
        .{ .name = "x", .element = 2, .shape = &.{ 2, 3 }, .size = 6 },
    };
    const whole = [_]plans.Operand{
        .{ .tensor = 0, .offset = 0, .shape = &.{ 2, 3 }, .strides = &.{ 3, 1 } },
        .{ .tensor = 1, .offset = 0, .shape = &.{ 2, 3 }, .strides = &.{ 3, 1 } },
    };
    const Case = struct { kernel: plans.Kernel, says: ?[]const u8 };
    for ([_]Case{
        .{ .kernel = .{ .name = "cast", .operands = &whole, .scalars = &.{} }, .says = null },
        .{ .kernel = .{ .name = "melt", .operands = &whole, .scalars = &.{} }, .says = "no kernel melt" },
        .{ .kernel = .{ .name = "cast", .operands = whole[0..1], .scalars = &.{} }, .says = "kernel cast: " },
        .{ .kernel = .{ .name = "cast", .operands = &whole, .scalars = &.{1} }, .says = "kernel cast: " },
        .{ .kernel = .{ .name = "sample", .operands = &whole, .scalars = &@as([18]f64, @splat(0)) }, .says = "four axes" },
        .{ .kernel = .{ .name = "fill", .operands = &.{.{ .tensor = 0, .offset = 0, .shape = &.{ 2, 3 }, .strides = &.{ 1, 1 } }}, .scalars = &.{1} }, .says = "overlap" },
    }) |case| {
        const says = case.says orelse {
            try check(&case.kernel, &tensors);
            continue;
        };
        try std.testing.expectError(error.invalid_executable, check(&case.kernel, &tensors));
        try std.testing.expect(std.mem.find(u8, report.text(), says) != null);
    }
}
