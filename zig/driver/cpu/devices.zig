//! The CPU as a device: one, always there, shared by all.
const std = @import("std");
const poplar = @import("../poplar/table.zig");
const report = @import("../../abi/report.zig");
const Engine = @import("../../engine/program/engine.zig").Engine;
const host_kernels = @import("../../engine/program/host_kernels.zig");
const Provider = @import("../poplar/provider.zig").Provider;

pub const table = &Provider(Devices).table;

const allocator = std.heap.smp_allocator;

const Devices = struct {
    pub const Device = struct { attached: bool = false };

    pub fn count() !u32 {
        return 1;
    }

    pub fn describe(id: u32, info: *poplar.DeviceInfo) !void {
        try mustBe(id);
        infoOf(&.{}, info);
    }

    pub fn children(id: u32, _: []u32) !void {
        try mustBe(id);
    }

    /// Nobody's alone.
    pub fn holder(id: u32) !i32 {
        try mustBe(id);
        return 0;
    }

    pub fn open(id: u32, options: []const poplar.Option) !*Device {
        try mustBe(id);
        if (options.len > 0) return report.fail(error.invalid_option, "the CPU device takes no options, {s} was given.", .{options[0].name});
        const device = try allocator.create(Device);
        device.* = .{};
        return device;
    }

    fn mustBe(id: u32) !void {
        if (id != 0) return report.fail(error.device_not_found, "there is one CPU device, 0, and no device {d}.", .{id});
    }

    pub fn createModel(_: i32, _: u32, _: u32, _: []const poplar.Option) !*Device {
        return report.fail(error.invalid_argument, "the CPU driver makes no models of IPUs.", .{});
    }

    pub fn infoOf(device: *const Device, info: *poplar.DeviceInfo) void {
        info.* = .{
            .id = 0,
            .target = .cpu,
            .ipu_version = 0,
            .num_ipus = 0,
            .tiles_per_ipu = 0,
            .remote_buffers = 1,
            .attached = @intFromBool(device.attached),
            .children = 0,
        };
    }

    pub fn attach(device: *Device) !bool {
        device.attached = true;
        return true;
    }

    pub fn detach(device: *Device) !void {
        device.attached = false;
    }

    pub fn reset(_: *Device) !void {}

    pub fn close(device: *Device) void {
        allocator.destroy(device);
    }

    pub fn load(device: *Device, engine: *Engine) !void {
        if (!device.attached) return report.fail(error.not_attached, "the CPU device is not attached.", .{});
        engine.kernels = &host_kernels.runner;
        try engine.load();
    }

    pub fn run(_: *Device, engine: *Engine, program: u32) !void {
        try engine.run(program, .{});
    }
};

test "the CPU device is attached and lists nothing else" {
    var count: u32 = 0;
    try std.testing.expectEqual(.ok, table.device_count(&count));
    try std.testing.expectEqual(1, count);
    var info: poplar.DeviceInfo = undefined;
    try std.testing.expectEqual(.invalid_argument, table.device_describe(1, &info));
    var device: ?*poplar.Device = null;
    try std.testing.expectEqual(.ok, table.device_open(0, &.{}, 0, &device));
    defer table.device_close(device.?);
    var attached: u32 = 0;
    try std.testing.expectEqual(.ok, table.device_attach(device.?, &attached));
    try std.testing.expectEqual(.ok, table.device_info_of(device.?, &info));
    try std.testing.expectEqual(1, attached);
    try std.testing.expectEqual(.cpu, info.target);
    try std.testing.expectEqual(1, info.attached);
}
