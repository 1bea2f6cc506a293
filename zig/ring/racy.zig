//! Two threads add to one plain word. ThreadSanitizer must report it, or it does not look (`zig build test-tsan`).
const std = @import("std");

var word: u64 = 0;

fn add() void {
    for (0..1000) |_| {
        word += 1;
        std.mem.doNotOptimizeAway(word);
    }
}

pub fn main() !void {
    const other = try std.Thread.spawn(.{}, add, .{});
    add();
    other.join();
}
