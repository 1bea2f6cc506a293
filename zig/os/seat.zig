//! Where a thread sits, and how another one that wants its help gets it onto a processor of its own. Two threads that
//! wake each other end up on one processor of two, the other idle: each sleeps while the other runs, so the scheduler
//! never sees two that want to run. A thread that then polls for the other keeps it from running.
const std = @import("std");
const builtin = @import("builtin");
const linux = std.os.linux;
const futex = @import("futex.zig");

extern "c" fn sched_getcpu() c_int;

const nowhere = std.math.maxInt(u32);
/// Longer and requests are slow for nothing (8 ms: 14 us over the run instead of 11), never and each stalls anew.
const stay_ns = 2 * std.time.ns_per_ms;

pub const Seat = struct {
    thread: std.atomic.Value(i32) = .init(0),
    processor: std.atomic.Value(u32) = .init(nowhere),
    /// Whether anything is asked of the thread; without it `invite` does nothing.
    wanted: std.atomic.Value(bool) = .init(false),
    /// Until then it is not made to move: where it went there was no room.
    stays_until: std.atomic.Value(u64) = .init(0),

    /// The thread itself says where it runs.
    pub fn take(self: *Seat) void {
        self.thread.store(linux.gettid(), .monotonic);
        self.note();
    }

    /// The thread is about to end: its number may become another's.
    pub fn quit(self: *Seat) void {
        self.processor.store(nowhere, .monotonic);
        self.wanted.store(false, .monotonic);
    }

    pub fn note(self: *Seat) void {
        self.processor.store(here(), .monotonic);
    }

    /// Whether the thread waits for the caller to sleep.
    pub fn shared(self: *const Seat) bool {
        const processor = here();
        return processor != nowhere and self.processor.load(.monotonic) == processor;
    }

    /// The caller runs where the thread was seen last: so the thread does not run. The processors it may use are narrowed
    /// to the others, and given back by `leave`. If it is ready to run it moves at once; if it sleeps, when it is woken
    /// before `leave`.
    pub fn vacate(self: *Seat) ?Vacated {
        if (!self.shared()) return null;
        const processor = here();
        if (futex.now() < self.stays_until.load(.monotonic)) return null;
        const thread = self.thread.load(.monotonic);
        const allowed = allowedTo(thread) orelse return null;
        const place = Place.of(processor) orelse return null;
        if (linux.CPU_COUNT(allowed) < 2) return null;
        var others = allowed;
        others[place.word] &= ~place.bit;
        linux.sched_setaffinity(thread, &others) catch return null;
        // It says itself where it comes to.
        self.processor.store(nowhere, .monotonic);
        return .{ .thread = thread, .allowed = allowed };
    }

    /// The caller is about to sleep. If the thread has something to do and waits in the queue of another processor (behind
    /// a compiler's thread, say, for a tick of 4 ms), it gets the caller's. One that runs or sleeps stays where it is.
    pub fn invite(self: *Seat) void {
        if (!self.wanted.load(.acquire) or self.shared()) return;
        const thread = self.thread.load(.monotonic);
        const place = Place.of(here()) orelse return;
        if (runs(thread)) return;
        const allowed = allowedTo(thread) orelse return;
        if (allowed[place.word] & place.bit == 0) return;
        var only: linux.cpu_set_t = @splat(0);
        only[place.word] = place.bit;
        linux.sched_setaffinity(thread, &only) catch return;
        linux.sched_setaffinity(thread, &allowed) catch {};
        self.stays_until.store(futex.now() + stay_ns, .monotonic);
    }
};

const Place = struct {
    word: usize,
    bit: usize,

    fn of(processor: u32) ?Place {
        const word = processor / @bitSizeOf(usize);
        if (word >= @typeInfo(linux.cpu_set_t).array.len) return null;
        return .{ .word = word, .bit = @as(usize, 1) << @intCast(processor % @bitSizeOf(usize)) };
    }
};

fn allowedTo(thread: i32) ?linux.cpu_set_t {
    var allowed: linux.cpu_set_t = undefined;
    if (linux.errno(linux.sched_getaffinity(thread, @sizeOf(linux.cpu_set_t), &allowed)) != .SUCCESS) return null;
    return allowed;
}

/// Whether its clock goes on. The kernel brings the clock of a running thread up to date when asked.
fn runs(thread: i32) bool {
    const before = ran(thread);
    for (0..20) |_| std.atomic.spinLoopHint();
    return ran(thread) != before;
}

/// The processor time that a thread has had; its clock's number is the kernel's MAKE_THREAD_CPUCLOCK(tid, CPUCLOCK_SCHED).
fn ran(thread: i32) u64 {
    const clock: i32 = (~thread << 3) | 6;
    var spec: linux.timespec = .{ .sec = 0, .nsec = 0 };
    _ = linux.clock_gettime(@enumFromInt(@as(u32, @bitCast(clock))), &spec);
    return @as(u64, @intCast(spec.sec)) * std.time.ns_per_s + @as(u64, @intCast(spec.nsec));
}

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
