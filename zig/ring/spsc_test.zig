const std = @import("std");
const Spsc = @import("spsc.zig").Spsc;
const Patience = @import("spsc.zig").Patience;
const futex = @import("../os/futex.zig");

const testing = std.testing;

fn make(num_buffers: u32) !*Spsc(u64) {
    return Spsc(u64).create(testing.allocator, num_buffers, "test");
}

test "the slot stays locked for writing until it is complete, and as many as were asked for fit" {
    for ([_]u32{ 1, 2, 3, 5, 8 }) |num_buffers| {
        const ring = try make(num_buffers);
        defer ring.destroy();
        // Several times around, and past the point where the counters wrap.
        for (0..7) |lap| {
            for (0..num_buffers) |i| {
                const slot = ring.writeLock().?;
                try testing.expectEqual(slot, ring.writeLock().?);
                slot.* = lap * 100 + i;
                try ring.writeComplete();
            }
            try testing.expectEqual(0, (try ring.reserve(1)).len);
            for (0..num_buffers) |i| try testing.expectEqual(lap * 100 + i, ring.readLock(.{}).?.*);
            try testing.expect(!ring.readAvailable());
            for (0..num_buffers) |_| try ring.readComplete();
        }
        try testing.expectError(error.not_locked, ring.readComplete());
        try testing.expectError(error.not_locked, ring.commit(1));
    }
}

test "batches are neighbours, end at the end of the memory, and a part of one can be committed" {
    const ring = try make(6);
    defer ring.destroy();
    var sent: u64 = 0;
    var seen: u64 = 0;
    for (0..50) |_| {
        const room = try ring.reserve(4);
        for (room, 0..) |*slot, i| slot.* = sent + i;
        const part = (room.len + 1) / 2;
        try ring.commit(part);
        sent += part;
        for (try ring.claim(3)) |value| {
            try testing.expectEqual(seen, value);
            seen += 1;
        }
        try ring.release(@intCast(ring.consumer.lockedCount()));
    }
    try testing.expect(seen > 50);
}

test "what was locked for reading comes again after readReset, without what was complete" {
    const ring = try make(4);
    defer ring.destroy();
    for (0..4) |i| try testing.expect(ring.write(i));
    for (0..3) |i| try testing.expectEqual(i, ring.readLock(.{}).?.*);
    try ring.readComplete();
    ring.readReset();
    for (1..4) |i| try testing.expectEqual(i, ring.readLock(.{}).?.*);
}

test "an invalid ring blocks nobody, and is empty and valid again after reset" {
    const ring = try make(1);
    defer ring.destroy();
    try testing.expect(ring.write(1));
    ring.invalidate();
    try testing.expect(!ring.isValid());
    try testing.expectEqual(null, ring.writeLock());
    try testing.expectEqual(null, ring.readLock(.{}));
    try testing.expect(!ring.write(2));
    try ring.writeComplete();
    try ring.readComplete();
    ring.reset();
    try testing.expect(ring.isValid() and !ring.readAvailable());
    try testing.expect(ring.write(3));
    try testing.expectEqual(3, ring.readLock(.{}).?.*);
}

fn transfer(count: u64, batch: usize) !void {
    const ring = try make(5);
    defer ring.destroy();
    const Writer = struct {
        fn run(to: *Spsc(u64), total: u64, most: usize) void {
            var next: u64 = 0;
            while (next < total) {
                const room = to.reserve(@min(most, total - next)) catch unreachable;
                for (room) |*slot| {
                    slot.* = next;
                    next += 1;
                }
                to.commit(room.len) catch unreachable;
                if (room.len == 0) to.producer.wait(std.time.ns_per_s);
            }
        }
    };
    const thread = try std.Thread.spawn(.{}, Writer.run, .{ ring, count, batch });
    defer thread.join();
    var seen: u64 = 0;
    while (seen < count) : (seen += 1) {
        try testing.expectEqual(seen, ring.readLock(.{}).?.*);
        if (seen % 2 == 1) try ring.release(2);
    }
}

test "everything arrives once and in order while both sides sleep and wake" {
    try transfer(20_000, 1);
    try transfer(20_000, 3);
}

test "invalidate wakes both sides, readReset a reader" {
    const ring = try make(1);
    defer ring.destroy();
    const Side = struct {
        fn write(to: *Spsc(u64), blocked: *bool) void {
            _ = to.write(1);
            blocked.* = !to.write(2);
        }
        fn read(from: *Spsc(u64), got: *[2]u64) void {
            for (got) |*value| value.* = (from.readLock(.{}) orelse return).*;
        }
    };
    var blocked = false;
    var got: [2]u64 = .{ 0, 0 };
    const writer = try std.Thread.spawn(.{}, Side.write, .{ ring, &blocked });
    const reader = try std.Thread.spawn(.{}, Side.read, .{ ring, &got });
    for (0..20) |_| futex.pause();
    // The reader holds the only slot and waits for a second one: it gets the first again.
    ring.readReset();
    reader.join();
    ring.invalidate();
    writer.join();
    try testing.expect(blocked);
    try testing.expectEqual([2]u64{ 1, 1 }, got);
}

test "a reader that waits is called back again and again until there is something" {
    const ring = try make(2);
    defer ring.destroy();
    const Caller = struct {
        ring: *Spsc(u64),
        calls: u64 = 0,
        fn call(context: ?*anyopaque) void {
            const self: *@This() = @ptrCast(@alignCast(context.?));
            self.calls += 1;
            if (self.calls == 3) _ = self.ring.write(9);
        }
    };
    var caller: Caller = .{ .ring = ring };
    const patience: Patience = .{ .timeout_ns = std.time.ns_per_ms, .context = &caller, .call = Caller.call };
    try testing.expectEqual(9, ring.readLock(patience).?.*);
    try testing.expectEqual(3, caller.calls);
}

test "positions that cannot be are an error, and no slot beyond the memory is handed out" {
    const ring = try make(4);
    defer ring.destroy();
    try testing.expect(ring.write(1));
    _ = ring.readLock(.{});
    var random = std.Random.DefaultPrng.init(1);
    for (0..1000) |_| {
        ring.header.write.store(random.random().int(u64), .monotonic);
        ring.header.read.store(random.random().int(u64), .monotonic);
        try testing.expectError(error.corrupt, ring.reserve(8));
        try testing.expectError(error.corrupt, ring.claim(8));
    }
}
