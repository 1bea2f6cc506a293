//! The driver's functions as a table: what the library exports, and what its own cuGetProcAddress gives.
const std = @import("std");
const api = @import("../../driver/cuda/api.zig");
const Export = @import("gate.zig").Export;
const failure = @import("failure.zig");
const functions = @import("functions.zig");
const system = @import("system.zig");

const Result = api.Result;
const Status = api.types.ProcAddressStatus;

const groups = .{
    @import("calls/library.zig"),
    @import("calls/device.zig"),
    @import("calls/context.zig"),
    @import("calls/memory.zig"),
    @import("calls/host_memory.zig"),
    @import("calls/copy.zig"),
    @import("calls/stream.zig"),
    @import("calls/event.zig"),
    @import("calls/module.zig"),
    @import("calls/ipc.zig"),
    @import("calls/pool.zig"),
};

pub const table: api.Table = made: {
    @setEvalBranchQuota(100_000);
    var filled: api.Table = undefined;
    for (api.functions, 0..) |function, number| {
        const group = groupOf(function.name);
        @field(filled, function.name) = &Export(number, @field(group, function.name)).call;
    }
    break :made filled;
};

fn groupOf(comptime name: []const u8) type {
    inline for (groups) |group| if (@hasDecl(group, name)) return group;
    @compileError(name ++ " is not simulated");
}

pub const getProcAddress = Export(functions.proc_address_number, resolve).call;
pub const getProcAddressBefore = Export(functions.proc_address_number, resolveBefore).call;

fn resolveBefore(name: [*:0]const u8, function: *?*anyopaque, version: c_int, flags: u64) failure.Failure!void {
    return resolve(name, function, version, flags, null);
}

/// The newest form that is no newer than `version`.
fn resolve(name: [*:0]const u8, function: *?*anyopaque, version: c_int, flags: u64, status: ?*Status) failure.Failure!void {
    const driver: c_int = @intCast((try system.present()).driver_version);
    if (version > driver or flags > 2) return failure.fail(.invalid_value);
    function.* = null;
    const found = found: {
        const wanted = std.mem.span(name);
        if (std.mem.eql(u8, wanted, functions.proc_address_name)) {
            const newer = version >= api.proc_address[0].version;
            if (!newer and version < api.proc_address[1].version) break :found Status.version_not_sufficient;
            function.* = if (newer) @constCast(&getProcAddress) else @constCast(&getProcAddressBefore);
            break :found Status.found;
        }
        inline for (api.functions) |one| {
            if (std.mem.eql(u8, wanted, one.name)) {
                if (version < one.forms[one.forms.len - 1].version) break :found Status.version_not_sufficient;
                const typed = @field(table, one.name);
                function.* = @ptrCast(@constCast(if (@typeInfo(@TypeOf(typed)) == .optional) typed.? else typed));
                break :found Status.found;
            }
        }
        break :found Status.not_found;
    };
    if (status) |into| into.* = found;
}

pub fn exportAll() void {
    @setEvalBranchQuota(100_000);
    for (api.functions) |function| {
        const typed = @field(table, function.name);
        const pointer = if (@typeInfo(@TypeOf(typed)) == .optional) typed.? else typed;
        for (function.forms) |form| @export(pointer, .{ .name = form.symbol });
    }
    @export(&getProcAddress, .{ .name = api.proc_address[0].symbol });
    @export(&getProcAddressBefore, .{ .name = api.proc_address[1].symbol });
}
