//! Which devices a system of N IPUs has: every aligned group of 1, 2, 4, … IPUs is one, in this order, by id from 0. A
//! group contains smaller ones, so devices overlap: of 4 IPUs there are 0 to 3, then 4 (IPUs 0 and 1), 5 (2 and 3), and
//! 6 (all).
const std = @import("std");

pub const ipus_max = 64;

/// The IPUs of one device.
pub const Group = struct {
    first: u32,
    size: u32,

    fn contains(self: Group, other: Group) bool {
        return other.size < self.size and other.first >= self.first and other.first + other.size <= self.first + self.size;
    }
};

pub fn deviceCount(ipus: u32) u32 {
    var count: u32 = 0;
    var size: u32 = 1;
    while (size <= ipus) : (size *= 2) count += ipus / size;
    return count;
}

/// Null: there is no device of this id.
pub fn group(ipus: u32, id: u32) ?Group {
    var left = id;
    var size: u32 = 1;
    while (size <= ipus) : (size *= 2) {
        if (left < ipus / size) return .{ .first = left * size, .size = size };
        left -= ipus / size;
    }
    return null;
}

/// Writes the ids of the devices that are parts of device `id`, as many as there is room for; returns how many there are.
pub fn children(ipus: u32, id: u32, ids: []u32) u32 {
    const parent = group(ipus, id) orelse return 0;
    var count: u32 = 0;
    for (0..id) |other| {
        if (!parent.contains(group(ipus, @intCast(other)).?)) continue;
        if (count < ids.len) ids[count] = @intCast(other);
        count += 1;
    }
    return count;
}

test "devices are enumerated by size, aligned, with their parts" {
    const cases = [_]struct { ipus: u32, count: u32 }{
        .{ .ipus = 0, .count = 0 }, .{ .ipus = 1, .count = 1 }, .{ .ipus = 2, .count = 3 },
        .{ .ipus = 3, .count = 4 }, .{ .ipus = 4, .count = 7 }, .{ .ipus = 16, .count = 31 },
    };
    for (cases) |case| {
        try std.testing.expectEqual(case.count, deviceCount(case.ipus));
        try std.testing.expectEqual(null, group(case.ipus, case.count));
    }
    try std.testing.expectEqual(Group{ .first = 2, .size = 1 }, group(4, 2));
    try std.testing.expectEqual(Group{ .first = 2, .size = 2 }, group(4, 5));
    try std.testing.expectEqual(Group{ .first = 0, .size = 4 }, group(4, 6));
    try std.testing.expectEqual(Group{ .first = 0, .size = 2 }, group(3, 3));
    var ids: [8]u32 = undefined;
    try std.testing.expectEqual(6, children(4, 6, &ids));
    try std.testing.expectEqualSlices(u32, &.{ 0, 1, 2, 3, 4, 5 }, ids[0..6]);
    try std.testing.expectEqual(2, children(4, 5, &ids));
    try std.testing.expectEqualSlices(u32, &.{ 2, 3 }, ids[0..2]);
    try std.testing.expectEqual(0, children(4, 1, &ids));
    try std.testing.expectEqual(6, children(4, 6, ids[0..1]));
}
