//! Tells JavaScript threads that sleep in their event loops that publications have changed. One native thread per
//! context sleeps on the shared sequence number, and only while somebody waits.
const std = @import("std");
const futex = @import("../os/futex.zig");
const stack = @import("../os/stack.zig");
const Context = @import("context.zig").Context;
const Thread = @import("../abi/thread.zig").Thread;
const process = @import("process.zig");
const segment = @import("segment.zig");

const threads_max = 64;
/// How long a sleep lasts at most; between sleeps the stop flag is looked at, and every second the dead.
const slice_ns = 100 * std.time.ns_per_ms;
const slices_per_reap = 10;

pub const Watch = struct {
    lock: futex.Mutex = .{},
    threads: [threads_max]?*Thread = @splat(null),
    interest: [threads_max]u32 = @splat(0),
    running: ?std.Thread = null,
    stopping: std.atomic.Value(bool) = .init(false),
    /// Bumped when somebody begins to wait: the native thread sleeps on it while nobody does.
    parked: std.atomic.Value(u32) = .init(0),

    /// `thread` waits from now on, until as many calls of `remove`.
    pub fn add(self: *Watch, context: *Context, thread: *Thread) !void {
        self.lock.lock();
        defer self.lock.unlock();
        const place = for (&self.threads, 0..) |entry, index| {
            if (entry == thread) break index;
        } else for (&self.threads, 0..) |entry, index| {
            if (entry == null) break index;
        } else return @import("../abi/report.zig").fail(error.out_of_handles, "{d} threads wait already.", .{threads_max});
        if (self.running == null) {
            self.stopping.store(false, .monotonic);
            self.running = std.Thread.spawn(.{ .stack_size = stack.small }, run, .{context}) catch
                return @import("../abi/report.zig").fail(error.out_of_memory, "no thread to wait with.", .{});
        }
        if (self.threads[place] == null) self.threads[place] = thread.retain();
        self.interest[place] += 1;
        _ = self.parked.fetchAdd(1, .release);
        futex.wakePrivate(&self.parked, 1);
    }

    pub fn remove(self: *Watch, thread: *Thread) void {
        self.lock.lock();
        const gone = for (&self.threads, 0..) |entry, index| {
            if (entry != thread) continue;
            self.interest[index] -|= 1;
            if (self.interest[index] > 0) break null;
            self.threads[index] = null;
            break thread;
        } else null;
        self.lock.unlock();
        if (gone) |last| last.release();
    }

    pub fn stop(self: *Watch, context: *Context) void {
        self.stopping.store(true, .release);
        const running = self.running orelse return;
        _ = self.parked.fetchAdd(1, .release);
        futex.wakePrivate(&self.parked, 1);
        futex.wakeShared(&context.header().sequence, std.math.maxInt(u31));
        running.join();
        self.running = null;
        for (&self.threads) |*entry| if (entry.*) |thread| {
            entry.* = null;
            thread.release();
        };
    }

    fn any(self: *Watch) bool {
        self.lock.lock();
        defer self.lock.unlock();
        for (self.threads) |entry| if (entry != null) return true;
        return false;
    }

    fn signal(self: *Watch) void {
        self.lock.lock();
        defer self.lock.unlock();
        for (self.threads) |entry| if (entry) |thread| thread.wake.signal();
    }
};

fn run(context: *Context) void {
    const self = &context.watch;
    while (true) {
        // Read first: a `stop` or `add` after this changes it, and the sleep ends at once.
        const ticket = self.parked.load(.acquire);
        if (self.stopping.load(.acquire)) return;
        if (self.any()) follow(context) else futex.waitPrivate(&self.parked, ticket, null);
    }
}

/// Sleeps on the sequence number while anybody waits.
fn follow(context: *Context) void {
    const self = &context.watch;
    const header = context.header();
    const own = &context.control.processes[context.slot];
    // Marked before it is counted: a death in between leaves a count too low, which costs the others one slice.
    own.waiting.store(1, .monotonic);
    _ = header.waiters.fetchAdd(1, .seq_cst);
    var seen = header.sequence.load(.seq_cst);
    // Changed between the last look of a thread and here.
    self.signal();
    var slices: u32 = 0;
    while (self.any() and !self.stopping.load(.acquire)) {
        futex.waitShared(&header.sequence, seen, slice_ns);
        const now = header.sequence.load(.seq_cst);
        if (now != seen) self.signal();
        seen = now;
        slices += 1;
        if (slices % slices_per_reap == 0) reap(context);
    }
    if (own.waiting.swap(0, .monotonic) != 0) process.stopWaiting(context);
}

/// Whoever waits may be waiting for the dead.
fn reap(context: *Context) void {
    var garbage: segment.Garbage = .{};
    defer garbage.empty();
    context.lock() catch return;
    defer context.unlock();
    process.reapDead(context, &garbage);
}
