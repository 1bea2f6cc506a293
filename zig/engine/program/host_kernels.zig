//! Kernels in host memory, on the thread that runs the program.
const std = @import("std");
const plans = @import("plan.zig");
const launching = @import("kernel_launch.zig");
const KernelRunner = @import("kernel_runner.zig").KernelRunner;

pub const runner: KernelRunner = .{ .check = launching.check, .run = run };

fn run(kernel: *const plans.Kernel, tensors: []const plans.Tensor, bases: []const u64) !void {
    const launch = try launching.prepare(kernel, tensors, bases);
    launch.run(0, launch.items());
}

test "a kernel reads and writes the views that its step names" {
    const tensors = [_]plans.Tensor{
        .{ .name = "y", .element = 1, .shape = &.{ 2, 3 }, .size = 24 },
        .{ .name = "x", .element = 2, .shape = &.{ 2, 3 }, .size = 6 },
    };
    const x = [6]u8{ 1, 2, 3, 4, 5, 255 };
    var y: [6]f32 = @splat(-1);
    // The columns of x, last first, as rows of y's first two columns and what follows.
    try run(&.{
        .name = "cast",
        .operands = &.{
            .{ .tensor = 0, .offset = 0, .shape = &.{ 3, 2 }, .strides = &.{ 2, 1 } },
            .{ .tensor = 1, .offset = 2, .shape = &.{ 3, 2 }, .strides = &.{ -1, 3 } },
        },
        .scalars = &.{},
    }, &tensors, &.{ @intFromPtr(&y), @intFromPtr(&x) });
    try std.testing.expectEqualSlices(f32, &.{ 3, 255, 2, 5, 1, 4 }, &y);
}
