//! Rows of a tensor along one axis, copied between tensors that have different numbers of them.
const std = @import("std");

/// A tensor as `outer` blocks, each of which has all rows once, `row` bytes long.
pub const Layout = struct {
    outer: usize,
    row: usize,

    pub fn of(shape: []const i64, axis: usize, element_size: usize) Layout {
        var layout: Layout = .{ .outer = 1, .row = element_size };
        for (shape[0..axis]) |length| layout.outer *= @intCast(length);
        for (shape[axis + 1 ..]) |length| layout.row *= @intCast(length);
        return layout;
    }

    pub fn size(self: Layout, rows: usize) usize {
        return self.outer * self.row * rows;
    }
};

/// Some of the rows of a tensor of `total` rows.
pub fn Span(comptime Bytes: type) type {
    return struct { bytes: Bytes, total: usize, first: usize };
}

pub fn copy(layout: Layout, to: Span([]u8), from: Span([]const u8), rows: usize) void {
    const length = rows * layout.row;
    for (0..layout.outer) |block| {
        const target = (block * to.total + to.first) * layout.row;
        const source = (block * from.total + from.first) * layout.row;
        @memcpy(to.bytes[target..][0..length], from.bytes[source..][0..length]);
    }
}

pub fn zero(layout: Layout, to: Span([]u8), rows: usize) void {
    for (0..layout.outer) |block| @memset(to.bytes[(block * to.total + to.first) * layout.row ..][0 .. rows * layout.row], 0);
}

test "rows of an inner axis go to their places, and the rest stays" {
    const layout: Layout = .of(&.{ 2, 9, 3 }, 1, 1);
    var batch: [2 * 4 * 3]u8 = @splat('.');
    copy(layout, .{ .bytes = &batch, .total = 4, .first = 1 }, .{ .bytes = "aaabbbcccdddeeefff", .total = 3, .first = 1 }, 2);
    try std.testing.expectEqualStrings("...bbbccc......eeefff...", &batch);
    zero(layout, .{ .bytes = &batch, .total = 4, .first = 3 }, 1);
    try std.testing.expectEqualStrings("...bbbccc\x00\x00\x00...eeefff\x00\x00\x00", &batch);
}

test "what is gathered and scattered again is what it was" {
    var random = std.Random.DefaultPrng.init(7);
    for (0..200) |_| {
        const r = random.random();
        const outer = r.intRangeAtMost(i64, 1, 3);
        const inner = r.intRangeAtMost(i64, 1, 5);
        const layout: Layout = .of(&.{ outer, 0, inner }, 1, 2);
        const rows = [_]usize{ r.uintLessThan(usize, 4), r.uintLessThan(usize, 4), r.uintLessThan(usize, 4) };
        const total = rows[0] + rows[1] + rows[2];
        var memory: [3][512]u8 = undefined;
        var batch: [2048]u8 = undefined;
        for (&memory) |*bytes| r.bytes(bytes);
        var at: usize = 0;
        for (&memory, rows) |*bytes, count| {
            copy(layout, .{ .bytes = &batch, .total = total, .first = at }, .{ .bytes = bytes, .total = count, .first = 0 }, count);
            at += count;
        }
        at = 0;
        for (&memory, rows) |*bytes, count| {
            var back: [512]u8 = undefined;
            copy(layout, .{ .bytes = &back, .total = count, .first = 0 }, .{ .bytes = &batch, .total = total, .first = at }, count);
            try std.testing.expectEqualSlices(u8, bytes[0..layout.size(count)], back[0..layout.size(count)]);
            at += count;
        }
    }
}
