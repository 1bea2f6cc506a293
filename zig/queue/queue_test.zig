//! Queues driven as a session drives them: a thread per scenario calls the streams, this one is JavaScript's.
const std = @import("std");
const futex = @import("../os/futex.zig");
const threads = @import("../abi/thread.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;
const Stream = @import("../session/stream.zig").Stream;
const Event = @import("events.zig").Event;
const Kind = @import("events.zig").Kind;
const Queue = @import("queue.zig").Queue;
const Set = @import("set.zig").Set;

const expectEqual = std.testing.expectEqual;
const expect = std.testing.expect;

/// A set with one queue to the device and one from it, whose batches have four bytes.
const Scene = struct {
    thread: *threads.Thread,
    set: *Set,
    in: *Queue,
    out: *Queue,

    fn open(count: u32, timeout_ns: u64) !Scene {
        const thread = try threads.attach();
        const set = try Set.create(thread, timeout_ns);
        return .{
            .thread = thread,
            .set = set,
            .in = try set.find(try set.add(.{ .direction = .input, .batch = 4, .count = count })),
            .out = try set.find(try set.add(.{ .direction = .output, .batch = 4, .count = count })),
        };
    }

    fn close(self: Scene) void {
        Set.drop(self.set);
        threads.detach(self.thread);
    }

    fn put(self: Scene, queue: *Queue, bytes: []const u8) !bool {
        const mapping = try Mapping.anonymous(bytes.len);
        @memcpy(mapping.slice(), bytes);
        return self.putMapping(queue, mapping);
    }

    fn putMapping(self: Scene, queue: *Queue, mapping: *Mapping) bool {
        self.set.lock();
        defer self.set.unlock();
        if (queue.enqueue(mapping, mapping.slice(), .{ .start = true, .complete = true })) return true;
        mapping.release();
        return false;
    }

    fn flush(self: Scene, queue: *Queue) bool {
        self.set.lock();
        defer self.set.unlock();
        return queue.enqueue(null, @as([*]u8, undefined)[0..queue.lacking()], .{});
    }

    fn next(self: Scene) ?Event {
        self.set.lock();
        defer self.set.unlock();
        return self.set.next();
    }

    fn expectEvents(self: Scene, comptime expected: []const struct { Kind, u64 }) !void {
        inline for (expected) |one| {
            const event = self.next() orelse return error.NothingAnnounced;
            try expectEqual(one[0], event.kind);
            try expectEqual(one[1], event.entry);
        }
        try expectEqual(null, self.next());
    }
};

fn fetch(queue: *Queue, buffer: []u8) void {
    queue.stream.calls.fetch(&queue.stream, buffer);
}

fn complete(queue: *Queue) void {
    queue.stream.calls.complete(&queue.stream);
}

test "entries are split and merged to batches, and announced when the device begins and has consumed them" {
    const scene: Scene = try .open(8, 0);
    defer scene.close();
    for ([_][]const u8{ "a", "bcdef", "gh" }) |bytes| try expect(try scene.put(scene.in, bytes));
    var batch: [4]u8 = undefined;
    fetch(scene.in, &batch);
    try std.testing.expectEqualStrings("abcd", &batch);
    try scene.expectEvents(&.{ .{ .read_start, 0 }, .{ .read_start, 1 } });
    complete(scene.in);
    try scene.expectEvents(&.{.{ .read_complete, 0 }});
    fetch(scene.in, &batch);
    try std.testing.expectEqualStrings("efgh", &batch);
    complete(scene.in);
    try scene.expectEvents(&.{ .{ .read_start, 2 }, .{ .read_complete, 1 }, .{ .read_complete, 2 } });
}

test "a prefetched batch that was dropped is offered again, beginning with its start" {
    const scene: Scene = try .open(8, 0);
    defer scene.close();
    try expect(try scene.put(scene.in, "abcdef"));
    try expect(try scene.put(scene.in, "gh"));
    var batch: [4]u8 = undefined;
    const calls = scene.in.stream.calls;
    try expect(calls.prefetch.?(&scene.in.stream, &batch));
    complete(scene.in);
    try expect(calls.prefetch.?(&scene.in.stream, &batch));
    try scene.expectEvents(&.{ .{ .read_start, 0 }, .{ .read_start, 1 } });
    calls.invalidate(&scene.in.stream);
    try scene.expectEvents(&.{});
    @memset(&batch, 0);
    try expect(calls.prefetch.?(&scene.in.stream, &batch));
    try std.testing.expectEqualStrings("efgh", &batch);
    complete(scene.in);
    try scene.expectEvents(&.{ .{ .read_start, 1 }, .{ .read_complete, 0 }, .{ .read_complete, 1 } });
}

test "a batch from the device is scattered over entries, each announced when it is full" {
    const scene: Scene = try .open(8, 0);
    defer scene.close();
    var places: [3]*Mapping = undefined;
    for (&places, [_]usize{ 1, 5, 2 }) |*place, size| {
        place.* = try .anonymous(size);
        try expect(scene.putMapping(scene.out, place.*.retain()));
    }
    defer for (places) |place| place.release();
    var batch: [4]u8 = "abcd".*;
    fetch(scene.out, &batch);
    try scene.expectEvents(&.{.{ .write_complete, 0 }});
    batch = "efgh".*;
    fetch(scene.out, &batch);
    try scene.expectEvents(&.{ .{ .write_complete, 1 }, .{ .write_complete, 2 } });
    try std.testing.expectEqualStrings("a", places[0].slice());
    try std.testing.expectEqualStrings("bcdef", places[1].slice());
    try std.testing.expectEqualStrings("gh", places[2].slice());
}

test "a flush fills the batch begun with zeros, and drops the rest of the output's" {
    const scene: Scene = try .open(8, 0);
    defer scene.close();
    try expect(try scene.put(scene.in, "a"));
    try expect(scene.flush(scene.in));
    try expect(scene.flush(scene.in));
    var batch: [4]u8 = @splat(9);
    fetch(scene.in, &batch);
    try std.testing.expectEqualSlices(u8, "a\x00\x00\x00", &batch);
    fetch(scene.in, &batch);
    try std.testing.expectEqualSlices(u8, "\x00\x00\x00\x00", &batch);
    const place: *Mapping = try .anonymous(1);
    defer place.release();
    try expect(scene.putMapping(scene.out, place.retain()));
    try expect(scene.flush(scene.out));
    batch = "abcd".*;
    fetch(scene.out, &batch);
    try std.testing.expectEqualStrings("a", place.slice());
    try expectEqual(null, scene.out.entries.current());
}

test "a queue is full until what was announced has been taken, and then says that it has room" {
    const scene: Scene = try .open(2, 0);
    defer scene.close();
    try expect(try scene.put(scene.in, "ab"));
    try expect(try scene.put(scene.in, "cd"));
    try expect(!try scene.put(scene.in, "ef"));
    var batch: [4]u8 = undefined;
    fetch(scene.in, &batch);
    complete(scene.in);
    try expect(!try scene.put(scene.in, "ef"));
    try expectEqual(.read_start, scene.next().?.kind);
    try expectEqual(.read_start, scene.next().?.kind);
    try expectEqual(.read_complete, scene.next().?.kind);
    try expect(try scene.put(scene.in, "ef"));
    try scene.expectEvents(&.{.{ .read_complete, 1 }});
    try expect(scene.flush(scene.in));
    try expect(!scene.flush(scene.in));
    fetch(scene.in, &batch);
    complete(scene.in);
    try scene.expectEvents(&.{ .{ .read_start, 2 }, .{ .read_complete, 2 } });
    try expect(scene.flush(scene.in));
    try expect(scene.flush(scene.in));
    try expect(!scene.flush(scene.in));
    fetch(scene.in, &batch);
    complete(scene.in);
    try expectEqual(.room, scene.next().?.kind);
}

test "an interruption between batches loses nothing; in the middle of one, nothing more is taken until a reset" {
    for ([_]bool{ false, true }) |in_the_middle| {
        const scene: Scene = try .open(8, 0);
        defer scene.close();
        try expect(try scene.put(scene.in, "abcdefgh"));
        try expect(try scene.put(scene.out, "........"));
        var batch: [4]u8 = undefined;
        const calls = scene.in.stream.calls;
        fetch(scene.in, &batch);
        complete(scene.in);
        fetch(scene.out, &batch);
        try expect(calls.prefetch.?(&scene.in.stream, &batch));
        if (in_the_middle) complete(scene.in);
        calls.interrupt(&scene.in.stream);
        scene.out.stream.calls.interrupt(&scene.out.stream);
        // What the device does before it notices does not count.
        complete(scene.in);
        fetch(scene.out, &batch);
        calls.proceed(&scene.in.stream);
        scene.out.stream.calls.proceed(&scene.out.stream);
        try expectEqual(in_the_middle, scene.in.outdated);
        try expectEqual(in_the_middle, scene.out.outdated);
        if (in_the_middle) continue;
        @memset(&batch, 0);
        fetch(scene.in, &batch);
        try std.testing.expectEqualStrings("efgh", &batch);
        try scene.expectEvents(&.{.{ .read_start, 0 }});
    }
}

/// Calls a stream's fetch on a thread of its own.
const Device = struct {
    queue: *Queue,
    buffer: []u8,
    done: std.atomic.Value(bool) = .init(false),

    fn run(self: *Device) void {
        fetch(self.queue, self.buffer);
        self.done.store(true, .release);
    }

    fn awaitSleep(self: *Device) void {
        while (true) : (futex.pause()) {
            self.queue.set.lock();
            defer self.queue.set.unlock();
            if (self.queue.sleeping) return;
        }
    }
};

test "a waiting device is woken by data, and its impatience is announced until then" {
    const scene: Scene = try .open(4, std.time.ns_per_ms);
    defer scene.close();
    var batch: [4]u8 = undefined;
    var device: Device = .{ .queue = scene.in, .buffer = &batch };
    const thread = try std.Thread.spawn(.{}, Device.run, .{&device});
    for (0..3) |_| {
        while (true) {
            const event = scene.next() orelse {
                scene.set.wait(std.time.ns_per_s);
                continue;
            };
            try expectEqual(.read_timeout, event.kind);
            break;
        }
        try expect(!device.done.load(.acquire));
    }
    try expect(try scene.put(scene.in, "abcd"));
    thread.join();
    try std.testing.expectEqualStrings("abcd", &batch);
}

test "impatience that was announced is not told once nothing is awaited any more" {
    const scene: Scene = try .open(4, std.time.ns_per_ms);
    defer scene.close();
    var batch: [4]u8 = undefined;
    var device: Device = .{ .queue = scene.in, .buffer = &batch };
    const thread = try std.Thread.spawn(.{}, Device.run, .{&device});
    while (!scene.set.events.any()) futex.pause();
    scene.set.lock();
    // The thread sleeps on, for it was not told yet.
    scene.in.disconnected = true;
    scene.set.unlock();
    try expectEqual(null, scene.next());
    scene.set.lock();
    scene.in.changed();
    scene.set.unlock();
    thread.join();
}

test "what ends a wait: disconnecting, interrupting, closing; a reset begins the batch anew" {
    const Ending = enum { disconnect, interrupt, close, reset };
    for ([_]bool{ true, false }) |to_device| for (std.enums.values(Ending)) |ending| {
        const scene: Scene = try .open(4, 0);
        const queue = if (to_device) scene.in else scene.out;
        const held = queue.stream.retain();
        try expect(try scene.put(queue, "xy"));
        var batch: [4]u8 = "abcd".*;
        var device: Device = .{ .queue = queue, .buffer = &batch };
        const thread = try std.Thread.spawn(.{}, Device.run, .{&device});
        device.awaitSleep();
        switch (ending) {
            .disconnect => {
                scene.set.lock();
                queue.disconnected = true;
                queue.changed();
                scene.set.unlock();
            },
            .interrupt => held.calls.interrupt(held),
            .close => scene.close(),
            .reset => {
                scene.set.lock();
                queue.reset();
                scene.set.unlock();
                if (to_device) try expect(try scene.put(queue, "efgh"));
            },
        }
        thread.join();
        const expected = if (!to_device) "abcd" else switch (ending) {
            .disconnect => "xy\x00\x00",
            .interrupt => "\x00\x00\x00\x00",
            .close => "\x00\x00\x00\x00",
            .reset => "efgh",
        };
        try std.testing.expectEqualSlices(u8, expected, &batch);
        // Half of a batch from the device is lost; half of one to it is offered again.
        if (ending == .interrupt) {
            var stopped = false;
            while (scene.next()) |event| stopped = stopped or event.kind == .stopped;
            try expectEqual(!to_device, stopped);
            try expectEqual(!to_device, queue.outdated);
        }
        // With the set gone the stream still serves whoever holds it, with nothing.
        if (ending == .close) fetch(queue, &batch);
        held.release();
        if (ending != .close) scene.close();
    };
}

test "streams of bytes come through unharmed, over random sizes of entries, with look-ahead dropped at random" {
    const total = 40_000;
    const scene: Scene = try .open(16, 0);
    defer scene.close();
    const Engine = struct {
        fn run(in: *Queue, out: *Queue, seed: u64) void {
            var random = std.Random.DefaultPrng.init(seed);
            var ahead: [3][4]u8 = undefined;
            var moved: usize = 0;
            while (moved < total) {
                const want = @min(1 + random.random().uintLessThan(usize, 3), (total - moved) / 4);
                for (ahead[0..want]) |*batch| _ = in.stream.calls.prefetch.?(&in.stream, batch);
                const use = random.random().uintAtMost(usize, want);
                for (ahead[0..use]) |*batch| {
                    complete(in);
                    fetch(out, batch);
                    moved += batch.len;
                }
                in.stream.calls.invalidate(&in.stream);
            }
        }
    };
    const engine = try std.Thread.spawn(.{}, Engine.run, .{ scene.in, scene.out, 1 });
    defer engine.join();
    var random = std.Random.DefaultPrng.init(2);
    var places: [1 << 16]?*Mapping = @splat(null);
    defer for (places) |place| if (place) |mapping| mapping.release();
    var sent: usize = 0;
    var asked: usize = 0;
    var entries: usize = 0;
    var received: usize = 0;
    while (received < total) {
        while (scene.next()) |event| if (event.kind == .write_complete) {
            for (places[event.entry].?.slice()) |byte| {
                try expectEqual(@as(u8, @truncate(received * 7)), byte);
                received += 1;
            }
        };
        if (sent < total) {
            const size = @min(1 + random.random().uintLessThan(usize, 11), total - sent);
            const mapping: *Mapping = try .anonymous(size);
            for (mapping.slice(), sent..) |*byte, at| byte.* = @truncate(at * 7);
            if (scene.putMapping(scene.in, mapping)) sent += size;
        }
        if (asked < total) {
            const size = @min(1 + random.random().uintLessThan(usize, 11), total - asked);
            const place: *Mapping = try .anonymous(size);
            if (scene.putMapping(scene.out, place.retain())) {
                places[entries] = place;
                entries += 1;
                asked += size;
            } else {
                place.release();
                scene.set.wait(std.time.ns_per_ms);
            }
        }
    }
}
