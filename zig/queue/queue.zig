//! One queue: entries that the JavaScript thread puts in and the thread that runs the program takes out, through the
//! stream that the queue shows to the session. All of a set's queues share the set's lock; bytes are copied outside it.
const std = @import("std");
const futex = @import("../os/futex.zig");
const switches = @import("../os/switches.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;
const Stream = @import("../session/stream.zig").Stream;
const Entries = @import("entries.zig").Entries;
const Entry = @import("entries.zig").Entry;
const Wants = @import("entries.zig").Wants;
const Event = @import("events.zig");
const Set = @import("set.zig").Set;
const input = @import("input.zig");
const output = @import("output.zig");

const allocator = std.heap.smp_allocator;

pub const Direction = enum { input, output };

pub const Shape = struct {
    direction: Direction,
    in_step: bool = true,
    /// Bytes of one batch of the device.
    batch: usize,
    /// Entries that the queue holds.
    count: u32,
};

pub const Queue = struct {
    stream: Stream,
    set: *Set,
    number: u32,
    /// Bytes of one batch of the device.
    batch: usize,
    entries: Entries,
    /// Grows with everything that a thread in `sleep` may be waiting for.
    changes: std.atomic.Value(u32) = .init(0),
    sleeping: bool = false,
    /// Bytes without which there is no use in waking the sleeper.
    needed: usize = 0,
    /// The stream's thread is copying from or to an entry, outside the lock.
    copying: bool = false,
    /// Never waits again: zeros go to the device, what comes from it is dropped.
    disconnected: bool = false,
    interrupted: bool = false,
    /// Takes part in requests: the same batches go through all such queues.
    in_step: bool,
    /// A run ended in the middle of a batch: what is here belongs to none.
    outdated: bool = false,
    // Announced, and not yet taken by JavaScript.
    timeout_announced: bool = false,
    room_announced: bool = false,
    /// JavaScript has found the queue full.
    room_wanted: bool = false,
    /// Grows with each reset: a transfer that was under way begins anew.
    epoch: u32 = 0,

    pub fn create(set: *Set, number: u32, shape: Shape) !*Queue {
        const self = try allocator.create(Queue);
        errdefer allocator.destroy(self);
        self.* = .{
            .stream = .{ .calls = if (shape.direction == .input) &input.calls else &output.calls },
            .set = set,
            .number = number,
            .batch = shape.batch,
            .in_step = shape.in_step,
            .entries = try .create(allocator, shape.count),
        };
        return self;
    }

    pub fn destroy(self: *Queue) void {
        self.entries.destroy(allocator);
        allocator.destroy(self);
    }

    pub fn of(stream: *Stream) *Queue {
        return @alignCast(@fieldParentPtr("stream", stream));
    }

    // Of the JavaScript thread, under the set's lock.

    /// False: full; `room` is announced when it no longer is. Takes the reference to the mapping over only when true.
    pub fn enqueue(self: *Queue, mapping: ?*Mapping, bytes: []u8, wants: Wants) bool {
        if (!self.hasRoom()) return false;
        if (mapping == null) self.entries.writeNothing(bytes.len) else self.entries.write(mapping, bytes, wants);
        if (self.sleeping and self.entries.ahead() >= self.needed) self.changed();
        return true;
    }

    pub fn hasRoom(self: *Queue) bool {
        self.room_wanted = !self.entries.hasRoom();
        return !self.room_wanted;
    }

    /// Bytes that the batch which entries have begun still lacks; a whole batch when none is begun.
    pub fn lacking(self: *const Queue) usize {
        return self.batch - @as(usize, @intCast(self.entries.written_bytes % self.batch));
    }

    pub fn isPartial(self: *const Queue) bool {
        return self.lacking() < self.batch;
    }

    pub fn isAwaited(self: *Queue) bool {
        return self.sleeping and self.entries.ahead() < self.needed;
    }

    /// As when it was made. Whatever is being copied is waited for.
    pub fn reset(self: *Queue) void {
        while (self.copying) {
            self.set.unlock();
            futex.pause();
            self.set.lock();
        }
        self.entries.clear();
        self.set.events.forget(self.number);
        self.disconnected = false;
        self.outdated = false;
        self.timeout_announced = false;
        self.room_announced = false;
        self.room_wanted = false;
        self.epoch +%= 1;
        self.changed();
    }

    /// What the stream's thread sees has changed; it is woken if it sleeps.
    pub fn changed(self: *Queue) void {
        _ = self.changes.fetchAdd(1, .monotonic);
        if (self.sleeping) futex.wakePrivate(&self.changes, 1);
    }

    // Of the stream's thread, under the set's lock.

    /// Sleeps until there are `needed` bytes, until something else has changed, or time to announce that nothing does.
    pub fn sleep(self: *Queue, patience: *Patience, needed: usize) void {
        const left = patience.left(self);
        const seen = self.changes.load(.monotonic);
        self.needed = needed;
        self.sleeping = true;
        self.set.unlock();
        futex.waitPrivate(&self.changes, seen, left);
        self.set.lock();
        self.sleeping = false;
    }

    pub fn announceStart(self: *Queue, entry: *Entry) void {
        if (!entry.wants.start or entry.start_announced) return;
        entry.start_announced = true;
        self.set.announce(.{ .queue = self.number, .kind = .read_start, .entry = self.entries.at });
    }

    /// Consumed bytes let the entries go that they were the last of.
    pub fn consume(self: *Queue, count: usize, kind: Event.Kind) void {
        self.entries.consume(count);
        while (self.entries.nextCompleted()) |number| {
            const entry = self.entries.entry(number);
            if (!entry.wants.complete) continue;
            entry.complete_announced = true;
            self.set.announce(.{ .queue = self.number, .kind = kind, .entry = number });
        }
        if (!self.room_wanted or self.room_announced or !self.entries.hasRoom()) return;
        self.room_wanted = false;
        self.room_announced = true;
        self.set.announce(.{ .queue = self.number, .kind = .room });
    }

    // Of any thread.

    pub fn interrupt(stream: *Stream) void {
        const self = of(stream);
        self.set.lock();
        defer self.set.unlock();
        self.interrupted = true;
        self.changed();
        self.set.halt();
    }

    pub fn proceed(stream: *Stream) void {
        const self = of(stream);
        self.set.lock();
        defer self.set.unlock();
        self.interrupted = false;
        self.set.halted = false;
        if (!switches.off("queue_invalidate")) self.entries.putAllBack();
    }

    /// The last reference to the stream is gone, the set's own included.
    pub fn streamGone(stream: *Stream) void {
        const self = of(stream);
        const set = self.set;
        self.destroy();
        set.release();
    }
};

/// How long a wait has lasted since the last announcement of it.
pub const Patience = struct {
    /// It is never announced.
    endless: bool = false,
    deadline: u64 = 0,

    fn left(self: *Patience, queue: *Queue) ?u64 {
        const timeout = queue.set.timeout_ns;
        if (timeout == 0 or self.endless) return null;
        const now = futex.now();
        if (self.deadline == 0) self.deadline = now +| timeout;
        if (now < self.deadline) return self.deadline - now;
        if (!queue.timeout_announced and !switches.off("queue_read_timeout")) {
            queue.timeout_announced = true;
            queue.set.announce(.{ .queue = queue.number, .kind = .read_timeout });
        }
        self.deadline = now +| timeout;
        return timeout;
    }
};
