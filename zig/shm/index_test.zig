const std = @import("std");
const linux = std.os.linux;
const layout = @import("layout.zig");
const index = @import("index.zig");
const testing = std.testing;

/// Tables that no file stands behind.
fn tables() !*layout.Control {
    const result = linux.mmap(null, @sizeOf(layout.Control), .{ .READ = true, .WRITE = true }, .{ .TYPE = .PRIVATE, .ANONYMOUS = true, .NORESERVE = true }, -1, 0);
    if (linux.errno(result) != .SUCCESS) return error.OutOfMemory;
    return @ptrFromInt(result);
}

fn end(control: *layout.Control) void {
    _ = linux.munmap(@ptrCast(control), @sizeOf(layout.Control));
}

/// `crowd`: the hash is cut to so few values that probe sequences meet, and wrap around the end of the table.
fn keyOf(number: u32, crowd: u64) index.Key {
    var buffer: [16]u8 = undefined;
    var key: index.Key = .init(std.fmt.bufPrint(&buffer, "name {d}", .{number}) catch unreachable);
    if (crowd > 0) key.hash = layout.index_max - 1 - key.hash % crowd;
    return key;
}

fn fill(control: *layout.Control, record: u32, key: *const index.Key) void {
    control.records[record].hash = key.hash;
    control.records[record].name_length = key.length;
    control.records[record].name = key.bytes;
}

test "the index finds what a map finds, over seeded insertions, replacements and erasures" {
    const names = 600;
    for ([_]u64{ 0, 1, 7, 40 }, 0..) |crowd, seed| {
        var random = std.Random.DefaultPrng.init(seed);
        const control = try tables();
        defer end(control);
        control.header.record_end = names * 2;
        // Each name has two records, so that replacing changes which one is shown.
        var shown: [names]?u32 = @splat(null);
        for (0..6_000) |_| {
            const number = random.random().uintLessThan(u32, names);
            const key = keyOf(number, crowd);
            const found = index.find(control, &key);
            try testing.expectEqual(shown[number], if (found) |place| place.record else null);
            if (found) |place| {
                if (random.random().boolean()) {
                    index.erase(control, place.position);
                    shown[number] = null;
                } else {
                    const other = if (place.record == number * 2) number * 2 + 1 else number * 2;
                    fill(control, other, &key);
                    index.replace(control, place.position, other);
                    shown[number] = other;
                }
            } else {
                fill(control, number * 2, &key);
                try testing.expect(index.insert(control, key.hash, number * 2));
                shown[number] = number * 2;
            }
        }
        for (shown, 0..) |record, number| {
            const key = keyOf(@intCast(number), crowd);
            try testing.expectEqual(record, if (index.find(control, &key)) |place| place.record else null);
            if (index.find(control, &key)) |place| index.erase(control, place.position);
        }
        for (&control.index) |*entry| try testing.expectEqual(0, entry.load(.monotonic));
    }
}

test "an index full of anything ends every search" {
    const control = try tables();
    defer end(control);
    control.header.record_end = std.math.maxInt(u32);
    for (&control.index, 0..) |*entry, at| entry.store(if (at % 2 == 0) 0xffff_ffff else 1, .monotonic);
    const key = keyOf(0, 0);
    try testing.expectEqual(null, index.find(control, &key));
    try testing.expect(!index.insert(control, key.hash, 0));
    index.erase(control, 0);
}

test "hashes are XXH64, with the seed that the layout's description names" {
    // The reference implementation's own vectors.
    try testing.expectEqual(0xef46db3751d8e999, std.hash.XxHash64.hash(0, ""));
    try testing.expectEqual(0xd24ec4f1a98c6e5b, std.hash.XxHash64.hash(0, "a"));
    try testing.expectEqual(std.hash.XxHash64.hash(0x6d696c6c, "scan"), index.hashOf("scan"));
}
