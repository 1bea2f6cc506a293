//! Simulated GPUs in place of the CUDA driver, for tests: they last as long as their handle.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const api = @import("../driver/cuda/api.zig");
const interface = @import("../sim/cuda/interface.zig");
const library = @import("../driver/cuda/library.zig");
const path = @import("path.zig");
const gpus = @import("../cuda/device.zig");

const allocator = std.heap.smp_allocator;
const settle_ns = 400 * std.time.ns_per_ms;

const Simulation = struct {
    pub const kind: handle.Kind = .cuda_simulation;

    table: *const api.Table,
    control: interface.Control,

    fn drop(object: *anyopaque) void {
        const self: *Simulation = @ptrCast(@alignCast(object));
        _ = self.control.clear();
        library.endSimulation();
        allocator.destroy(self);
    }
};

/// The simulator's path and the devices' name are in `text`, one after the other; `values` has the bytes of memory of each.
/// `missing` is a set of `interface.Feature`. Results: generation.
pub fn begin(t: *Thread, path_length: u32, name_length: u32, devices: u32, capability: u32, version: u32, missing: u32) !i32 {
    var memory: [std.fs.max_path_bytes + 1]u8 = undefined;
    const file = try path.read(&memory, try t.block.input(0, path_length));
    const name = try t.block.input(path_length, name_length);
    var system: interface.System = .{
        .devices = devices,
        .compute_capability = capability,
        .driver_version = version,
        .missing = missing,
        .memory_bytes = try t.block.value(0),
    };
    if (name.len >= system.name.len) return report.fail(error.invalid_argument, "a device's name has at most {d} bytes.", .{system.name.len - 1});
    @memcpy(system.name[0..name.len], name);
    const opened = try library.open(file);
    const control = controlOf(opened) orelse return report.fail(error.driver_unusable, "{s} is no simulator.", .{file});
    if (control.abi_version() != interface.abi_version)
        return report.fail(error.driver_unusable, "{s} has version {d} of the simulator's interface; this is {d}.", .{ file, control.abi_version(), interface.abi_version });
    try library.beginSimulation(opened);
    errdefer library.endSimulation();
    try obeyed(&opened.table, control.configure(&system));
    errdefer _ = control.clear();
    const simulation = try allocator.create(Simulation);
    errdefer allocator.destroy(simulation);
    simulation.* = .{ .table = &opened.table, .control = control };
    const made = try handle.open(.cuda_simulation, t.id, simulation, Simulation.drop);
    t.block.results[0] = @floatFromInt(made.generation);
    return @intCast(made.slot);
}

/// Null: a driver, no simulator.
fn controlOf(opened: *const library.Library) ?interface.Control {
    var control: interface.Control = undefined;
    inline for (@typeInfo(interface.Control).@"struct".fields) |field| {
        @field(control, field.name) = opened.symbol(field.type, interface.prefix ++ field.name) orelse return null;
    }
    return control;
}

/// A call is to fail or to be late: `values` are first call, calls, device (-1: any), CUresult, whether it is asynchronous,
/// sticky, the device lost, microseconds of delay; the function's name and the message are in `text`, one after the other.
pub fn plan(t: *Thread, slot: u32, generation: u32, name_length: u32, message_length: u32) !i32 {
    const pinned = try handle.pin(Simulation, slot, generation);
    defer pinned.release();
    const function = try functionOf(pinned.ptr, try t.block.input(0, name_length));
    const message = try t.block.input(name_length, message_length);
    if (message.len >= interface.message_max) return report.fail(error.invalid_argument, "a message of {d} bytes: at most {d} are possible.", .{ message.len, interface.message_max - 1 });
    var wanted: interface.Plan = .{
        .function = function,
        .at = try number(t, 0),
        .times = try number(t, 1),
        .device = if (t.block.values[2] == -1) interface.any_device else try number(t, 2),
        .result = @enumFromInt(std.math.cast(c_int, try number(t, 3)) orelse return report.fail(error.invalid_argument, "a CUresult is no larger than that of an int.", .{})),
        .asynchronous = try number(t, 4),
        .sticky = try number(t, 5),
        .lost = try number(t, 6),
        .delay_us = try number(t, 7),
    };
    @memcpy(wanted.message[0..message.len], message);
    try obeyed(pinned.ptr.table, pinned.ptr.control.plan(&wanted));
    return 0;
}

fn number(t: *Thread, index: usize) !u32 {
    const value = try t.block.value(index);
    return std.math.cast(u32, value) orelse report.fail(error.invalid_argument, "{d} is more than fits.", .{value});
}

fn functionOf(simulation: *const Simulation, name: []const u8) !u32 {
    const found = simulation.control.function_number(name.ptr, name.len);
    if (found < 0) return report.fail(error.invalid_argument, "{s} is no function of the driver that is used here.", .{name});
    return @intCast(found);
}

/// What tests tell the simulator is the caller's to correct.
fn obeyed(table: *const api.Table, result: api.Result) !void {
    if (result == .success) return;
    var text: ?[*:0]const u8 = null;
    const words = if (table.cuGetErrorString(result, &text) == .success) text.? else "no reason given";
    return report.fail(error.invalid_argument, "{s}.", .{words});
}

/// Nothing planned, no device in error, none lost.
pub fn repair(_: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Simulation, slot, generation);
    defer pinned.release();
    try obeyed(pinned.ptr.table, pinned.ptr.control.repair());
    return 0;
}

/// How often the function that is named in `text` was called. Results: the number.
pub fn calls(t: *Thread, slot: u32, generation: u32, name_length: u32) !i32 {
    const pinned = try handle.pin(Simulation, slot, generation);
    defer pinned.release();
    var count: u64 = 0;
    try obeyed(pinned.ptr.table, pinned.ptr.control.calls(try functionOf(pinned.ptr, try t.block.input(0, name_length)), &count));
    t.block.results[0] = @floatFromInt(count);
    return 0;
}

/// Results: the fields of `interface.Leaks`, in their order. What was closed is given back by the devices' threads, so it may
/// take them a moment.
pub fn leaks(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Simulation, slot, generation);
    defer pinned.release();
    _ = gpus.settle(settle_ns);
    var found: interface.Leaks = .{};
    try obeyed(pinned.ptr.table, pinned.ptr.control.leaks(&found));
    return give(t, found);
}

/// Results: the fields of `interface.Transfers`, in their order.
pub fn transfers(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Simulation, slot, generation);
    defer pinned.release();
    var found: interface.Transfers = .{};
    try obeyed(pinned.ptr.table, pinned.ptr.control.transfers(&found));
    return give(t, found);
}

fn give(t: *Thread, found: anytype) i32 {
    inline for (@typeInfo(@TypeOf(found)).@"struct".fields, 0..) |field, index| t.block.results[index] = @floatFromInt(@field(found, field.name));
    return 0;
}

pub fn close(_: *Thread, slot: u32, generation: u32) !i32 {
    try handle.close(.cuda_simulation, slot, generation);
    return 0;
}
