//! What is to go wrong, and when. A plan waits for the k-th occurrence of its event, counted from when it was made.
const std = @import("std");
const interface = @import("interface.zig");

const Event = interface.Event;
const Plan = interface.Plan;

/// A plan under way.
pub const Armed = struct {
    plan: Plan,
    begun_ns: u64,
    seen: u32 = 0,

    pub const Stage = enum { before, now, over };

    /// Counts one occurrence, and says whether it is one that the plan is about.
    pub fn meet(self: *Armed, event: Event, device: u32, now_ns: u64) Stage {
        const plan = &self.plan;
        if (plan.for_ms != 0 and now_ns -| self.begun_ns >= @as(u64, plan.for_ms) * std.time.ns_per_ms) return .over;
        if (event != plan.event or (plan.device != interface.any_device and plan.device != device)) return .before;
        self.seen +|= 1;
        if (self.seen < plan.at) return .before;
        return if (plan.times == 0 or self.seen - plan.at < plan.times) .now else .over;
    }
};

test "a plan is about its own occurrences and no others" {
    var armed: Armed = .{ .plan = .{ .event = .sync, .at = 2, .times = 2 }, .begun_ns = 0 };
    try std.testing.expectEqual(.before, armed.meet(.attach, 0, 0));
    for ([_]Armed.Stage{ .before, .now, .now, .over }) |stage| try std.testing.expectEqual(stage, armed.meet(.sync, 0, 0));
}

test "a plan for one device does not count the others" {
    var armed: Armed = .{ .plan = .{ .event = .attach }, .begun_ns = 0 };
    armed.plan.device = 3;
    try std.testing.expectEqual(.before, armed.meet(.attach, 2, 0));
    try std.testing.expectEqual(.now, armed.meet(.attach, 3, 0));
}

test "a plan for a time ends with it, and one without a number of times does not" {
    var armed: Armed = .{ .plan = .{ .event = .load, .times = 0 }, .begun_ns = 5 * std.time.ns_per_ms };
    armed.plan.for_ms = 10;
    for (0..5) |_| try std.testing.expectEqual(.now, armed.meet(.load, 0, 14 * std.time.ns_per_ms));
    try std.testing.expectEqual(.over, armed.meet(.load, 0, 15 * std.time.ns_per_ms));
}
