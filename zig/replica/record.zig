//! What a replica has done: counters, how long the phases of requests took, and the latest of them one by one.
const std = @import("std");
const Histogram = @import("histogram.zig").Histogram;
const Plan = @import("plan.zig").Plan;
const Request = @import("request.zig").Request;

const allocator = std.heap.smp_allocator;

/// Of a request: from when the call began until its run ended; until it was queued; from then until its run began; the run.
pub const Phase = enum { request, preparation, queue, computation };
pub const phases = std.enums.values(Phase).len;

/// Microseconds, as single-precision numbers: what the original gives.
pub const Trace = [phases]f32;

pub const Record = struct {
    /// Rows of requests that were run, and runs.
    rows: u64 = 0,
    batches: u64 = 0,
    /// Rows without a request that were run besides, to fill compiled batches.
    padding: u64 = 0,
    /// How long a request takes of the replica's time, lately.
    request_ns: f64 = 0,
    times: *[phases]Histogram,
    traces: std.ArrayList(Trace) = .empty,
    /// 0: all are kept.
    traces_max: u32,
    /// Traces ever taken.
    traced: u64 = 0,

    /// The memory for a bounded number of traces is there from the start.
    pub fn create(traces_max: u32) !Record {
        const times = try allocator.create([phases]Histogram);
        errdefer allocator.destroy(times);
        for (times) |*histogram| histogram.clear();
        var self: Record = .{ .traces_max = traces_max, .times = times };
        try self.traces.ensureTotalCapacity(allocator, traces_max);
        return self;
    }

    pub fn destroy(self: *Record) void {
        self.traces.deinit(allocator);
        allocator.destroy(self.times);
    }

    pub fn ran(self: *Record, plan: *const Plan, took_ns: u64) void {
        self.batches += 1;
        self.rows += plan.rows;
        self.padding += plan.size - plan.rows;
        if (plan.count == 0) return;
        const each = @as(f64, @floatFromInt(took_ns)) / @as(f64, @floatFromInt(plan.count));
        const weight: f64 = if (self.request_ns == 0) 1 else 0.125;
        self.request_ns += (each - self.request_ns) * weight;
    }

    pub fn answered(self: *Record, request: *const Request, now: u64) void {
        const t = request.times;
        const ns: [phases]u64 = .{ now -| t.began, t.queued -| t.began, t.started -| t.queued, now -| t.started };
        for (self.times, ns) |*histogram, one| histogram.add(one);
        var trace: Trace = undefined;
        for (&trace, ns) |*us, one| us.* = @as(f32, @floatFromInt(one)) / 1000;
        self.keep(trace);
    }

    fn keep(self: *Record, trace: Trace) void {
        if (self.traces_max > 0 and self.traces.items.len == self.traces_max) {
            self.traces.items[@intCast(self.traced % self.traces_max)] = trace;
        } else self.traces.append(allocator, trace) catch return;
        self.traced += 1;
    }

    /// The trace at `index`, 0 being the oldest that is kept; from the end if negative.
    pub fn traceAt(self: *const Record, index: i64) ?Trace {
        const kept: i64 = @intCast(self.traces.items.len);
        const at = if (index < 0) kept + index else index;
        if (at < 0 or at >= kept) return null;
        const oldest: u64 = if (self.traced > self.traces.items.len) self.traced % self.traces_max else 0;
        return self.traces.items[@intCast((oldest + @as(u64, @intCast(at))) % self.traces.items.len)];
    }
};

test "the latest traces are kept, and counted from either end" {
    var record = try Record.create(3);
    defer record.destroy();
    try std.testing.expectEqual(null, record.traceAt(-1));
    for (1..6) |n| {
        record.keep(@splat(@floatFromInt(n)));
        try std.testing.expectEqual(@as(f32, @floatFromInt(n)), record.traceAt(-1).?[0]);
        try std.testing.expectEqual(@as(f32, @floatFromInt(@max(n, 3) - 2)), record.traceAt(0).?[0]);
    }
    try std.testing.expectEqual(null, record.traceAt(3));
    try std.testing.expectEqual(null, record.traceAt(-4));
}

test "without a limit all traces are kept" {
    var record = try Record.create(0);
    defer record.destroy();
    for (0..2000) |n| record.keep(@splat(@floatFromInt(n)));
    try std.testing.expectEqual(0, record.traceAt(0).?[0]);
    try std.testing.expectEqual(1999, record.traceAt(-1).?[0]);
}
