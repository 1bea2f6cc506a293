//! The simulator's functions: those of `shim.h`, by the program engine over simulated devices, and those of `control.h`.
const std = @import("std");
const drivers = @import("../../driver/poplar/table.zig");
const control = @import("control.zig");
const failures = @import("../../driver/poplar/failure.zig");
const interface = @import("interface.zig");
const systems = @import("system.zig");
const topology = @import("topology.zig");
const Engine = @import("../../engine/program/engine.zig").Engine;
const Provider = @import("../../driver/poplar/provider.zig").Provider;
const SimulatedDevice = @import("device.zig").Device;

pub const Shim = Provider(Devices);

const Devices = struct {
    pub const Device = SimulatedDevice;

    pub fn count() !u32 {
        const system = try systems.current();
        defer system.release();
        return topology.deviceCount(system.settings.ipus);
    }

    pub fn describe(id: u32, info: *drivers.DeviceInfo) !void {
        const device = try Device.open(id, &.{});
        defer device.close();
        info.* = device.info();
    }

    pub fn children(id: u32, ids: []u32) !void {
        const system = try systems.current();
        defer system.release();
        _ = topology.children(system.settings.ipus, id, ids);
    }

    pub fn holder(id: u32) !i32 {
        const device = try Device.open(id, &.{});
        defer device.close();
        return device.holder();
    }

    pub const open = Device.open;
    pub const createModel = Device.createModel;
    pub const attach = Device.attach;
    pub const reset = Device.reset;
    pub const close = Device.close;

    pub fn infoOf(device: *const Device, info: *drivers.DeviceInfo) void {
        info.* = device.info();
    }

    pub fn detach(device: *Device) !void {
        device.detach();
    }

    pub fn load(device: *Device, engine: *Engine) !void {
        try device.load(engine.plan.deviceBytes());
        try engine.load();
    }

    pub fn run(device: *Device, engine: *Engine, program: u32) !void {
        try device.mustWork();
        try engine.run(program, .{ .context = device, .sync = sync });
    }

    fn sync(context: ?*anyopaque, engine: *Engine) !void {
        const device: *Device = @ptrCast(@alignCast(context.?));
        try device.sync(engine);
    }
};

pub const Control = struct {
    pub fn abi_version() callconv(.c) i32 {
        return interface.abi_version;
    }

    pub fn last_error(out: *drivers.Error) callconv(.c) void {
        out.* = failures.last;
    }

    pub fn configure(system: *const interface.System) callconv(.c) drivers.Status {
        return done(control.configure(system));
    }

    pub fn clear() callconv(.c) drivers.Status {
        return done(control.clear());
    }

    pub fn plan(wanted: *const interface.Plan) callconv(.c) drivers.Status {
        return done(control.plan(wanted));
    }

    pub fn repair() callconv(.c) drivers.Status {
        return done(control.repair());
    }

    pub fn leak_report(leaks: *interface.Leaks) callconv(.c) drivers.Status {
        leaks.executables = Shim.liveExecutables();
        leaks.engines = Shim.liveEngines();
        return done(control.leaks(leaks));
    }

    fn done(result: anyerror!void) drivers.Status {
        result catch |err| return failures.keep(err);
        return .ok;
    }
};
