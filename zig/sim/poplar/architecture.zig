//! What is known of the IPU architectures, by the number in their names: "ipu1", "ipu2" (GC200 and Bow), "ipu21" (C600).
const std = @import("std");

pub const unknown = -1;

pub const Architecture = struct { tiles: u32, bytes_per_tile: u64 };

pub fn of(version: i32) ?Architecture {
    return switch (version) {
        1 => .{ .tiles = 1216, .bytes_per_tile = 256 * 1024 },
        // An unknown one is like the second.
        2, 21, unknown => .{ .tiles = 1472, .bytes_per_tile = 624 * 1024 },
        else => null,
    };
}

/// No architecture has as many; a limit for models, whose number of tiles is free.
pub const tiles_max = 1 << 16;

test "tiles and memory of each architecture" {
    try std.testing.expectEqual(1216, of(1).?.tiles);
    try std.testing.expectEqual(1472, of(2).?.tiles);
    try std.testing.expectEqual(of(2), of(21));
    try std.testing.expectEqual(null, of(3));
}
