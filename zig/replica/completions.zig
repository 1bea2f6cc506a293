//! What ended in one run, by the thread that is to be told.
const std = @import("std");
const futex = @import("../os/futex.zig");
const Client = @import("client.zig").Client;
const Bundle = @import("request.zig").Bundle;
const Request = @import("request.zig").Request;
const Schedule = @import("schedule.zig").Schedule;

pub const Completions = struct {
    schedule: *Schedule,
    client: ?*Client = null,
    newest: ?*Bundle = null,
    oldest: ?*Bundle = null,
    count: u32 = 0,
    total: u32 = 0,
    awaited: bool = false,

    pub fn add(self: *Completions, request: *Request) void {
        self.total += 1;
        if (self.client != request.client) self.deliver();
        self.client = request.client;
        self.count += 1;
        if (request.blocking) {
            // Release pairs with the acquire in `wait`.
            request.state.store(.done, .release);
            self.awaited = true;
            return;
        }
        // Under the lock: from here on `cancel` must not take it for one that waits for its next batch.
        request.state.store(.ended, .monotonic);
        if (self.newest == null or self.newest.?.isFull()) {
            request.bundle = .{ .next = self.newest };
            self.newest = &request.bundle;
            if (self.oldest == null) self.oldest = self.newest;
        }
        self.newest.?.add(request);
    }

    pub fn deliver(self: *Completions) void {
        const client = self.client orelse return;
        if (self.newest) |newest| client.announce(newest, self.oldest.?);
        if (self.awaited) {
            _ = self.schedule.ended.fetchAdd(1, .seq_cst);
            if (self.schedule.waiters.load(.seq_cst) > 0) futex.wakePrivate(&self.schedule.ended, std.math.maxInt(u31));
        }
        client.releaseMany(self.count);
        self.* = .{ .schedule = self.schedule, .total = self.total };
    }
};
