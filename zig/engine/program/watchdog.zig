//! Ends a call of the host's that takes too long, from a thread of its own. Arming costs no system call while the thread
//! waits for an earlier deadline, and the thread sleeps for good while nothing is armed.
const std = @import("std");
const futex = @import("../../os/futex.zig");

pub const Watchdog = struct {
    context: *anyopaque,
    /// Called once for each deadline that passed while it was armed.
    expire: *const fn (context: *anyopaque) void,
    /// When, by `nowByTick`, the call under way has to be back. Later calls never have an earlier deadline.
    deadline: std.atomic.Value(u64) = .init(none),
    state: std.atomic.Value(u32) = .init(watching),
    thread: ?std.Thread = null,

    const none = 0;
    /// The deadline passed; `disarm` will say so.
    const passed = 1;

    const watching = 0;
    const asleep = 1;
    const ending = 2;

    pub fn start(self: *Watchdog) !void {
        if (self.thread == null) self.thread = try std.Thread.spawn(.{ .stack_size = 512 * 1024 }, watch, .{self});
    }

    pub fn end(self: *Watchdog) void {
        const thread = self.thread orelse return;
        self.state.store(ending, .release);
        futex.wakePrivate(&self.state, 1);
        thread.join();
        self.thread = null;
    }

    pub fn arm(self: *Watchdog, deadline: u64) void {
        // seq_cst, as the exchange and load in `sleep`: either the thread sees the deadline, or this sees it asleep.
        self.deadline.store(deadline, .seq_cst);
        if (self.state.load(.seq_cst) != asleep) return;
        if (self.state.cmpxchgStrong(asleep, watching, .monotonic, .monotonic) == null) futex.wakePrivate(&self.state, 1);
    }

    /// The call is back. True: too late.
    pub fn disarm(self: *Watchdog) bool {
        return self.deadline.swap(none, .monotonic) == passed;
    }

    fn watch(self: *Watchdog) void {
        // Acquire pairs with the release in `end`.
        while (self.state.load(.acquire) != ending) {
            const deadline = self.deadline.load(.monotonic);
            const now = futex.nowByTick();
            if (deadline == none or deadline == passed) {
                self.sleep();
            } else if (now < deadline) {
                futex.waitPrivate(&self.state, watching, deadline - now);
            } else if (self.deadline.cmpxchgStrong(deadline, passed, .monotonic, .monotonic) == null) {
                self.expire(self.context);
            }
        }
    }

    fn sleep(self: *Watchdog) void {
        if (self.state.cmpxchgStrong(watching, asleep, .seq_cst, .monotonic) != null) return;
        const deadline = self.deadline.load(.seq_cst);
        if (deadline == none or deadline == passed) futex.waitPrivate(&self.state, asleep, null);
        _ = self.state.cmpxchgStrong(asleep, watching, .monotonic, .monotonic);
    }
};

test "a deadline that passes while armed expires once; a call that is back does not" {
    const Counter = struct {
        var count: std.atomic.Value(u32) = .init(0);
        fn expire(_: *anyopaque) void {
            _ = count.fetchAdd(1, .monotonic);
        }
    };
    var nothing: u8 = 0;
    var watchdog: Watchdog = .{ .context = &nothing, .expire = Counter.expire };
    try watchdog.start();
    defer watchdog.end();
    for (1..4) |expected| {
        watchdog.arm(futex.nowByTick() + std.time.ns_per_ms);
        while (Counter.count.load(.monotonic) < expected) futex.pause();
        for (0..5) |_| futex.pause();
        try std.testing.expect(watchdog.disarm());
        try std.testing.expectEqual(expected, Counter.count.load(.monotonic));
    }
    watchdog.arm(futex.nowByTick() + std.time.ns_per_s);
    try std.testing.expect(!watchdog.disarm());
}
