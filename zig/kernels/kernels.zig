//! Every kernel by the number that JavaScript calls it by and by the name that its PTX has.
const std = @import("std");
const params = @import("params.zig");
const ElementType = @import("element_type.zig").ElementType;
const Elementwise = params.Elementwise;
const Sample = params.Sample;

/// Memory that a kernel may touch.
pub const Span = struct { address: u64, size: u64, written: bool };
pub const spans_max = 4;

pub const Kernel = struct {
    /// The entry's name in PTX. It takes one struct, by value, and may be launched on any grid of one dimension.
    name: [:0]const u8,
    params_size: usize,
    /// How many items there are to share among threads.
    items: *const fn (given: *const anyopaque) u64,
    /// The kernel's host build, over the items from `begin` to `end`; `given` is aligned to 8 bytes.
    run: *const fn (given: *const anyopaque, begin: u64, end: u64) callconv(.c) void,
    /// What it touches, each as one range from the lowest byte to the highest.
    spans: *const fn (given: *const anyopaque, out: *[spans_max]Span) []Span,
};

pub const Number = enum(u32) { copy, cast, fill, arithmetic, sample };

pub const table = [_]Kernel{
    elementwise("mr_copy", mr_copy),
    elementwise("mr_cast", mr_cast),
    elementwise("mr_fill", mr_fill),
    elementwise("mr_arithmetic", mr_arithmetic),
    .{ .name = "mr_sample", .params_size = @sizeOf(Sample), .items = sampleItems, .run = mr_sample, .spans = sampleSpans },
};

pub fn get(number: Number) *const Kernel {
    return &table[@intFromEnum(number)];
}

pub fn find(name: []const u8) ?*const Kernel {
    for (&table) |*kernel| if (std.mem.eql(u8, kernel.name, name)) return kernel;
    return null;
}

extern fn mr_copy(given: *const anyopaque, begin: u64, end: u64) callconv(.c) void;
extern fn mr_cast(given: *const anyopaque, begin: u64, end: u64) callconv(.c) void;
extern fn mr_fill(given: *const anyopaque, begin: u64, end: u64) callconv(.c) void;
extern fn mr_arithmetic(given: *const anyopaque, begin: u64, end: u64) callconv(.c) void;
extern fn mr_sample(given: *const anyopaque, begin: u64, end: u64) callconv(.c) void;

fn elementwise(comptime name: [:0]const u8, run: *const fn (*const anyopaque, u64, u64) callconv(.c) void) Kernel {
    return .{ .name = name, .params_size = @sizeOf(Elementwise), .items = elementwiseItems, .run = run, .spans = elementwiseSpans };
}

fn elementwiseItems(given: *const anyopaque) u64 {
    return @as(*const Elementwise, @ptrCast(@alignCast(given))).count;
}

fn elementwiseSpans(given: *const anyopaque, out: *[spans_max]Span) []Span {
    const p: *const Elementwise = @ptrCast(@alignCast(given));
    if (p.count == 0) return out[0..0];
    const ndim = @min(p.ndim, params.axes_max);
    var count: usize = 0;
    for ([_]*const params.Operand{ &p.dst, &p.a, &p.b }, [_]u32{ p.dtype, p.a_dtype, p.dtype }) |operand, dtype| {
        if (operand.address == 0) continue;
        const element = if (p.width != 0) p.width else sizeOf(dtype);
        out[count] = spanOf(operand.address, p.shape[0..ndim], operand.strides[0..ndim], element, count == 0);
        count += 1;
    }
    return out[0..count];
}

fn sampleItems(given: *const anyopaque) u64 {
    const p: *const Sample = @ptrCast(@alignCast(given));
    return p.images *% p.height *% p.width;
}

fn sampleSpans(given: *const anyopaque, out: *[spans_max]Span) []Span {
    const p: *const Sample = @ptrCast(@alignCast(given));
    if (sampleItems(given) == 0) return out[0..0];
    out[0] = spanOf(p.dst, &.{ p.images, p.height, p.width, p.channels }, &p.dst_strides, sizeOf(p.dst_dtype), true);
    out[1] = spanOf(p.src, &.{ p.src_images, p.src_height, p.src_width, p.src_channels }, &p.src_strides, sizeOf(p.src_dtype), false);
    var count: usize = 2;
    if (p.boxes != 0) {
        out[count] = spanOf(p.boxes, &.{ p.images, 4 }, &p.box_strides, 4, false);
        count += 1;
    }
    if (p.indices != 0) {
        out[count] = spanOf(p.indices, &.{p.images}, &.{p.index_stride}, 4, false);
        count += 1;
    }
    return out[0..count];
}

fn sizeOf(dtype: u32) u64 {
    return (std.enums.fromInt(ElementType, dtype) orelse return 8).size();
}

/// Strides in bytes. Wraps where the numbers are nonsense: the range is then in nobody's memory.
fn spanOf(address: u64, shape: []const u64, strides: []const i64, element: u64, written: bool) Span {
    var low = address;
    var size = element;
    for (shape, strides) |axis, stride| {
        if (axis == 0) return .{ .address = address, .size = 0, .written = written };
        const reach = (axis - 1) *% @abs(stride);
        if (stride < 0) low -%= reach;
        size +%= reach;
    }
    return .{ .address = low, .size = size, .written = written };
}
