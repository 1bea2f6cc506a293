//! What queues announce to the JavaScript thread: a fixed ring, large enough for all that can be outstanding, since an
//! entry's place is not used again before what was announced of it has been taken. Not thread-safe: its owner has a lock.
const std = @import("std");

pub const Kind = enum(u8) {
    /// The first byte of an entry is about to go to the device.
    read_start = 0,
    /// The device has consumed all of an entry.
    read_complete = 1,
    /// The device has written all of an entry.
    write_complete = 2,
    /// The device has been waiting for data for another timeout.
    read_timeout = 3,
    /// A full queue has a place again.
    room = 4,
    /// The session was stopped while requests were in the queues.
    stopped = 5,
};

pub const Event = struct {
    queue: u32,
    kind: Kind,
    /// Number of the entry, from 0 since the queue was made or reset.
    entry: u64 = 0,
};

pub const Events = struct {
    items: []Event = &.{},
    first: usize = 0,
    /// Changed under the owner's lock only; read without it to see whether there is anything.
    count: std.atomic.Value(usize) = .init(0),

    /// Room for `more` that can be outstanding besides.
    pub fn reserve(self: *Events, allocator: std.mem.Allocator, more: usize) !void {
        const larger = try allocator.alloc(Event, self.items.len + more);
        const length = self.count.load(.monotonic);
        for (larger[0..length], 0..) |*to, index| to.* = self.at(index).*;
        allocator.free(self.items);
        self.items = larger;
        self.first = 0;
    }

    pub fn deinit(self: *Events, allocator: std.mem.Allocator) void {
        allocator.free(self.items);
    }

    pub fn push(self: *Events, event: Event) void {
        const length = self.count.load(.monotonic);
        std.debug.assert(length < self.items.len);
        self.at(length).* = event;
        // Sequentially consistent: pairs with `any`, around the wake's flag.
        self.count.store(length + 1, .seq_cst);
    }

    pub fn pop(self: *Events) ?Event {
        const length = self.count.load(.monotonic);
        if (length == 0) return null;
        const event = self.at(0).*;
        self.first = (self.first + 1) % self.items.len;
        self.count.store(length - 1, .seq_cst);
        return event;
    }

    /// Without the lock: either this sees what was pushed, or whoever pushed sees that JavaScript sleeps and wakes it.
    pub fn any(self: *const Events) bool {
        return self.count.load(.seq_cst) > 0;
    }

    /// Drops what is outstanding of a queue; the others keep their order.
    pub fn forget(self: *Events, queue: u32) void {
        for (0..self.count.load(.monotonic)) |_| {
            const event = self.pop().?;
            if (event.queue != queue) self.push(event);
        }
    }

    fn at(self: *Events, index: usize) *Event {
        return &self.items[(self.first + index) % self.items.len];
    }
};

test "events come in the order announced, without those of a queue that was reset" {
    var events: Events = .{};
    defer events.deinit(std.testing.allocator);
    try events.reserve(std.testing.allocator, 3);
    for (0..5) |round| {
        for (0..3) |i| events.push(.{ .queue = @intCast(i % 2), .kind = .read_start, .entry = round * 3 + i });
        events.forget(1);
        try std.testing.expectEqual(round * 3, events.pop().?.entry);
        if (round == 2) try events.reserve(std.testing.allocator, 2);
        try std.testing.expectEqual(round * 3 + 2, events.pop().?.entry);
        try std.testing.expectEqual(null, events.pop());
    }
}
