//! Requests on their way from one thread to another: any number of senders, one taker (or several that exclude each other).
//! A stack of links that the taker empties whole and turns around, so that neither side ever waits (R. K. Treiber, "Systems
//! Programming: Coping with Parallelism", 1986; taking everything leaves no room for its ABA problem).
const std = @import("std");

pub fn Inbox(comptime T: type, comptime link: []const u8) type {
    return struct {
        const Self = @This();

        newest: std.atomic.Value(?*T) = .init(null),

        pub fn push(self: *Self, item: *T) void {
            self.pushChain(item, item);
        }

        /// Several at once, linked from the newest to the oldest.
        pub fn pushChain(self: *Self, newest: *T, oldest: *T) void {
            var seen = self.newest.load(.monotonic);
            while (true) {
                @field(oldest, link) = seen;
                // Release pairs with the acquire in `takeAll`: whoever takes an item sees what was written to it. Sequentially
                // consistent besides, because a sender then looks whether the taker sleeps (see `Schedule.rest`).
                seen = self.newest.cmpxchgWeak(seen, newest, .seq_cst, .monotonic) orelse return;
            }
        }

        /// Everything that is there, linked from the oldest to the newest.
        pub fn takeAll(self: *Self) ?*T {
            if (self.newest.load(.monotonic) == null) return null;
            // Acquire pairs with the release in `pushChain`.
            var rest = self.newest.swap(null, .acquire);
            var oldest: ?*T = null;
            while (rest) |item| {
                rest = @field(item, link);
                @field(item, link) = oldest;
                oldest = item;
            }
            return oldest;
        }

        /// Sequentially consistent: pairs with `pushChain`, for a taker that is about to sleep.
        pub fn isEmpty(self: *const Self) bool {
            return self.newest.load(.seq_cst) == null;
        }
    };
}

const Item = struct { number: u32, next: ?*Item = null };

test "what several threads send arrives once, and each one's in the order in which it was sent" {
    const Shared = struct {
        var inbox: Inbox(Item, "next") = .{};
        var items: [4][2000]Item = undefined;
        fn send(own: *[2000]Item) void {
            for (own) |*item| inbox.push(item);
        }
    };
    var threads: [4]std.Thread = undefined;
    for (&Shared.items, 0..) |*own, sender| for (own, 0..) |*item, index| {
        item.* = .{ .number = @intCast(sender * 10_000 + index) };
    };
    for (&threads, &Shared.items) |*thread, *own| thread.* = try std.Thread.spawn(.{}, Shared.send, .{own});
    var next: [4]u32 = @splat(0);
    var count: usize = 0;
    while (count < 4 * 2000) {
        var rest = Shared.inbox.takeAll();
        while (rest) |item| : (count += 1) {
            rest = item.next;
            try std.testing.expectEqual(next[item.number / 10_000], item.number % 10_000);
            next[item.number / 10_000] += 1;
        }
    }
    for (threads) |thread| thread.join();
    try std.testing.expect(Shared.inbox.isEmpty());
}

test "a chain arrives in its order, after what was sent before" {
    var inbox: Inbox(Item, "next") = .{};
    var items: [4]Item = undefined;
    for (&items, 0..) |*item, index| item.* = .{ .number = @intCast(index) };
    inbox.push(&items[0]);
    items[3].next = &items[2];
    items[2].next = &items[1];
    inbox.pushChain(&items[3], &items[1]);
    var rest = inbox.takeAll();
    for (0..4) |index| {
        try std.testing.expectEqual(index, rest.?.number);
        rest = rest.?.next;
    }
    try std.testing.expectEqual(null, rest);
}
