//! `control.h`: what tests tell the simulator.
const std = @import("std");
const interface = @import("interface.zig");
const report = @import("../../abi/report.zig");
const architecture = @import("architecture.zig");
const claims = @import("claim.zig");
const systems = @import("system.zig");
const topology = @import("topology.zig");

pub fn configure(wanted: *const interface.System) !void {
    const name = std.mem.span(wanted.name);
    if (!isName(name)) return report.fail(error.invalid_argument, "a system's name has 1 to {d} of the characters A-Z a-z 0-9 . _ and -.", .{claims.name_max});
    if (wanted.ipus == 0 or wanted.ipus > topology.ipus_max) return report.fail(error.invalid_argument, "{d} IPUs: 1 to {d} are possible.", .{ wanted.ipus, topology.ipus_max });
    const kind = architecture.of(wanted.ipu_version) orelse return report.fail(error.invalid_argument, "there is no architecture ipu{d}: 1, 2 and 21 are known, -1 stands for others.", .{wanted.ipu_version});
    if (wanted.tiles_per_ipu > architecture.tiles_max) return report.fail(error.invalid_argument, "{d} tiles for an IPU: at most {d} are possible.", .{ wanted.tiles_per_ipu, architecture.tiles_max });
    try systems.replace(.{
        .name = name,
        .ipus = wanted.ipus,
        .version = wanted.ipu_version,
        .tiles_per_ipu = if (wanted.tiles_per_ipu == 0) kind.tiles else wanted.tiles_per_ipu,
        .remote_buffers = wanted.remote_buffers != 0,
    });
}

pub fn clear() !void {
    try systems.replace(.{});
}

pub fn plan(wanted: *const interface.Plan) !void {
    if (wanted.at == 0) return report.fail(error.invalid_argument, "occurrences are counted from 1.", .{});
    if (std.mem.findScalar(u8, &wanted.message, 0) == null) return report.fail(error.invalid_argument, "the message has no end.", .{});
    const possible = switch (wanted.event) {
        .sync, .load => switch (wanted.status) {
            .ok, .application_error, .recoverable_error, .unrecoverable_error, .unknown_error => true,
            .out_of_memory => wanted.event == .load,
            else => false,
        },
        // Attaching is not to block: whoever waits for a device does it between attempts.
        .attach => wanted.status != .ok and wanted.delay_us == 0,
        else => false,
    };
    if (!possible) return report.fail(error.invalid_argument, "event {d} cannot end with status {d}.", .{ @intFromEnum(wanted.event), @intFromEnum(wanted.status) });
    const system = try systems.current();
    defer system.release();
    try system.plan(wanted.*);
}

pub fn repair() !void {
    const system = try systems.current();
    defer system.release();
    system.repair();
}

/// Executables and engines are the provider's to count.
pub fn leaks(into: *interface.Leaks) !void {
    const system = try systems.current();
    defer system.release();
    into.devices = system.attached.load(.monotonic);
    into.models = system.models.load(.monotonic);
}

fn isName(name: []const u8) bool {
    if (name.len == 0 or name.len > claims.name_max) return false;
    return for (name) |byte| {
        if (!std.ascii.isAlphanumeric(byte) and std.mem.findScalar(u8, "._-", byte) == null) break false;
    } else true;
}
