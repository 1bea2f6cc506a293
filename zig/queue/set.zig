//! The queues of one session, behind one handle: they share a lock, what they announce, and the JavaScript thread that
//! puts entries in. Streams that sessions still hold keep it alive; with the handle gone they never wait again.
const std = @import("std");
const futex = @import("../os/futex.zig");
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const Thread = @import("../abi/thread.zig").Thread;
const events = @import("events.zig");
const queues = @import("queue.zig");
const Queue = queues.Queue;

const allocator = std.heap.smp_allocator;
const queues_max = 4096;
const buffers_max = 1 << 20;

pub const Set = struct {
    pub const kind: handle.Kind = .queue;

    thread: *Thread,
    /// How long a stream waits for data before that is announced; 0: it never is.
    timeout_ns: u64,
    /// One for the handle, one for each queue whose stream somebody holds.
    references: std.atomic.Value(u32) = .init(1),
    mutex: futex.Mutex = .{},
    queues: std.ArrayList(*Queue) = .empty,
    events: events.Events = .{},
    /// Announced since the lock was taken.
    untold: bool = false,
    /// Grows with announcements; the JavaScript thread sleeps on it in `wait`.
    news: std.atomic.Value(u32) = .init(0),
    listening: bool = false,
    stop_announced: bool = false,
    /// A stream was interrupted: whatever the device still says, nothing counts as consumed.
    halted: bool = false,

    pub fn create(thread: *Thread, timeout_ns: u64) !*Set {
        const self = try allocator.create(Set);
        errdefer allocator.destroy(self);
        self.* = .{ .thread = thread, .timeout_ns = timeout_ns };
        // One for `stopped`.
        try self.events.reserve(allocator, 1);
        _ = thread.retain();
        return self;
    }

    /// Returns the new queue's number.
    pub fn add(self: *Set, shape: queues.Shape) !u32 {
        if (shape.count == 0 or shape.count > buffers_max)
            return report.fail(error.invalid_argument, "a queue of {d} entries; it has 1 to {d}.", .{ shape.count, buffers_max });
        if (self.queues.items.len == queues_max)
            return report.fail(error.invalid_argument, "{d} queues are the most.", .{queues_max});
        const number: u32 = @intCast(self.queues.items.len);
        const queue = try Queue.create(self, number, shape);
        errdefer queue.destroy();
        self.lock();
        defer self.unlock();
        // Start and completion of each entry, a timeout, and room.
        try self.events.reserve(allocator, @as(usize, shape.count) * 2 + 2);
        try self.queues.append(allocator, queue);
        _ = self.references.fetchAdd(1, .monotonic);
        return number;
    }

    pub fn find(self: *Set, number: u32) !*Queue {
        if (number < self.queues.items.len) return self.queues.items[number];
        return report.fail(error.invalid_argument, "there is no queue {d}.", .{number});
    }

    pub fn lock(self: *Set) void {
        self.mutex.lock();
    }

    /// Wakes the JavaScript thread if something was announced.
    pub fn unlock(self: *Set) void {
        const untold = self.untold;
        self.untold = false;
        const listening = self.listening;
        if (untold) _ = self.news.fetchAdd(1, .monotonic);
        self.mutex.unlock();
        if (!untold) return;
        if (listening) futex.wakePrivate(&self.news, 1);
        self.thread.wake.signal();
    }

    pub fn announce(self: *Set, event: events.Event) void {
        self.events.push(event);
        self.untold = true;
    }

    /// For the JavaScript thread; null: there is nothing (any more).
    pub fn next(self: *Set) ?events.Event {
        while (self.events.pop()) |event| {
            if (event.kind == .stopped) {
                self.stop_announced = false;
                return event;
            }
            const queue = self.queues.items[event.queue];
            switch (event.kind) {
                .read_start => queue.entries.entry(event.entry).start_announced = false,
                .read_complete, .write_complete => queue.entries.entry(event.entry).complete_announced = false,
                .read_timeout => {
                    queue.timeout_announced = false;
                    // Data came meanwhile, or it waits no more: whoever acted on it now would be late.
                    if (!queue.sleeping or queue.disconnected or queue.interrupted or queue.entries.current() != null) continue;
                },
                .room => queue.room_announced = false,
                .stopped => unreachable,
            }
            return event;
        }
        return null;
    }

    /// Sleeps until something is announced, or a time.
    pub fn wait(self: *Set, limit_ns: u64) void {
        self.lock();
        if (self.events.any()) return self.unlock();
        const seen = self.news.load(.monotonic);
        self.listening = true;
        self.unlock();
        futex.waitPrivate(&self.news, seen, limit_ns);
        self.lock();
        self.listening = false;
        self.unlock();
    }

    /// A stream was interrupted. Between two batches nothing is lost: what was not consumed is offered again.
    pub fn halt(self: *Set) void {
        if (self.halted) return;
        self.halted = true;
        if (!self.isBetweenBatches() and !switches.off("queue_outdated")) self.outdate();
    }

    /// A run has ended in the middle of a batch, whose rest is lost: until it was reset, a queue takes nothing more, lest
    /// it met the remains of others.
    pub fn outdate(self: *Set) void {
        for (self.queues.items) |queue| queue.outdated = queue.in_step;
        if (self.stop_announced) return;
        self.stop_announced = true;
        self.announce(.{ .queue = 0, .kind = .stopped });
    }

    /// The device has taken and given as many whole batches through every queue.
    fn isBetweenBatches(self: *const Set) bool {
        var batches: ?u64 = null;
        for (self.queues.items) |queue| {
            if (!queue.in_step or queue.disconnected) continue;
            const consumed = queue.entries.consumed;
            if (consumed % queue.batch != 0) return false;
            if (consumed / queue.batch != (batches orelse consumed / queue.batch)) return false;
            batches = consumed / queue.batch;
        }
        return true;
    }

    pub fn release(self: *Set) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        self.thread.release();
        self.events.deinit(allocator);
        allocator.destroy(self);
    }

    /// The handle was closed.
    pub fn drop(object: *anyopaque) void {
        const self: *Set = @ptrCast(@alignCast(object));
        self.lock();
        var all = self.queues;
        self.queues = .empty;
        for (all.items) |queue| {
            queue.reset();
            queue.disconnected = true;
        }
        self.unlock();
        // A stream that nobody else holds goes now, and its queue with it.
        for (all.items) |queue| queue.stream.release();
        all.deinit(allocator);
        self.release();
    }
};
