//! What is to go wrong, and how often each function was called. A plan counts the calls of its function from when it was
//! made.
const std = @import("std");
const Mutex = @import("../../os/futex.zig").Mutex;
const failure = @import("failure.zig");
const functions = @import("functions.zig");
const interface = @import("interface.zig");

const Plan = interface.Plan;

const plans_max = 64;

const Armed = struct { plan: Plan, seen: u32 = 0 };

pub const Stage = enum { before, now, over };

/// Counts one call, and says whether the plan is about it.
fn meetOne(armed: *Armed, function: usize, device: u32) Stage {
    const plan = &armed.plan;
    if (plan.function != function or (plan.device != interface.any_device and plan.device != device)) return .before;
    armed.seen +|= 1;
    if (armed.seen < plan.at) return .before;
    return if (plan.times == 0 or armed.seen - plan.at < plan.times) .now else .over;
}

pub const Outcome = struct { delay_us: u64 = 0, plan: ?Plan = null };

pub const Plans = struct {
    lock: Mutex = .{},
    armed: [plans_max]Armed = undefined,
    armed_count: std.atomic.Value(u32) = .init(0),
    calls: [functions.count]std.atomic.Value(u64) = @splat(.init(0)),

    pub fn add(self: *Plans, wanted: Plan) failure.Failure!void {
        if (wanted.at == 0) return failure.say(.invalid_value, "calls are counted from 1", .{});
        if (wanted.function >= functions.count) return failure.say(.invalid_value, "there is no function {d}", .{wanted.function});
        if (wanted.result == .success and (wanted.delay_us == 0 or wanted.sticky != 0 or wanted.lost != 0)) return failure.say(.invalid_value, "a plan without a result delays", .{});
        if (wanted.asynchronous != 0 and !functions.isQueued(wanted.function)) return failure.say(.invalid_value, "only what is put on a stream fails later than at the call", .{});
        if (std.mem.findScalar(u8, &wanted.message, 0) == null) return failure.say(.invalid_value, "the message has no end", .{});
        self.lock.lock();
        defer self.lock.unlock();
        const count = self.armed_count.load(.monotonic);
        if (count == plans_max) return failure.say(.invalid_value, "{d} plans are under way", .{plans_max});
        self.armed[count] = .{ .plan = wanted };
        self.armed_count.store(count + 1, .monotonic);
    }

    pub fn clear(self: *Plans) void {
        self.lock.lock();
        defer self.lock.unlock();
        self.armed_count.store(0, .monotonic);
    }

    /// A function is called: what the plans make of it. Delays add up; the oldest failure counts.
    pub fn meet(self: *Plans, function: usize, device: u32) Outcome {
        _ = self.calls[function].fetchAdd(1, .monotonic);
        if (self.armed_count.load(.monotonic) == 0) return .{};
        var outcome: Outcome = .{};
        self.lock.lock();
        defer self.lock.unlock();
        var kept: u32 = 0;
        for (self.armed[0..self.armed_count.load(.monotonic)]) |one| {
            var armed = one;
            const stage = meetOne(&armed, function, device);
            if (stage == .over) continue;
            if (stage == .now) {
                // What a stream is to meet waits there.
                if (armed.plan.asynchronous == 0) outcome.delay_us += armed.plan.delay_us;
                if ((armed.plan.result != .success or armed.plan.asynchronous != 0) and outcome.plan == null) outcome.plan = armed.plan;
            }
            self.armed[kept] = armed;
            kept += 1;
        }
        self.armed_count.store(kept, .monotonic);
        return outcome;
    }
};

test "a plan is about its own calls and no others" {
    var plans: Plans = .{};
    try plans.add(.{ .function = 3, .at = 2, .times = 2, .result = .out_of_memory });
    try std.testing.expectEqual(null, plans.meet(4, 0).plan);
    for ([_]bool{ false, true, true, false, false }) |fails| try std.testing.expectEqual(fails, plans.meet(3, 0).plan != null);
    try std.testing.expectEqual(5, plans.calls[3].load(.monotonic));
}

test "a plan for one device does not count the others, and delays add up" {
    var plans: Plans = .{};
    try plans.add(.{ .function = 1, .device = 2, .times = 0, .delay_us = 5 });
    try plans.add(.{ .function = 1, .times = 0, .delay_us = 7 });
    try std.testing.expectEqual(7, plans.meet(1, 0).delay_us);
    try std.testing.expectEqual(12, plans.meet(1, 2).delay_us);
}

test "plans that could not be met are refused" {
    var plans: Plans = .{};
    for ([_]Plan{
        .{ .function = 3, .at = 0, .result = .out_of_memory },
        .{ .function = 3 },
        .{ .function = functions.count, .result = .out_of_memory },
        .{ .function = @intCast(functions.numberOf("cuMemAlloc").?), .result = .launch_failed, .asynchronous = 1 },
    }) |plan| try std.testing.expectError(error.Told, plans.add(plan));
}
