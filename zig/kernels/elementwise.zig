//! What the elementwise kernels are given, out of operands and numbers. The operands were checked against their memory.
const std = @import("std");
const report = @import("../abi/report.zig");
const frames = @import("frame.zig");
const kernels = @import("kernels.zig");
const params = @import("params.zig");
const ElementType = @import("element_type.zig").ElementType;
const Launch = @import("launch.zig").Launch;
const Operand = @import("operand.zig").Operand;

pub const Op = enum(u32) { add, subtract, multiply, divide, reversed_subtract, reversed_divide, absolute, scale };

/// `dst`, `a`. Elements of the same type keep their bits.
pub fn copy(operands: []const Operand) !Launch {
    if (operands[0].dtype != operands[1].dtype) return cast(operands);
    var given = try start(operands);
    given.width = @intCast(operands[0].dtype.size());
    widen(&given);
    return .{ .number = .copy, .given = .{ .elementwise = given } };
}

/// `dst`, `a`.
pub fn cast(operands: []const Operand) anyerror!Launch {
    if (operands[0].dtype == operands[1].dtype) return copy(operands);
    return .{ .number = .cast, .given = .{ .elementwise = try start(operands) } };
}

/// `dst`. Scalars: a number that is converted as `cast` does; or the low and the high 32 bits of an element.
pub fn fill(operands: []const Operand, scalars: []const f64) !Launch {
    var given = try start(operands);
    const dtype = operands[0].dtype;
    given.width = @intCast(dtype.size());
    given.bits = if (scalars.len == 1) try bitsOf(scalars[0], dtype) else try word(scalars[0]) | try word(scalars[1]) << 32;
    return .{ .number = .fill, .given = .{ .elementwise = given } };
}

fn word(number: f64) !u64 {
    if (number >= 0 and number <= std.math.maxInt(u32) and @floor(number) == number) return @intFromFloat(number);
    return report.fail(error.invalid_argument, "{d} is no word of 32 bits.", .{number});
}

/// `dst`, `a` and, unless numbers stand in for it, `b`; all of one type. Scalars: the operation, then its numbers.
pub fn arithmetic(operands: []const Operand, scalars: []const f64) !Launch {
    const dtype = operands[0].dtype;
    if (!dtype.isArithmetic()) return report.fail(error.wrong_dtype, "there is no arithmetic of {s} elements.", .{@tagName(dtype)});
    for (operands[1..]) |operand| if (operand.dtype != dtype)
        return report.fail(error.wrong_dtype, "the operands are {s} and {s}.", .{ @tagName(dtype), @tagName(operand.dtype) });
    const op = try opOf(scalars[0]);
    const wanted: usize = if (operands.len == 3) 0 else switch (op) {
        .absolute => 0,
        .scale => 2,
        else => 1,
    };
    if (scalars.len != 1 + wanted or (operands.len == 3 and (op == .absolute or op == .scale)))
        return report.fail(error.invalid_argument, "{s} does not take {d} operands and {d} numbers.", .{ @tagName(op), operands.len, scalars.len - 1 });
    var given = try start(operands);
    given.op = @intFromEnum(op);
    if (wanted > 0) given.x = scalars[1];
    if (wanted > 1) given.y = scalars[2];
    if (operands.len == 2) try useScalar(&given, op, dtype);
    return .{ .number = .arithmetic, .given = .{ .elementwise = given } };
}

fn opOf(number: f64) !Op {
    const code = std.math.lossyCast(u32, number);
    if (@as(f64, @floatFromInt(code)) != number) return report.fail(error.invalid_argument, "there is no operation {d}.", .{number});
    return std.enums.fromInt(Op, code) orelse report.fail(error.invalid_argument, "there is no operation {d}.", .{number});
}

/// A number that an integer type has takes part as an element; any other is computed with in float64, never rounded first.
fn useScalar(given: *params.Elementwise, op: Op, dtype: ElementType) !void {
    given.second = if (op == .scale) .real else .scalar;
    if (!dtype.isInteger() or op == .scale or op == .absolute) return;
    given.bits = try bitsOf(given.x, dtype);
    if (try numberOf(given.bits, dtype) != given.x or @abs(given.x) > 1 << 53) given.second = .real;
}

fn start(operands: []const Operand) !params.Elementwise {
    const frame = try frames.of(operands);
    return .{
        .count = frame.count,
        .shape = frame.shape,
        .ndim = frame.ndim,
        .dst = frame.operands[0],
        .a = frame.operands[1],
        .b = frame.operands[2],
        .dtype = @intFromEnum(operands[0].dtype),
        .a_dtype = if (operands.len > 1) @intFromEnum(operands[1].dtype) else 0,
    };
}

/// Dense elements move in larger pieces, up to 16 bytes, where everything is a multiple of them.
fn widen(given: *params.Elementwise) void {
    const last = given.ndim - 1;
    while (given.width < 16) {
        const width: i64 = given.width;
        if (given.dst.strides[last] != width or given.a.strides[last] != width) return;
        const twice: u64 = given.width * 2;
        if (given.shape[last] % 2 != 0 or given.dst.address % twice != 0 or given.a.address % twice != 0) return;
        for (given.dst.strides[0..last], given.a.strides[0..last]) |a, b| if (@mod(a, 2 * width) != 0 or @mod(b, 2 * width) != 0) return;
        given.width *= 2;
        given.shape[last] /= 2;
        given.count /= 2;
        given.dst.strides[last] *= 2;
        given.a.strides[last] *= 2;
    }
}

/// An element of the value, by the same code as arrays are converted with.
pub fn bitsOf(value: f64, dtype: ElementType) !u64 {
    var bits: u64 align(16) = 0;
    try convert(&value, .float64, &bits, dtype);
    return bits;
}

fn numberOf(bits: u64, dtype: ElementType) !f64 {
    var value: f64 = 0;
    try convert(&bits, dtype, &value, .float64);
    return value;
}

fn convert(from: *const anyopaque, from_dtype: ElementType, to: *anyopaque, to_dtype: ElementType) !void {
    const launch = try cast(&.{
        .{ .address = @intFromPtr(to), .dtype = to_dtype },
        .{ .address = @intFromPtr(from), .dtype = from_dtype },
    });
    launch.run(0, 1);
}
