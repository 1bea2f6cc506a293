//! A simulated system in place of the device driver, for tests: it lasts as long as its handle.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const drivers = @import("../driver/poplar/table.zig");
const outcome = @import("../driver/poplar/outcome.zig");
const interface = @import("../sim/poplar/interface.zig");
const library = @import("../driver/poplar/library.zig");
const path = @import("path.zig");

const name_max = 48;

const allocator = std.heap.smp_allocator;

const Simulation = struct {
    pub const kind: handle.Kind = .simulation;

    control: *const interface.Control,

    fn drop(object: *anyopaque) void {
        const self: *Simulation = @ptrCast(@alignCast(object));
        _ = self.control.clear();
        library.endSimulation();
        allocator.destroy(self);
    }
};

/// The simulator's path and the system's name are in `text`, one after the other. `tiles` 0: as many as the architecture
/// has. Results: generation.
pub fn begin(t: *Thread, path_length: u32, name_length: u32, ipus: u32, version: i32, tiles: u32, remote_buffers: u32) !i32 {
    var memory: [std.fs.max_path_bytes + 1]u8 = undefined;
    const file = try path.read(&memory, try t.block.input(0, path_length));
    var name_memory: [name_max + 1]u8 = undefined;
    const name = try t.block.input(path_length, name_length);
    if (name.len > name_max or std.mem.findScalar(u8, name, 0) != null)
        return report.fail(error.invalid_argument, "a system's name has 1 to {d} of the characters A-Z a-z 0-9 . _ and -.", .{name_max});
    @memcpy(name_memory[0..name.len], name);
    name_memory[name.len] = 0;
    const opened = try library.open(file);
    const control = &(opened.control orelse return report.fail(error.driver_unusable, "{s} is no simulator.", .{file}));
    try library.beginSimulation(opened);
    errdefer library.endSimulation();
    try obeyed(control, control.configure(&.{
        .name = name_memory[0..name.len :0],
        .ipus = ipus,
        .ipu_version = version,
        .tiles_per_ipu = tiles,
        .remote_buffers = @intFromBool(remote_buffers != 0),
    }));
    errdefer _ = control.clear();
    const simulation = try allocator.create(Simulation);
    errdefer allocator.destroy(simulation);
    simulation.* = .{ .control = control };
    const made = try handle.open(.simulation, t.id, simulation, Simulation.drop);
    t.block.results[0] = @floatFromInt(made.generation);
    return @intCast(made.slot);
}

/// Something is to go wrong: `values` are event, first occurrence, occurrences, milliseconds, device (-1: any), status,
/// recovery action, whether the device is lost, microseconds of delay; the message is in `text`. See sim/poplar/control.h.
pub fn plan(t: *Thread, slot: u32, generation: u32, message_length: u32) !i32 {
    const pinned = try handle.pin(Simulation, slot, generation);
    defer pinned.release();
    const message = try t.block.input(0, message_length);
    if (message.len >= interface.message_max) return report.fail(error.invalid_argument, "a message of {d} bytes: at most {d} are possible.", .{ message.len, interface.message_max - 1 });
    var wanted: interface.Plan = .{
        .event = @enumFromInt(try number(t, 0)),
        .at = try number(t, 1),
        .times = try number(t, 2),
        .for_ms = try number(t, 3),
        .device = if (t.block.values[4] == -1) interface.any_device else try number(t, 4),
        .status = @enumFromInt(try small(t, 5)),
        .recovery_action = @enumFromInt(try small(t, 6)),
        .lost = try number(t, 7),
        .delay_us = try number(t, 8),
    };
    @memcpy(wanted.message[0..message.len], message);
    try obeyed(pinned.ptr.control, pinned.ptr.control.plan(&wanted));
    return 0;
}

/// What tests tell the simulator is the caller's to correct.
fn obeyed(control: *const interface.Control, status: drivers.Status) !void {
    outcome.requireSaid(control.last_error, status) catch |err| return if (status == .invalid_argument) error.invalid_argument else err;
}

fn number(t: *Thread, index: usize) !u32 {
    const value = try t.block.value(index);
    return std.math.cast(u32, value) orelse report.fail(error.invalid_argument, "{d} is more than fits.", .{value});
}

fn small(t: *Thread, index: usize) !i32 {
    const value = try number(t, index);
    return std.math.cast(i32, value) orelse report.fail(error.invalid_argument, "{d} is more than fits.", .{value});
}

/// Nothing planned, no device in error, none lost.
pub fn repair(_: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Simulation, slot, generation);
    defer pinned.release();
    try obeyed(pinned.ptr.control, pinned.ptr.control.repair());
    return 0;
}

/// Results: attached devices, models, executables, engines that are open in this process.
pub fn leaks(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Simulation, slot, generation);
    defer pinned.release();
    var found: interface.Leaks = undefined;
    try obeyed(pinned.ptr.control, pinned.ptr.control.leak_report(&found));
    t.block.results[0] = @floatFromInt(found.devices);
    t.block.results[1] = @floatFromInt(found.models);
    t.block.results[2] = @floatFromInt(found.executables);
    t.block.results[3] = @floatFromInt(found.engines);
    return 0;
}

pub fn close(_: *Thread, slot: u32, generation: u32) !i32 {
    try handle.close(.simulation, slot, generation);
    return 0;
}
