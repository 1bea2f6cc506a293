//! The simulated system: IPUs, what state each is in, and what is planned for them. Devices keep the system that they
//! were opened in; the next simulation is another one.
const std = @import("std");
const linux = std.os.linux;
const Mutex = @import("../../os/futex.zig").Mutex;
const interface = @import("interface.zig");
const report = @import("../../abi/report.zig");
const table = @import("../../driver/poplar/table.zig");
const claims = @import("claim.zig");
const Armed = @import("plan.zig").Armed;
const topology = @import("topology.zig");

const allocator = std.heap.smp_allocator;
const plans_max = 64;

/// What a device says when it is used, until somebody mends it.
pub const Fault = struct {
    status: table.Status,
    action: table.RecoveryAction,
    length: u32,
    message: [interface.message_max]u8,

    pub fn text(self: *const Fault) []const u8 {
        return self.message[0..self.length];
    }

    /// Whether loading a program again is enough.
    pub fn endsWithLoad(self: *const Fault) bool {
        return self.status == .application_error or self.status == .recoverable_error;
    }
};

pub const Settings = struct {
    name: []const u8 = "",
    ipus: u32 = 0,
    version: i32 = 0,
    tiles_per_ipu: u32 = 0,
    remote_buffers: bool = true,
};

pub const System = struct {
    references: std.atomic.Value(u32) = .init(1),
    name_memory: [claims.name_max]u8 = undefined,
    settings: Settings,
    lock: Mutex = .{},
    armed: [plans_max]Armed = undefined,
    armed_count: u32 = 0,
    faults: [topology.ipus_max]?Fault = @splat(null),
    lost: [topology.ipus_max]bool = @splat(false),
    /// For the leak report, by device.
    attached: std.atomic.Value(u32) = .init(0),
    models: std.atomic.Value(u32) = .init(0),

    pub fn create(settings: Settings) !*System {
        const self = try allocator.create(System);
        self.* = .{ .settings = settings };
        @memcpy(self.name_memory[0..settings.name.len], settings.name);
        self.settings.name = self.name_memory[0..settings.name.len];
        return self;
    }

    pub fn retain(self: *System) *System {
        _ = self.references.fetchAdd(1, .monotonic);
        return self;
    }

    pub fn release(self: *System) void {
        // Release and acquire pair among themselves: the last one sees what the others did.
        if (self.references.fetchSub(1, .acq_rel) == 1) allocator.destroy(self);
    }

    pub fn plan(self: *System, wanted: interface.Plan) !void {
        self.lock.lock();
        defer self.lock.unlock();
        if (self.armed_count == plans_max) return report.fail(error.invalid_argument, "{d} plans are under way.", .{plans_max});
        self.armed[self.armed_count] = .{ .plan = wanted, .begun_ns = nowNs() };
        self.armed_count += 1;
    }

    pub const Outcome = struct { delay_us: u64 = 0, plan: ?interface.Plan = null };

    /// Something happens to a device: what the plans make of it. Delays add up; the oldest failure counts.
    pub fn meet(self: *System, event: interface.Event, device: u32) Outcome {
        var outcome: Outcome = .{};
        self.lock.lock();
        defer self.lock.unlock();
        if (self.armed_count == 0) return outcome;
        const now = nowNs();
        var kept: u32 = 0;
        for (self.armed[0..self.armed_count]) |one| {
            var armed = one;
            const stage = armed.meet(event, device, now);
            if (stage == .over) continue;
            if (stage == .now) {
                outcome.delay_us += armed.plan.delay_us;
                if (armed.plan.status != .ok and outcome.plan == null) outcome.plan = armed.plan;
            }
            self.armed[kept] = armed;
            kept += 1;
        }
        self.armed_count = kept;
        return outcome;
    }

    /// An operator has been there: no plans, no faults, no lost devices.
    pub fn repair(self: *System) void {
        self.lock.lock();
        defer self.lock.unlock();
        self.armed_count = 0;
        self.faults = @splat(null);
        self.lost = @splat(false);
    }
};

var guard: Mutex = .{};
var present: ?*System = null;

/// The system of this process, retained: until one is configured it has no IPU.
pub fn current() !*System {
    guard.lock();
    defer guard.unlock();
    if (present == null) present = try System.create(.{});
    return present.?.retain();
}

pub fn replace(settings: Settings) !void {
    const next = try System.create(settings);
    guard.lock();
    const previous = present;
    present = next;
    guard.unlock();
    if (previous) |system| system.release();
}

fn nowNs() u64 {
    var spec: linux.timespec = undefined;
    _ = linux.clock_gettime(.MONOTONIC, &spec);
    return @as(u64, @intCast(spec.sec)) * std.time.ns_per_s + @as(u64, @intCast(spec.nsec));
}

test "delays of several plans add up, and the oldest failure counts" {
    const system = try System.create(.{ .ipus = 1, .version = 2, .tiles_per_ipu = 4 });
    defer system.release();
    var wanted: interface.Plan = .{ .event = .sync, .delay_us = 3 };
    try system.plan(wanted);
    wanted.status = .unknown_error;
    wanted.delay_us = 4;
    try system.plan(wanted);
    wanted.status = .application_error;
    try system.plan(wanted);
    const outcome = system.meet(.sync, 0);
    try std.testing.expectEqual(11, outcome.delay_us);
    try std.testing.expectEqual(.unknown_error, outcome.plan.?.status);
    const next = system.meet(.sync, 0);
    try std.testing.expectEqual(0, next.delay_us);
    try std.testing.expectEqual(null, next.plan);
}
