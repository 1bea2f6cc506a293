//! A simulated device: a group of the system's IPUs, or a model of IPUs, which needs no hardware and is nobody else's.
const std = @import("std");
const futex = @import("../../os/futex.zig");
const report = @import("../../abi/report.zig");
const switches = @import("../../os/switches.zig");
const table = @import("../../driver/poplar/table.zig");
const architecture = @import("architecture.zig");
const claims = @import("claim.zig");
const failures = @import("../../driver/poplar/failure.zig");
const interface = @import("interface.zig");
const options_check = @import("options.zig");
const systems = @import("system.zig");
const topology = @import("topology.zig");
const Engine = @import("../../engine/program/engine.zig").Engine;
const Fault = systems.Fault;
const System = systems.System;

const allocator = std.heap.smp_allocator;
const delay_slice_us = 10_000;

pub const Device = struct {
    system: *System,
    id: u32,
    target: table.Target,
    version: i32,
    group: topology.Group,
    tiles_per_ipu: u32,
    /// Of the IPUs, while attached; a model has none.
    claims: [topology.ipus_max]claims.Claim = undefined,
    attached: bool = false,
    /// A model's; those of IPUs are the system's.
    fault: ?Fault = null,
    lock: futex.Mutex = .{},

    pub fn open(id: u32, options: []const table.Option) !*Device {
        try options_check.check(options);
        const system = try systems.current();
        errdefer system.release();
        const settings = system.settings;
        const group = topology.group(settings.ipus, id) orelse
            return report.fail(error.device_not_found, "there is no device {d}: the system has {d}.", .{ id, topology.deviceCount(settings.ipus) });
        const self = try allocator.create(Device);
        self.* = .{ .system = system, .id = id, .target = .ipu, .version = settings.version, .group = group, .tiles_per_ipu = settings.tiles_per_ipu };
        return self;
    }

    pub fn createModel(version: i32, ipus: u32, tiles_per_ipu: u32, options: []const table.Option) !*Device {
        try options_check.check(options);
        const kind = (if (version < 0) null else architecture.of(version)) orelse return report.fail(error.invalid_option, "there is no architecture ipu{d}: 1, 2 and 21 are known.", .{version});
        if (ipus == 0 or ipus > topology.ipus_max) return report.fail(error.invalid_option, "a model of {d} IPUs: 1 to {d} are possible.", .{ ipus, topology.ipus_max });
        if (tiles_per_ipu > architecture.tiles_max) return report.fail(error.invalid_option, "{d} tiles for an IPU: at most {d} are possible.", .{ tiles_per_ipu, architecture.tiles_max });
        const system = try systems.current();
        errdefer system.release();
        const self = try allocator.create(Device);
        self.* = .{
            .system = system,
            .id = 0,
            .target = .ipu_model,
            .version = version,
            .group = .{ .first = 0, .size = ipus },
            .tiles_per_ipu = if (tiles_per_ipu == 0) kind.tiles else tiles_per_ipu,
            .attached = true,
        };
        _ = system.models.fetchAdd(1, .monotonic);
        return self;
    }

    pub fn close(self: *Device) void {
        if (self.target == .ipu_model) _ = self.system.models.fetchSub(1, .monotonic);
        self.detach();
        self.system.release();
        allocator.destroy(self);
    }

    pub fn info(self: *const Device) table.DeviceInfo {
        const hardware = self.target == .ipu;
        return .{
            .id = self.id,
            .target = self.target,
            .ipu_version = self.version,
            .num_ipus = self.group.size,
            .tiles_per_ipu = self.tiles_per_ipu,
            // Poplar's models have none: remote buffers are memory of the host that a gateway reaches.
            .remote_buffers = @intFromBool(hardware and self.system.settings.remote_buffers),
            .attached = @intFromBool(self.attached),
            .children = if (hardware) topology.children(self.system.settings.ipus, self.id, &.{}) else 0,
        };
    }

    /// What programs of this device have for their tensors.
    pub fn memoryBytes(self: *const Device) u64 {
        return self.group.size * @as(u64, self.tiles_per_ipu) * architecture.of(self.version).?.bytes_per_tile;
    }

    /// False: one of the IPUs has another owner; `mrp_last_error` says which and whose.
    pub fn attach(self: *Device) !bool {
        if (try self.take()) return true;
        _ = failures.keep(error.device_unavailable);
        return false;
    }

    fn take(self: *Device) !bool {
        self.lock.lock();
        defer self.lock.unlock();
        if (self.attached) return true;
        const outcome = self.system.meet(.attach, self.id);
        delay(outcome.delay_us, null);
        if (outcome.plan) |plan| {
            if (plan.lost != 0) self.lose();
            report.say("device {d}: {s}", .{ self.id, if (plan.message[0] == 0) "planned to be refused" else plan.text() });
            return false;
        }
        var taken: u32 = 0;
        errdefer for (self.claims[0..taken]) |claim| claim.give();
        while (taken < self.group.size) : (taken += 1) {
            const ipu = self.group.first + taken;
            self.claims[taken] = (try self.takeOne(ipu)) orelse {
                for (self.claims[0..taken]) |claim| claim.give();
                return false;
            };
        }
        self.attached = true;
        _ = self.system.attached.fetchAdd(1, .monotonic);
        return true;
    }

    fn takeOne(self: *Device, ipu: u32) !?claims.Claim {
        const name = self.system.settings.name;
        if (self.isLost(ipu)) {
            report.say("IPU {d} is lost", .{ipu});
            return null;
        }
        if (try claims.Claim.take(name, ipu)) |claim| return claim;
        if (claims.holder(name, ipu)) |pid| {
            report.say("IPU {d} is held by {s} {d}", .{ ipu, if (pid == std.os.linux.getpid()) "this process," else "process", pid });
        } else report.say("IPU {d} is held by another owner", .{ipu});
        return null;
    }

    /// The process that has one of its IPUs; 0: none has.
    pub fn holder(self: *const Device) i32 {
        for (0..self.group.size) |number| {
            if (claims.holder(self.system.settings.name, self.group.first + @as(u32, @intCast(number)))) |pid| return pid;
        }
        return 0;
    }

    fn isLost(self: *Device, ipu: u32) bool {
        self.system.lock.lock();
        defer self.system.lock.unlock();
        return self.system.lost[ipu];
    }

    pub fn detach(self: *Device) void {
        self.lock.lock();
        defer self.lock.unlock();
        if (!self.attached or self.target == .ipu_model) return;
        for (self.claims[0..self.group.size]) |claim| claim.give();
        self.attached = false;
        _ = self.system.attached.fetchSub(1, .monotonic);
    }

    /// Power and links off and on: ends what loading ends, and unknown errors as well. Nothing but the end of the
    /// simulated system mends what is unrecoverable.
    pub fn reset(self: *Device) !void {
        const held = self.mend(struct {
            fn ends(fault: *const Fault) bool {
                return fault.status != .unrecoverable_error;
            }
        }.ends);
        if (held) |fault| return fail(fault);
    }

    /// An engine with tensors of `bytes` is loaded.
    pub fn load(self: *Device, bytes: u64) !void {
        if (!self.attached) return report.fail(error.not_attached, "device {d} is not attached.", .{self.id});
        const outcome = self.system.meet(.load, self.id);
        delay(outcome.delay_us, null);
        if (outcome.plan) |plan| return self.follow(plan);
        if (self.mend(Fault.endsWithLoad)) |fault| return fail(fault);
        if (bytes > self.memoryBytes() and !switches.off("sim_memory"))
            return report.fail(error.out_of_memory, "the program's tensors have {d} bytes, the device's {d} tiles {d}.", .{ bytes, self.group.size * self.tiles_per_ipu, self.memoryBytes() });
    }

    /// @return its fault
    pub fn mustWork(self: *Device) !void {
        if (!self.attached) return report.fail(error.not_attached, "device {d} is not attached.", .{self.id});
        if (self.standing()) |fault| return fail(fault);
    }

    /// A program comes to a host synchronisation point.
    pub fn sync(self: *Device, engine: *const Engine) !void {
        const outcome = self.system.meet(.sync, self.id);
        delay(outcome.delay_us, engine);
        if (outcome.plan) |plan| return self.follow(plan);
    }

    fn follow(self: *Device, plan: interface.Plan) !void {
        if (plan.lost != 0) self.lose();
        if (plan.event == .load and plan.status == .out_of_memory)
            return report.fail(error.out_of_memory, "{s}", .{if (plan.message[0] == 0) "planned: no memory on the device" else plan.text()});
        var fault: Fault = .{ .status = plan.status, .action = plan.recovery_action, .length = 0, .message = undefined };
        const text = if (plan.message[0] == 0) usualMessage(plan) else plan.text();
        fault.length = @intCast(text.len);
        @memcpy(fault.message[0..text.len], text);
        self.system.lock.lock();
        for (self.places()) |*place| place.* = fault;
        self.system.lock.unlock();
        return fail(fault);
    }

    /// Where its faults are kept; under the system's lock.
    fn places(self: *Device) []?Fault {
        if (self.target == .ipu_model) return (&self.fault)[0..1];
        return self.system.faults[self.group.first..][0..self.group.size];
    }

    fn lose(self: *Device) void {
        if (self.target == .ipu_model) return;
        self.system.lock.lock();
        defer self.system.lock.unlock();
        @memset(self.system.lost[self.group.first..][0..self.group.size], true);
    }

    /// The fault that it is in.
    fn standing(self: *Device) ?Fault {
        self.system.lock.lock();
        defer self.system.lock.unlock();
        return for (self.places()) |place| {
            if (place) |fault| break fault;
        } else null;
    }

    /// Ends the faults that `ends` says; returns one that stays.
    fn mend(self: *Device, ends: *const fn (*const Fault) bool) ?Fault {
        self.system.lock.lock();
        defer self.system.lock.unlock();
        var left: ?Fault = null;
        for (self.places()) |*place| if (place.*) |*fault| {
            if (ends(fault)) place.* = null else left = fault.*;
        };
        return left;
    }
};

fn fail(fault: Fault) anyerror {
    return failures.raise(switch (fault.status) {
        .application_error => error.device_application,
        .recoverable_error => error.device_recoverable,
        .unrecoverable_error => error.device_unrecoverable,
        else => error.device_unknown,
    }, fault.action, "{s}", .{fault.text()});
}

fn usualMessage(plan: interface.Plan) []const u8 {
    if (plan.lost != 0) return "planned: the device is lost";
    return switch (plan.status) {
        .application_error => "planned: the program failed",
        .recoverable_error => "planned: a recoverable fault",
        .unrecoverable_error => "planned: an unrecoverable fault",
        else => "planned: an unknown fault",
    };
}

/// Ends early when the engine's run is to end.
fn delay(us: u64, engine: ?*const Engine) void {
    var left = us;
    while (left > 0) {
        if (engine) |running| if (running.isEnding()) return;
        const slice: u64 = @min(left, delay_slice_us);
        const spec: std.os.linux.timespec = .{ .sec = 0, .nsec = @intCast(slice * std.time.ns_per_us) };
        _ = std.os.linux.nanosleep(&spec, null);
        left -= slice;
    }
}
