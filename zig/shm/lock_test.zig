const std = @import("std");
const layout = @import("layout.zig");
const lock = @import("lock.zig");
const process = @import("process.zig");
const Context = @import("context.zig").Context;
const Job = @import("job_fixture.zig").Job;
const testing = std.testing;

test "the word is taken from whoever is proved dead, and the tables are repaired" {
    var job: Job = try .init();
    const context = job.context;
    try job.publish(try job.create(100), "a", false);
    const header = context.header();
    const gone = [_]u32{
        // A later user of our slot than the one who took it, and one of a slot that nobody uses.
        lock.identity(context.slot, context.process_file + 1),
        lock.identity(context.slot + 1, 7),
        // Somebody who died while entering.
        lock.identity(process.entering, 1),
        // Nobody at all.
        @bitCast(layout.LockWord{ .holder = 0xff, .tag = 5 }),
        @bitCast(layout.LockWord{ .contended = true }),
    };
    for (gone) |word| {
        header.lock.store(word, .monotonic);
        header.sequence.store(header.sequence.load(.monotonic) | 1, .monotonic);
        try context.lock();
        try testing.expectEqual(0, header.sequence.load(.monotonic) % 2);
        context.unlock();
        try testing.expectEqual(0, header.lock.load(.monotonic));
        const got = try job.get("a");
        try job.drop(got);
    }
    try job.free(try job.get("a"));
    try job.deinit();
}

test "whoever ends waits for nobody who was interrupted, and not for long for others" {
    var job: Job = try .init();
    const context = job.context;
    try context.lock();
    try testing.expect(!lock.tryTake(context, 1_000_000));
    context.unlock();
    context.header().lock.store(lock.identity(context.slot + 1, 7), .monotonic);
    try testing.expect(!lock.tryTake(context, 3));
    context.header().lock.store(0, .monotonic);
    try testing.expect(lock.tryTake(context, 1));
    context.unlock();
    try job.deinit();
}

test "threads exclude each other, also while they sleep" {
    const Shared = struct {
        context: *Context,
        inside: u32 = 0,
        count: u32 = 0,

        fn run(self: *@This()) !void {
            for (0..300) |round| {
                try self.context.lock();
                defer self.context.unlock();
                self.inside += 1;
                if (round % 100 == 0) @import("../os/futex.zig").pause();
                if (self.inside == 1) self.count += 1;
                self.inside -= 1;
            }
        }
    };
    var job: Job = try .init();
    var shared: Shared = .{ .context = job.context };
    var threads: [4]std.Thread = undefined;
    for (&threads) |*thread| thread.* = try std.Thread.spawn(.{}, Shared.run, .{&shared});
    for (threads) |thread| thread.join();
    try testing.expectEqual(1_200, shared.count);
    try job.deinit();
}
