//! The two ends of a ring under every schedule: all pairs of up to three operations of the writing and the reading thread,
//! blocking and waking included. In each execution values arrive once and in order, and nobody sleeps who has something
//! to do.
const std = @import("std");
const builtin = @import("builtin");
const schedule = @import("schedule.zig");
const layout = @import("layout.zig");
const signal = @import("signal.zig");
const Simulated = @import("simulated.zig").Simulated;
const Producer = @import("producer.zig").Producer(Simulated);
const Consumer = @import("consumer.zig").Consumer(Simulated);

const testing = std.testing;
const Header = layout.Header(Simulated);
const slots_max = 2;
/// Three take a minute, and optimisation (`zig build test-schedules`); the debug tests are content with two.
const operations_max = if (builtin.mode == .Debug) 2 else 3;

/// `push` and `pop` wait; `lock` is a pop that keeps its slot; `rewind` is the other thread's readReset.
const Writing = enum { push, invalidate, rewind };
const Reading = enum { pop, lock, read_reset, invalidate };

const Memory = extern struct { header: Header, slots: [slots_max]Simulated.Atomic(u64) };

const Scene = struct {
    memory: Memory = undefined,
    world: Simulated,
    num_buffers: u32,
    producer: Producer = undefined,
    consumer: Consumer = undefined,
    writing: []const Writing = &.{},
    reading: []const Reading = &.{},
    waiting: [2]bool = .{ false, false },
    wrong: ?[]const u8 = null,

    pub fn prepare(self: *Scene) void {
        self.memory = .{ .header = .init(self.num_buffers, 8, "scene"), .slots = @splat(.init(0)) };
        self.producer = .init(&self.memory.header, self.world, self.num_buffers);
        self.consumer = .init(&self.memory.header, self.world, self.num_buffers);
        self.waiting = .{ false, false };
        self.wrong = null;
    }

    pub fn check(self: *Scene, _: *schedule.Scheduler) !void {
        if (self.wrong) |what| {
            std.debug.print("{s}: {any} beside {any}, {d} buffers\n", .{ what, self.writing, self.reading, self.num_buffers });
            return error.WrongOutcome;
        }
        // All threads have ended or sleep, and every store is out.
        if ((self.waiting[0] and self.producer.ready()) or (self.waiting[1] and self.consumer.ready())) return error.SleepsForEver;
    }

    fn changesState(self: *const Scene) bool {
        for (self.writing) |operation| if (operation != .push) return true;
        return std.mem.indexOfScalar(Reading, self.reading, .invalidate) != null;
    }

    fn fail(self: *Scene, what: []const u8) void {
        self.wrong = what;
    }

    fn lockToWrite(self: *Scene) ?u64 {
        while (true) {
            const slots = self.producer.reserve(1) catch |err| {
                if (err == error.corrupt) self.fail("a sound ring is corrupt");
                return null;
            };
            if (slots.count > 0) return slots.first;
            self.waiting[0] = true;
            self.producer.wait(0);
            self.waiting[0] = false;
        }
    }

    fn lockToRead(self: *Scene) ?u64 {
        while (true) {
            const slots = self.consumer.claim(1) catch |err| {
                if (err == error.corrupt) self.fail("a sound ring is corrupt");
                return null;
            };
            if (slots.count > 0) return slots.first;
            self.waiting[1] = true;
            self.consumer.wait(0);
            self.waiting[1] = false;
        }
    }

    fn write(argument: *anyopaque) void {
        const self: *Scene = @ptrCast(@alignCast(argument));
        var value: u64 = 0;
        for (self.writing) |operation| switch (operation) {
            .push => {
                value += 1;
                const slot = self.lockToWrite() orelse continue;
                self.memory.slots[slot].store(value, .monotonic);
                self.producer.commit(1) catch self.fail("what was locked cannot be committed");
            },
            .invalidate => _ = signal.invalidate(Simulated, self.world, &self.memory.header),
            .rewind => signal.rewind(Simulated, self.world, &self.memory.header),
        };
    }

    fn read(argument: *anyopaque) void {
        const self: *Scene = @ptrCast(@alignCast(argument));
        const rewound = std.mem.indexOfScalar(Writing, self.writing, .rewind) != null;
        var done: u64 = 0;
        var last: u64 = 0;
        for (self.reading) |operation| switch (operation) {
            .pop, .lock => {
                const slot = self.lockToRead() orelse continue;
                const value = self.memory.slots[slot].load(.monotonic);
                if (value != last + 1 and !(rewound and value == done + 1)) self.fail("a value comes out of order");
                last = value;
                if (operation == .lock) continue;
                self.consumer.release(1) catch {
                    // The lock was taken back by the other thread.
                    if (!rewound) self.fail("what was locked cannot be completed");
                    continue;
                };
                done += 1;
            },
            .read_reset => {
                self.consumer.rewind();
                last = done;
            },
            .invalidate => _ = signal.invalidate(Simulated, self.world, &self.memory.header),
        };
    }
};

/// All sequences of one to `operations_max` operations.
fn Sequences(comptime T: type) type {
    return struct {
        const values = std.enums.values(T);
        buffer: [operations_max]T = undefined,
        next_number: usize = 0,
        length: usize = 1,

        fn next(self: *@This()) ?[]const T {
            if (self.next_number == std.math.powi(usize, values.len, self.length) catch unreachable) {
                if (self.length == self.buffer.len) return null;
                self.length += 1;
                self.next_number = 0;
            }
            var rest = self.next_number;
            for (self.buffer[0..self.length]) |*operation| {
                operation.* = values[rest % values.len];
                rest /= values.len;
            }
            self.next_number += 1;
            return self.buffer[0..self.length];
        }
    };
}

fn exploreAll(world: Simulated, num_buffers: u32) !schedule.Outcome {
    var scene: Scene = .{ .world = world, .num_buffers = num_buffers };
    var scheduler: schedule.Scheduler = try .init(testing.allocator, @ptrCast(std.mem.asBytes(&scene.memory)));
    defer scheduler.deinit();
    var total: schedule.Outcome = .{};
    var writing: Sequences(Writing) = .{};
    while (writing.next()) |writes| {
        var reading: Sequences(Reading) = .{};
        while (reading.next()) |reads| {
            scene.writing = writes;
            scene.reading = reads;
            const header = &scene.memory.header;
            const state = if (scene.changesState()) null else &header.state.word;
            scheduler.steady = .{ .{ &header.write.word, state }, .{ &header.read.word, state } };
            const outcome = try scheduler.explore(.{ .{ .run = Scene.write, .argument = &scene }, .{ .run = Scene.read, .argument = &scene } }, &scene);
            total.executions += outcome.executions;
            total.states += outcome.states;
            total.ended += outcome.ended;
        }
    }
    return total;
}

test "under every schedule values arrive once and in order, and nobody sleeps who has something to do" {
    // Both kinds of fence, and rings that are full with one slot and with two.
    for ([_]bool{ true, false }, [_]u32{ 2, 1 }) |light, num_buffers| {
        const outcome = try exploreAll(.{ .light = light }, num_buffers);
        // As many as there were when this was written, or the search has lost something.
        try testing.expect(outcome.ended > 10_000);
        if (builtin.mode == .Debug) break;
    }
}

test "the search finds a missing fence and a missing wake" {
    try testing.expectError(error.SleepsForEver, exploreAll(.{ .light = true, .defect = .no_fence }, 1));
    try testing.expectError(error.SleepsForEver, exploreAll(.{ .light = false, .defect = .no_wake }, 1));
}
