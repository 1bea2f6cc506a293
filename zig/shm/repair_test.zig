const std = @import("std");
const layout = @import("layout.zig");
const index = @import("index.zig");
const record = @import("record.zig");
const repair = @import("repair.zig");
const segment = @import("segment.zig");
const Job = @import("job_fixture.zig").Job;
const testing = std.testing;

const names = 40;

/// A job with some names of each of some segments, and which segment each name shows.
const Filled = struct {
    job: Job,
    held: [8]segment.Reference = undefined,
    shows: [names]?u32 = @splat(null),

    fn init(random: std.Random) !Filled {
        var self: Filled = .{ .job = try .init() };
        for (&self.held) |*one| one.* = try self.job.create(4096);
        for (0..120) |_| {
            const name = random.uintLessThan(usize, names);
            const which = random.uintLessThan(u32, self.held.len);
            var buffer: [16]u8 = undefined;
            try self.job.publish(self.held[which], nameOf(&buffer, name), true);
            self.shows[name] = which;
        }
        return self;
    }

    fn expectWhole(self: *Filled) !void {
        const control = self.job.context.control;
        var counts: [8]u32 = @splat(0);
        var published: u32 = 0;
        for (self.shows, 0..) |shows, name| {
            var buffer: [16]u8 = undefined;
            const got = self.job.get(nameOf(&buffer, name));
            const which = shows orelse {
                try testing.expectError(error.not_found, got);
                continue;
            };
            try testing.expectEqual(self.held[which].slot, (try got).slot);
            try self.job.drop(try got);
            counts[which] += 1;
            published += 1;
        }
        try testing.expectEqual(published, control.header.published);
        try testing.expectEqual(0, control.header.sequence.load(.monotonic) % 2);
        for (self.held, counts) |one, count| try testing.expectEqual(count, control.segments[one.slot].names.load(.monotonic));
    }

    fn repairNow(self: *Filled) !void {
        try self.job.context.lock();
        defer self.job.context.unlock();
        repair.run(self.job.context);
    }

    fn deinit(self: *Filled) !void {
        for (self.held) |one| try self.job.drop(one);
        try self.job.deinit();
    }
};

fn nameOf(buffer: *[16]u8, number: usize) []const u8 {
    return std.fmt.bufPrint(buffer, "tensor {d}", .{number}) catch unreachable;
}

test "whatever the derived tables hold, repair comes to what the records say" {
    for (0..12) |seed| {
        var prng = std.Random.DefaultPrng.init(seed);
        const random = prng.random();
        var filled: Filled = try .init(random);
        const control = filled.job.context.control;
        for (0..random.uintLessThan(usize, 2000)) |_| {
            control.index[random.uintLessThan(usize, layout.index_max)].store(random.uintLessThan(u32, 200), .monotonic);
        }
        for (filled.held) |one| control.segments[one.slot].names.store(random.uintLessThan(u32, 9), .monotonic);
        control.header.sequence.store(random.int(u32), .monotonic);
        control.header.published = random.int(u32);
        try filled.repairNow();
        try filled.expectWhole();
        try filled.deinit();
    }
}

test "a change cut short after any of its stores leaves the old or the new, never neither" {
    // Replacing: the new record is used, then shown, then the old one is hidden.
    for (0..3) |stores| {
        var prng = std.Random.DefaultPrng.init(stores);
        var filled: Filled = try .init(prng.random());
        const context = filled.job.context;
        const name = for (filled.shows, 0..) |shows, number| {
            if (shows != null) break number;
        } else unreachable;
        const which = (filled.shows[name].? + 1) % @as(u32, filled.held.len);
        var buffer: [16]u8 = undefined;
        const key: index.Key = .init(nameOf(&buffer, name));
        const place = index.find(context.control, &key).?;
        const metadata: record.Metadata = .{ .element_type = 1, .rank = 0, .dimensions = @splat(0), .attributes = "" };
        const number = try record.write(context, filled.held[which], &key, metadata);
        context.begin();
        if (stores > 0) record.use(context, number);
        if (stores > 1) index.replace(context.control, place.position, number);
        if (stores > 0) filled.shows[name] = which;
        try filled.repairNow();
        try filled.expectWhole();
        try filled.deinit();
    }
}

test "a repair cut short is begun anew and comes to the same end" {
    for ([_]usize{ 0, 1, 20, 39 }, 0..) |restored, seed| {
        var prng = std.Random.DefaultPrng.init(seed);
        var filled: Filled = try .init(prng.random());
        const context = filled.job.context;
        context.begin();
        for (filled.held) |one| context.control.segments[one.slot].names.store(0, .monotonic);
        index.clear(context.control);
        for (0..@min(restored, record.end(context.control))) |number| repair.restore(context, @intCast(number));
        try filled.repairNow();
        try filled.expectWhole();
        try filled.deinit();
    }
}

test "names of memory that was being freed are gone after repair" {
    var prng = std.Random.DefaultPrng.init(1);
    var filled: Filled = try .init(prng.random());
    const victim: u32 = 3;
    filled.job.context.control.segments[filled.held[victim].slot].state.store(@intFromEnum(layout.Segment.State.freed), .monotonic);
    for (&filled.shows) |*shows| if (shows.* == victim) {
        shows.* = null;
    };
    try filled.repairNow();
    try filled.expectWhole();
    try filled.deinit();
}

test "a head rewritten in place is the old one until it was decided, then the new, and readers find it settled" {
    for ([_]bool{ false, true }, 0..) |decided, seed| {
        var prng = std.Random.DefaultPrng.init(seed);
        var filled: Filled = try .init(prng.random());
        const context = filled.job.context;
        const name = for (filled.shows, 0..) |shows, number| {
            if (shows != null) break number;
        } else unreachable;
        const which = (filled.shows[name].? + 1) % @as(u32, filled.held.len);
        var buffer: [16]u8 = undefined;
        const place = index.find(context.control, &.init(nameOf(&buffer, name))).?;
        const one = &context.control.records[place.record];
        const head: *[8]u64 = @ptrCast(one);
        context.control.header.undo = head.*;
        if (!decided) context.control.header.undo_record.store(place.record + 1, .monotonic);
        one.version.store(7, .monotonic);
        one.segment = filled.held[which].slot;
        one.generation = filled.held[which].generation;
        if (decided) filled.shows[name] = which;
        try filled.repairNow();
        try testing.expectEqual(8, one.version.load(.monotonic));
        try filled.expectWhole();
        try filled.deinit();
    }
}
