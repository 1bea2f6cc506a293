const std = @import("std");
const layout = @import("layout.zig");
const segment = @import("segment.zig");
const Job = @import("job_fixture.zig").Job;
const testing = std.testing;

test "memory is kept for its maker, given again zeroed, and given up when others need room" {
    var job: Job = try .initWith(1 << 20);
    const first = try job.create(100_000);
    const view = try segment.view(job.context, first, false, 0, 100_000);
    view.slice()[99_999] = 7;
    view.release();
    try job.publish(first, "a", false);
    try job.free(first);
    try testing.expectEqual(1, try job.files('s'));
    const second = try job.create(90_000);
    try testing.expectEqual(first.slot, second.slot);
    try testing.expectEqual(first.generation + 1, second.generation);
    const again = try segment.view(job.context, second, false, 0, 90_000);
    for (again.slice()) |byte| try testing.expectEqual(0, byte);
    again.release();
    try job.drop(second);
    try testing.expect(try @import("recycling.zig").purge(job.context));
    try testing.expectEqual(0, try job.files('s'));
    try testing.expect(!try @import("recycling.zig").purge(job.context));
    try job.deinit();
}

test "memory whose file somebody removed is not given again" {
    var job: Job = try .init();
    try job.drop(try job.create(5_000));
    job.context.directory.clear();
    const fresh = try job.create(5_000);
    const view = try segment.view(job.context, fresh, true, 0, 5_000);
    view.release();
    try job.drop(fresh);
    try job.deinit();
}

test "threads that publish, get, replace and free the same names at once leave nothing behind and never see a tear" {
    const Busy = struct {
        job: *Job,
        seed: u64,
        failed: std.atomic.Value(u32) = .init(0),

        fn run(self: *@This()) void {
            var prng = std.Random.DefaultPrng.init(self.seed);
            for (0..1_500) |_| self.step(prng.random()) catch |err| switch (err) {
                error.not_found, error.freed => {},
                else => {
                    std.debug.print("{t}: {s}\n", .{ err, @import("../abi/report.zig").text() });
                    _ = self.failed.fetchAdd(1, .monotonic);
                },
            };
        }

        /// The size tells the name, so that a reader can see whether what it got is what the name shows.
        fn step(self: *@This(), random: std.Random) !void {
            const which = random.uintLessThan(u64, 4);
            const name = ([_][]const u8{ "a", "b", "c", "d" })[which];
            switch (random.uintLessThan(u32, 4)) {
                0 => {
                    const made = try self.job.create(1_000 + which);
                    errdefer self.job.drop(made) catch {};
                    try self.job.publish(made, name, true);
                    try self.job.drop(made);
                },
                1 => try self.job.free(try self.got(name, which)),
                else => try self.job.drop(try self.got(name, which)),
            }
        }

        fn got(self: *@This(), name: []const u8, which: u64) !segment.Reference {
            const reference = try self.job.get(name);
            if (reference.size != 1_000 + which) return error.Torn;
            const state: layout.Segment.State = @enumFromInt(self.job.context.control.segments[reference.slot].state.load(.monotonic));
            switch (state) {
                // Private still, when its publisher has shown it and is about to say so.
                .private, .shared, .freed => return reference,
                else => return error.NotHeld,
            }
        }
    };
    var job: Job = try .initWith(20_000);
    var busy: [4]Busy = undefined;
    var threads: [4]std.Thread = undefined;
    for (&busy, &threads, 0..) |*one, *thread, seed| {
        one.* = .{ .job = &job, .seed = seed };
        thread.* = try std.Thread.spawn(.{}, Busy.run, .{one});
    }
    for (threads) |thread| thread.join();
    for (&busy) |*one| try testing.expectEqual(0, one.failed.load(.monotonic));
    for ([_][]const u8{ "a", "b", "c", "d" }) |name| {
        const last = job.get(name) catch continue;
        try job.free(last);
    }
    try testing.expect(try job.files('s') <= 20_000 / 4096);
    _ = try @import("recycling.zig").purge(job.context);
    try testing.expectEqual(0, try job.files('s'));
    for (job.context.references()) |*count| try testing.expectEqual(0, count.load(.monotonic));
    try job.deinit();
}

test "a process with as many mappings as it may have is told so, and maps again when there is room" {
    const linux = std.os.linux;
    var job: Job = try .init();
    const reference = try job.create(100_000);
    // Neighbours with different rights are not joined.
    var pages: std.ArrayList(usize) = .empty;
    defer pages.deinit(testing.allocator);
    try pages.ensureTotalCapacity(testing.allocator, 1 << 17);
    const full = while (pages.items.len < pages.capacity) {
        const rights: linux.PROT = .{ .READ = pages.items.len % 2 == 0 };
        const result = linux.mmap(null, layout.page, rights, .{ .TYPE = .PRIVATE, .ANONYMOUS = true, .NORESERVE = true }, -1, 0);
        if (linux.errno(result) != .SUCCESS) break true;
        pages.appendAssumeCapacity(result);
    } else false;
    const refused = segment.view(job.context, reference, true, 0, 100_000);
    for (pages.items) |address| _ = linux.munmap(@ptrFromInt(address), layout.page);
    // A machine that allows more than that is not asked further.
    if (full) try testing.expectError(error.too_many_mappings, refused) else (try refused).release();
    const view = try segment.view(job.context, reference, true, 0, 100_000);
    view.release();
    try job.drop(reference);
    try job.deinit();
}

test "contexts close while their watcher starts, waits or falls asleep" {
    const threads = @import("../abi/thread.zig");
    const thread = try threads.attach();
    defer threads.detach(thread);
    for (0..200) |round| {
        var job: Job = try .init();
        try job.context.watch.add(job.context, thread);
        if (round % 2 == 0) job.context.watch.remove(thread);
        if (round % 4 < 2) std.Thread.yield() catch {};
        try job.deinit();
    }
}
