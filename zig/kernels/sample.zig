//! What the image kernel is given. Axes of images: image, row, column, channel; the layout is in the strides.
const std = @import("std");
const report = @import("../abi/report.zig");
const elementwise = @import("elementwise.zig");
const frames = @import("frame.zig");
const params = @import("params.zig");
const ElementType = @import("element_type.zig").ElementType;
const Launch = @import("launch.zig").Launch;
const Operand = @import("operand.zig").Operand;

/// Interpolation, letterbox, padding, four channels' sources, three weights, four scales, four biases.
pub const scalar_count = 18;
/// Positions are computed in twice the product of two sizes.
const side_max = 1 << 30;

/// `dst`, `src`, then boxes (two axes) and source indices (one axis), each or none.
pub fn sample(operands: []const Operand, scalars: []const f64) !Launch {
    const dst = &operands[0];
    const src = &operands[1];
    for (operands[0..2]) |operand| if (operand.ndim != 4) return report.fail(error.invalid_shape, "images have four axes, not {d}.", .{operand.ndim});
    var given: params.Sample = .{
        .dst = dst.address,
        .dst_strides = bytes(dst),
        .src = src.address,
        .src_strides = bytes(src),
        .images = dst.shape[0],
        .height = dst.shape[1],
        .width = dst.shape[2],
        .src_images = src.shape[0],
        .src_height = src.shape[1],
        .src_width = src.shape[2],
        .dst_dtype = @intFromEnum(dst.dtype),
        .src_dtype = @intFromEnum(src.dtype),
    };
    try requireSizes(dst, src);
    given.channels = @intCast(dst.shape[3]);
    given.src_channels = @intCast(src.shape[3]);
    try requireApart(dst);
    for (operands[2..]) |*operand| try addSelection(&given, operand);
    if (given.indices == 0 and given.src_images != given.images)
        return report.fail(error.wrong_shape, "{d} images become {d}, without indices that say which.", .{ given.src_images, given.images });
    try readScalars(&given, scalars);
    if (isExact(&given)) {
        given.exact = 1;
        given.element = @intCast(dst.dtype.size());
        given.padding_bits = try elementwise.bitsOf(scalars[2], dst.dtype);
    }
    if (dst.isEmpty()) given.images = 0;
    return .{ .number = .sample, .given = .{ .sample = given } };
}

fn bytes(operand: *const Operand) [4]i64 {
    var strides: [4]i64 = undefined;
    for (operand.strides[0..4], &strides) |stride, *wide| wide.* = stride * @as(i64, @intCast(operand.dtype.size()));
    return strides;
}

fn requireSizes(dst: *const Operand, src: *const Operand) !void {
    if (dst.shape[3] == 0 or dst.shape[3] > 4) return report.fail(error.invalid_shape, "images have 1 to 4 channels, not {d}.", .{dst.shape[3]});
    for ([_]*const Operand{ dst, src }) |operand| for (operand.shape[1..4]) |size| if (size > side_max)
        return report.fail(error.invalid_shape, "an image of {any} is beyond 2^30 a side.", .{operand.shape[1..4]});
    if (!dst.isEmpty()) for (src.shape[1..4]) |size| if (size == 0)
        return report.fail(error.invalid_shape, "images of {any} have no pixels.", .{src.shape[1..4]});
}

fn requireApart(dst: *const Operand) !void {
    const Axis = struct {
        size: u64,
        strides: [1]i64,

        fn isOuter(_: void, a: @This(), b: @This()) bool {
            return a.strides[0] > b.strides[0];
        }
    };
    if (dst.isEmpty()) return;
    var axes: [4]Axis = undefined;
    var count: usize = 0;
    for (dst.shape[0..4], dst.strides[0..4]) |size, stride| {
        if (size == 1) continue;
        axes[count] = .{ .size = size, .strides = .{@intCast(@abs(stride) * dst.dtype.size())} };
        count += 1;
    }
    std.sort.insertion(Axis, axes[0..count], {}, Axis.isOuter);
    try frames.requireApart(axes[0..count], dst.dtype.size());
}

fn addSelection(given: *params.Sample, operand: *const Operand) !void {
    const boxes = operand.ndim == 2;
    if (operand.dtype != .int32) return report.fail(error.wrong_dtype, "boxes and indices are int32, not {s}.", .{@tagName(operand.dtype)});
    if (!boxes and operand.ndim != 1 or operand.shape[0] != given.images or boxes and operand.shape[1] != 4)
        return report.fail(error.wrong_shape, "{any} are neither boxes nor indices of {d} images.", .{ operand.shape[0..operand.ndim], given.images });
    const taken = if (boxes) given.boxes != 0 else given.indices != 0;
    if (taken) return report.fail(error.invalid_argument, "boxes or indices are there twice.", .{});
    if (boxes) {
        given.boxes = operand.address;
        given.box_strides = .{ operand.strides[0] * 4, operand.strides[1] * 4 };
    } else {
        given.indices = operand.address;
        given.index_stride = operand.strides[0] * 4;
    }
}

fn readScalars(given: *params.Sample, scalars: []const f64) !void {
    given.bilinear = try flag(scalars[0]);
    given.letterbox = try flag(scalars[1]);
    given.padding = @floatCast(scalars[2]);
    for (scalars[3..7], &given.map, 0..) |number, *from, channel| {
        from.* = 0;
        if (channel >= given.channels) continue;
        const weighed = number == -1 and given.src_channels >= 3;
        if (!weighed and !(number >= 0 and number < @as(f64, @floatFromInt(given.src_channels)) and @floor(number) == number))
            return report.fail(error.invalid_argument, "channel {d} comes from {d}, the source has {d}.", .{ channel, number, given.src_channels });
        from.* = @intFromFloat(number);
    }
    for (scalars[7..10], given.weights[0..3]) |number, *weight| weight.* = @floatCast(number);
    for (scalars[10..14], &given.scale) |number, *scale| scale.* = @floatCast(number);
    for (scalars[14..18], &given.bias) |number, *bias| bias.* = @floatCast(number);
}

fn flag(number: f64) !u32 {
    if (number == 0) return 0;
    if (number == 1) return 1;
    return report.fail(error.invalid_argument, "{d} is neither 0 nor 1.", .{number});
}

/// Pixels that only move keep their bits, which float32 does not do for every type.
fn isExact(given: *const params.Sample) bool {
    if (given.bilinear == 1 or given.src_dtype != given.dst_dtype) return false;
    for (given.map[0..given.channels], given.scale[0..given.channels], given.bias[0..given.channels]) |from, scale, bias| {
        if (from < 0 or scale != 1 or bias != 0) return false;
    }
    return true;
}
