//! What a kernel is given, by value: the structs of params.h, field for field. Both sides assert the layout.
const std = @import("std");

pub const axes_max = 8;

pub const Operand = extern struct {
    address: u64 = 0,
    strides: [axes_max]i64 = @splat(0),
};

/// Where arithmetic's second argument comes from.
pub const Second = enum(u32) { operand, scalar, real };

pub const Elementwise = extern struct {
    count: u64 = 0,
    shape: [axes_max]u64 = @splat(1),
    dst: Operand = .{},
    a: Operand = .{},
    b: Operand = .{},
    ndim: u32 = 1,
    dtype: u32 = 0,
    a_dtype: u32 = 0,
    width: u32 = 0,
    op: u32 = 0,
    second: Second = .operand,
    x: f64 = 0,
    y: f64 = 0,
    bits: u64 = 0,
};

pub const Sample = extern struct {
    dst: u64 = 0,
    dst_strides: [4]i64 = @splat(0),
    src: u64 = 0,
    src_strides: [4]i64 = @splat(0),
    images: u64 = 0,
    height: u64 = 0,
    width: u64 = 0,
    src_images: u64 = 0,
    src_height: u64 = 0,
    src_width: u64 = 0,
    boxes: u64 = 0,
    box_strides: [2]i64 = @splat(0),
    indices: u64 = 0,
    index_stride: i64 = 0,
    padding_bits: u64 = 0,
    dst_dtype: u32 = 0,
    src_dtype: u32 = 0,
    channels: u32 = 0,
    src_channels: u32 = 0,
    bilinear: u32 = 0,
    letterbox: u32 = 0,
    exact: u32 = 0,
    element: u32 = 0,
    map: [4]i32 = @splat(0),
    weights: [4]f32 = @splat(0),
    scale: [4]f32 = @splat(1),
    bias: [4]f32 = @splat(0),
    padding: f32 = 0,
    reserved: u32 = 0,
};

comptime {
    const Place = struct { []const u8, usize };
    for ([_]Place{ .{ "shape", 8 }, .{ "dst", 72 }, .{ "b", 216 }, .{ "ndim", 288 }, .{ "second", 308 }, .{ "x", 312 }, .{ "bits", 328 } }) |place|
        std.debug.assert(@offsetOf(Elementwise, place[0]) == place[1]);
    std.debug.assert(@sizeOf(Elementwise) == 336);
    for ([_]Place{ .{ "src", 40 }, .{ "images", 80 }, .{ "boxes", 128 }, .{ "indices", 152 }, .{ "padding_bits", 168 }, .{ "dst_dtype", 176 }, .{ "map", 208 }, .{ "scale", 240 }, .{ "padding", 272 } }) |place|
        std.debug.assert(@offsetOf(Sample, place[0]) == place[1]);
    std.debug.assert(@sizeOf(Sample) == 280);
}
