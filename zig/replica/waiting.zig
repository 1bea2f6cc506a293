//! The requests that wait for a replica: by priority, and within one in the order in which they came. A linked list, because
//! a request that is given up leaves from the middle. Not thread-safe: its owner has a lock.
const Request = @import("request.zig").Request;

pub const Waiting = struct {
    first: ?*Request = null,
    last: ?*Request = null,
    count: usize = 0,

    pub fn add(self: *Waiting, request: *Request) void {
        var before = self.last;
        while (before) |other| : (before = other.previous) if (other.priority >= request.priority) break;
        request.previous = before;
        request.next = if (before) |other| other.next else self.first;
        if (request.next) |other| other.previous = request else self.last = request;
        if (before) |other| other.next = request else self.first = request;
        self.count += 1;
    }

    pub fn remove(self: *Waiting, request: *Request) void {
        if (request.previous) |other| other.next = request.next else self.first = request.next;
        if (request.next) |other| other.previous = request.previous else self.last = request.previous;
        request.next = null;
        request.previous = null;
        self.count -= 1;
    }
};

const std = @import("std");

test "requests leave by priority, then in the order in which they came, also with some taken out" {
    var random = std.Random.DefaultPrng.init(3);
    for (0..50) |_| {
        var requests: [24]Request = undefined;
        var waiting: Waiting = .{};
        var present: [24]bool = @splat(true);
        for (&requests, 0..) |*request, index| {
            request.* = .{ .client = undefined, .chunk = undefined, .number = @intCast(index), .inputs = &.{}, .outputs = &.{} };
            request.priority = random.random().intRangeAtMost(i16, -2, 2);
            waiting.add(request);
        }
        for (0..8) |_| {
            const index = random.random().uintLessThan(usize, 24);
            if (!present[index]) continue;
            waiting.remove(&requests[index]);
            present[index] = false;
        }
        var previous: ?*Request = null;
        while (waiting.first) |request| : (previous = request) {
            try std.testing.expect(present[request.number]);
            if (previous) |before| try std.testing.expect(before.priority > request.priority or (before.priority == request.priority and before.number < request.number));
            waiting.remove(request);
            present[request.number] = false;
        }
        try std.testing.expectEqual(0, waiting.count);
        try std.testing.expectEqual(null, waiting.last);
        for (present) |left| try std.testing.expect(!left);
    }
}
