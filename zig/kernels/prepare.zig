//! From a kernel's number, operands and scalars to what is launched: the one door, for JavaScript's calls and for programs.
const std = @import("std");
const report = @import("../abi/report.zig");
const elementwise = @import("elementwise.zig");
const kernels = @import("kernels.zig");
const sampling = @import("sample.zig");
const Launch = @import("launch.zig").Launch;
const Operand = @import("operand.zig").Operand;

pub const operands_max = 4;

const Arity = struct { operands: [2]usize, scalars: [2]usize };

fn arityOf(number: kernels.Number) Arity {
    return switch (number) {
        .copy, .cast => .{ .operands = .{ 2, 2 }, .scalars = .{ 0, 0 } },
        .fill => .{ .operands = .{ 1, 1 }, .scalars = .{ 1, 2 } },
        .arithmetic => .{ .operands = .{ 2, 3 }, .scalars = .{ 1, 3 } },
        .sample => .{ .operands = .{ 2, 4 }, .scalars = .{ sampling.scalar_count, sampling.scalar_count } },
    };
}

pub fn numberOf(number: u32) !kernels.Number {
    return std.enums.fromInt(kernels.Number, number) orelse report.fail(error.invalid_argument, "there is no kernel {d}.", .{number});
}

/// The operands lie in their memory (`Operand.require`); what is written comes first.
///
/// - copy: dst, a. Of different types: cast.
/// - cast: dst, a. The rules are those of `src/tensor/convert.ts`.
/// - fill: dst; a number, or the low and the high 32 bits of an element.
/// - arithmetic: dst, a, b; the operation. Or dst, a; the operation and its numbers. See `elementwise.Op`.
/// - sample: dst, src, boxes, indices; see `sample.zig`.
pub fn prepare(number: kernels.Number, operands: []const Operand, scalars: []const f64) !Launch {
    const arity = arityOf(number);
    if (operands.len < arity.operands[0] or operands.len > arity.operands[1] or scalars.len < arity.scalars[0] or scalars.len > arity.scalars[1])
        return report.fail(error.invalid_argument, "{s} does not take {d} operands and {d} numbers.", .{ @tagName(number), operands.len, scalars.len });
    return switch (number) {
        .copy => elementwise.copy(operands),
        .cast => elementwise.cast(operands),
        .fill => elementwise.fill(operands, scalars),
        .arithmetic => elementwise.arithmetic(operands, scalars),
        .sample => sampling.sample(operands, scalars),
    };
}
