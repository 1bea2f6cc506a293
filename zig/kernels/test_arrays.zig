//! Arrays for tests of kernels.
const std = @import("std");
const ElementType = @import("element_type.zig").ElementType;
const Launch = @import("launch.zig").Launch;
const Operand = @import("operand.zig").Operand;

const testing = std.testing;
const Random = std.Random;

/// A view of random strides over memory of its own: axes in any order, gaps, both directions.
pub const View = struct {
    operand: Operand,
    memory: []align(16) u8,

    pub fn random(source: Random, dtype: ElementType, shape: []const u64) !View {
        var order: [8]usize = undefined;
        for (order[0..shape.len], 0..) |*axis, i| axis.* = i;
        if (source.boolean()) source.shuffle(usize, order[0..shape.len]);
        var operand: Operand = .{ .address = 0, .dtype = dtype, .ndim = @intCast(shape.len) };
        @memcpy(operand.shape[0..shape.len], shape);
        var elements: u64 = 1;
        var first: u64 = 0;
        var i = shape.len;
        while (i > 0) {
            i -= 1;
            const axis = order[i];
            elements *= if (source.uintLessThan(u8, 4) == 0) 2 else 1;
            operand.strides[axis] = @intCast(elements);
            if (source.uintLessThan(u8, 4) == 0) {
                operand.strides[axis] = -operand.strides[axis];
                first += (shape[axis] -| 1) * elements;
            }
            elements *= shape[axis];
        }
        const memory = try testing.allocator.alignedAlloc(u8, .@"16", @max(elements, 1) * dtype.size());
        source.bytes(memory);
        operand.address = @intFromPtr(memory.ptr) + first * dtype.size();
        return .{ .operand = operand, .memory = memory };
    }

    pub fn deinit(self: View) void {
        testing.allocator.free(self.memory);
    }

    pub fn at(self: *const View, comptime T: type, index: []const u64) *T {
        var address: i128 = self.operand.address;
        for (index, self.operand.strides[0..index.len]) |i, stride| address += @as(i128, i) * stride * @sizeOf(T);
        return @ptrFromInt(@as(usize, @intCast(address)));
    }
};

/// All indices of a shape, in row-major order.
pub const Indices = struct {
    shape: []const u64,
    at: [8]u64 = @splat(0),
    begun: bool = false,

    pub fn next(self: *Indices) ?[]const u64 {
        if (!self.begun) {
            self.begun = true;
            for (self.shape) |size| if (size == 0) return null;
            return self.at[0..self.shape.len];
        }
        var axis = self.shape.len;
        while (axis > 0) {
            axis -= 1;
            self.at[axis] += 1;
            if (self.at[axis] < self.shape[axis]) return self.at[0..self.shape.len];
            self.at[axis] = 0;
        }
        return null;
    }
};

/// In pieces of odd sizes, as several threads would share it.
pub fn runInPieces(source: Random, launch: *const Launch) void {
    var at: u64 = 0;
    while (at < launch.items()) {
        const end = at + 1 + source.uintLessThan(u64, 37);
        launch.run(at, end);
        at = end;
    }
}

pub fn randomShape(source: Random, buffer: *[8]u64) []const u64 {
    const shape = buffer[0..source.uintAtMost(usize, 8)];
    for (shape) |*size| size.* = source.uintAtMost(u64, if (shape.len > 4) 3 else 9);
    return shape;
}

/// The same view of a copy of its memory. The copy need not be aligned for vectors.
pub fn shifted(operand: Operand, memory: []u8, other: []u8) Operand {
    var moved = operand;
    moved.address = operand.address - @intFromPtr(memory.ptr) + @intFromPtr(other.ptr);
    return moved;
}

/// Row-major, without gaps.
pub fn dense(address: usize, dtype: ElementType, shape: []const u64) Operand {
    var operand: Operand = .{ .address = address, .dtype = dtype, .ndim = @intCast(shape.len) };
    @memcpy(operand.shape[0..shape.len], shape);
    var stride: i64 = 1;
    var axis = shape.len;
    while (axis > 0) {
        axis -= 1;
        operand.strides[axis] = stride;
        stride *= @intCast(shape[axis]);
    }
    return operand;
}
