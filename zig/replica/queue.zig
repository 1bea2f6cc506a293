//! A fixed ring of request numbers, first in, first out. The capacity is the number of requests there can be and each
//! is in it at most once, so it is never over-full. Not thread-safe: its owner has a lock.
const std = @import("std");

pub const Queue = struct {
    items: []u32,
    first: usize = 0,
    length: usize = 0,

    pub fn create(allocator: std.mem.Allocator, capacity: usize) !Queue {
        return .{ .items = try allocator.alloc(u32, capacity) };
    }

    pub fn destroy(self: *Queue, allocator: std.mem.Allocator) void {
        allocator.free(self.items);
    }

    pub fn push(self: *Queue, item: u32) void {
        std.debug.assert(self.length < self.items.len);
        self.at(self.length).* = item;
        self.length += 1;
    }

    pub fn pop(self: *Queue) ?u32 {
        if (self.length == 0) return null;
        const item = self.at(0).*;
        self.first = (self.first + 1) % self.items.len;
        self.length -= 1;
        return item;
    }

    /// Takes `item` out of the middle; the others keep their order.
    pub fn remove(self: *Queue, item: u32) bool {
        for (0..self.length) |index| {
            if (self.at(index).* != item) continue;
            for (index + 1..self.length) |later| self.at(later - 1).* = self.at(later).*;
            self.length -= 1;
            return true;
        }
        return false;
    }

    pub fn clear(self: *Queue) void {
        self.length = 0;
    }

    fn at(self: *Queue, index: usize) *u32 {
        return &self.items[(self.first + index) % self.items.len];
    }
};

test "a queue gives items in order, also around its end and with some taken out" {
    var queue = try Queue.create(std.testing.allocator, 4);
    defer queue.destroy(std.testing.allocator);
    for (0..3) |round| {
        const base: u32 = @intCast(round * 10);
        for (0..4) |i| queue.push(base + @as(u32, @intCast(i)));
        try std.testing.expect(queue.remove(base + 1));
        try std.testing.expect(!queue.remove(base + 1));
        for ([_]u32{ 0, 2, 3 }) |i| try std.testing.expectEqual(base + i, queue.pop().?);
        try std.testing.expectEqual(null, queue.pop());
        queue.push(base + 9);
        queue.clear();
    }
}
