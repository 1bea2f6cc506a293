//! Where a thread sits, and how another one that wants its help gets it onto a processor of its own. Two threads that
//! wake each other end up on one processor of two, the other idle: each sleeps while the other runs, so the scheduler
//! never sees two that want to run. A thread that then polls for the other keeps it from running.
const std = @import("std");
const builtin = @import("builtin");
const linux = std.os.linux;

extern "c" fn sched_getcpu() c_int;

const nowhere = std.math.maxInt(u32);

pub const Seat = struct {
    thread: std.atomic.Value(i32) = .init(0),
    processor: std.atomic.Value(u32) = .init(nowhere),

    /// The thread itself says where it runs.
    pub fn take(self: *Seat) void {
        self.thread.store(linux.gettid(), .monotonic);
        self.note();
    }

    pub fn note(self: *Seat) void {
        self.processor.store(here(), .monotonic);
    }

    /// The caller runs where the thread was seen last: so the thread does not run. The processors it may use are narrowed
    /// to the others, and given back by `leave`. If it is ready to run it moves at once; if it sleeps, when it is woken
    /// before `leave`.
    pub fn vacate(self: *Seat) ?Vacated {
        const processor = here();
        if (processor == nowhere or self.processor.load(.monotonic) != processor) return null;
        // It says so itself when it comes back.
        self.processor.store(nowhere, .monotonic);
        const thread = self.thread.load(.monotonic);
        var allowed: linux.cpu_set_t = undefined;
        if (linux.errno(linux.sched_getaffinity(thread, @sizeOf(linux.cpu_set_t), &allowed)) != .SUCCESS) return null;
        const bit = @as(usize, 1) << @intCast(processor % @bitSizeOf(usize));
        const word = processor / @bitSizeOf(usize);
        if (word >= allowed.len or linux.CPU_COUNT(allowed) < 2) return null;
        var others = allowed;
        others[word] &= ~bit;
        linux.sched_setaffinity(thread, &others) catch return null;
        return .{ .thread = thread, .allowed = allowed };
    }
};

pub const Vacated = struct {
    thread: i32,
    allowed: linux.cpu_set_t,

    pub fn leave(self: *const Vacated) void {
        linux.sched_setaffinity(self.thread, &self.allowed) catch {};
    }
};

fn here() u32 {
    if (builtin.os.tag != .linux) return nowhere;
    const processor = sched_getcpu();
    return if (processor < 0) nowhere else @intCast(processor);
}

test "a seat that the caller shares is left, and all processors may be used again" {
    var seat: Seat = .{};
    seat.take();
    var before: linux.cpu_set_t = @splat(0);
    _ = linux.sched_getaffinity(0, @sizeOf(linux.cpu_set_t), &before);
    const first = here();
    if (seat.vacate()) |vacated| {
        try std.testing.expect(here() != first);
        vacated.leave();
        try std.testing.expectEqual(null, seat.vacate());
    } else try std.testing.expectEqual(1, linux.CPU_COUNT(before));
    var after: linux.cpu_set_t = @splat(0);
    _ = linux.sched_getaffinity(0, @sizeOf(linux.cpu_set_t), &after);
    try std.testing.expectEqual(before, after);
}
