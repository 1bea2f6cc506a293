//! Devices: which there are, getting one, models of them, giving them back.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const job = @import("../abi/job.zig");
const report = @import("../abi/report.zig");
const attempts = @import("../driver/poplar/attempt.zig");
const drivers = @import("../driver/poplar/table.zig");
const outcome = @import("../driver/poplar/outcome.zig");
const library = @import("../driver/poplar/library.zig");
const path = @import("path.zig");
const Device = @import("../driver/device.zig").Device;

const cpu = @import("../driver/cpu/devices.zig").table;
const allocator = std.heap.smp_allocator;
const devices_max = 1 << 16;
const holder_result = 8;
const unknown_holder = -1;

/// 1: a driver was chosen, or a simulation is under way.
pub fn ready(_: *Thread) !i32 {
    return @intFromBool(library.isReady());
}

/// Devices come from the library whose path is in `text`, unless another was chosen before. Returns the bytes of its
/// version, which it leaves in `text`. `stand_in`: it is chosen because nothing drives IPUs.
pub fn driver(t: *Thread, path_length: u32, stand_in: u32) !i32 {
    var memory: [std.fs.max_path_bytes + 1]u8 = undefined;
    const opened = try library.open(try path.read(&memory, try t.block.input(0, path_length)));
    library.choose(opened, stand_in != 0);
    return writeVersion(t, opened);
}

fn writeVersion(t: *Thread, of: *const library.Library) i32 {
    const text = std.mem.span(of.table.version());
    const length = @min(text.len, t.block.text.len);
    @memcpy(t.block.text[0..length], text[0..length]);
    return @intCast(length);
}

/// How many devices the system has.
pub fn count(_: *Thread) !i32 {
    const table = &(try library.current()).table;
    var number: u32 = 0;
    try outcome.require(table, table.device_count(&number));
    if (number > devices_max) return report.fail(error.device_error, "the driver says that there are {d} devices.", .{number});
    return @intCast(number);
}

/// Results: as `info`; then a process that has an IPU of the device, 0 when nobody has, -1 when it cannot be told.
pub fn describe(t: *Thread, id: u32) !i32 {
    const table = &(try library.current()).table;
    var described: drivers.DeviceInfo = undefined;
    if (table.device_describe(id, &described) != .ok) return report.fail(error.device_not_found, "there is no device {d}.", .{id});
    show(t, &described);
    var holder: i32 = unknown_holder;
    if (table.device_holder(id, &holder) != .ok) holder = unknown_holder;
    t.block.results[holder_result] = @floatFromInt(holder);
    return 0;
}

/// What drives the devices: `text` has its version and the path of its library, one after the other; returns the bytes of
/// both. Results: bytes of the version; 0: it drives devices, 1: it simulates them, 2: nothing does, there are models only.
pub fn about(t: *Thread) !i32 {
    const used = try library.current();
    const length = writeVersion(t, used);
    t.block.results[0] = @floatFromInt(length);
    t.block.results[1] = @floatFromInt(@intFromEnum(library.role()));
    const from: usize = @intCast(length);
    const path_length = @min(used.path.len, t.block.text.len - from);
    @memcpy(t.block.text[from..][0..path_length], used.path[0..path_length]);
    return @intCast(from + path_length);
}

/// The ids of the devices that are parts of device `id`, from the `from`-th on in `values`; returns how many there are.
pub fn children(t: *Thread, id: u32, from: u32) !i32 {
    const table = &(try library.current()).table;
    var described: drivers.DeviceInfo = undefined;
    if (table.device_describe(id, &described) != .ok) return report.fail(error.device_not_found, "there is no device {d}.", .{id});
    if (described.children > devices_max) return report.fail(error.device_error, "the driver says that device {d} has {d} parts.", .{ id, described.children });
    const ids = try allocator.alloc(u32, described.children);
    defer allocator.free(ids);
    try outcome.require(table, table.device_children(id, ids.ptr, described.children));
    const begin = @min(from, ids.len);
    for (ids[begin..@min(ids.len, begin + t.block.values.len)], 0..) |child, index| t.block.values[index] = @floatFromInt(child);
    return @intCast(ids.len);
}

/// Tries once to get the device of id `wanted`, or one that has `wanted` IPUs; options are in `text`, as `name\0value\0…`.
/// Returns its slot; results: generation. 0: those that fit have other owners; results: bytes of `text` that say who.
pub fn acquire(t: *Thread, by_id: u32, wanted: u32, remote_buffers: u32, options_length: u32) !i32 {
    const attempt = try prepare(t, by_id, wanted, remote_buffers, options_length);
    defer Acquire.destroy(attempt);
    try attempt.run();
    return Acquire.deliver(attempt, t);
}

/// A job that does what `acquire` does.
pub fn acquireJob(t: *Thread, by_id: u32, wanted: u32, remote_buffers: u32, options_length: u32) !i32 {
    const attempt = try prepare(t, by_id, wanted, remote_buffers, options_length);
    const started = try job.start(t, attempt, Acquire.run, Acquire.deliver, Acquire.destroy);
    t.block.results[0] = @floatFromInt(started.generation);
    return @intCast(started.slot);
}

fn prepare(t: *Thread, by_id: u32, wanted: u32, remote_buffers: u32, options_length: u32) !*attempts.Attempt {
    const table = &(try library.current()).table;
    const attempt = try allocator.create(attempts.Attempt);
    errdefer allocator.destroy(attempt);
    attempt.* = .{
        .table = table,
        .wanted = if (by_id != 0) .{ .id = wanted } else .{ .ipus = wanted },
        .remote_buffers = remote_buffers != 0,
    };
    try attempt.options.read(try t.block.input(0, options_length));
    return attempt;
}

const Acquire = struct {
    fn run(context: *anyopaque) !void {
        try of(context).run();
    }

    fn deliver(context: *anyopaque, t: *Thread) !i32 {
        const attempt = of(context);
        if (attempt.device) |device| {
            attempt.device = null;
            return give(t, device);
        }
        @memcpy(t.block.text[0..attempt.text_length], attempt.text[0..attempt.text_length]);
        t.block.results[0] = @floatFromInt(attempt.text_length);
        return 0;
    }

    fn destroy(context: *anyopaque) void {
        const attempt = of(context);
        if (attempt.device) |device| device.release();
        allocator.destroy(attempt);
    }

    fn of(context: *anyopaque) *attempts.Attempt {
        return @ptrCast(@alignCast(context));
    }
};

/// A model of IPUs on the host; options as in `acquire`. `tiles` 0: as many as the architecture has.
pub fn createModel(t: *Thread, version: i32, ipus: u32, tiles: u32, options_length: u32) !i32 {
    const table = &(try library.current()).table;
    var options: attempts.Options = .{};
    try options.read(try t.block.input(0, options_length));
    var raw: ?*drivers.Device = null;
    try outcome.require(table, table.device_create_model(version, ipus, tiles, &options.list, options.count, &raw));
    const device = Device.create(table, raw.?) catch |err| {
        table.device_close(raw.?);
        return err;
    };
    return give(t, device);
}

/// This machine's processor.
pub fn createCpu(t: *Thread) !i32 {
    var raw: ?*drivers.Device = null;
    try outcome.require(cpu, cpu.device_open(0, &.{}, 0, &raw));
    const device = Device.create(cpu, raw.?) catch |err| {
        cpu.device_close(raw.?);
        return err;
    };
    var attached: u32 = 0;
    outcome.require(cpu, cpu.device_attach(device.raw, &attached)) catch |err| {
        device.release();
        return err;
    };
    return give(t, device);
}

/// Results: id, target, architecture, IPUs, tiles of each, whether it supports remote buffers, whether it is attached, how many
/// devices are parts of it.
pub fn info(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    const device = pinned.ptr;
    var described: drivers.DeviceInfo = undefined;
    try outcome.require(device.table, device.table.device_info_of(device.raw, &described));
    show(t, &described);
    return 0;
}

pub fn reset(_: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    try outcome.require(pinned.ptr.table, pinned.ptr.table.device_reset(pinned.ptr.raw));
    return 0;
}

/// Gives the device back, when the last session has let go of it.
pub fn close(_: *Thread, slot: u32, generation: u32) !i32 {
    try handle.close(.device, slot, generation);
    return 0;
}

fn give(t: *Thread, device: *Device) !i32 {
    errdefer device.release();
    const opened = try handle.open(.device, t.id, device, Device.drop);
    t.block.results[0] = @floatFromInt(opened.generation);
    return @intCast(opened.slot);
}

fn show(t: *Thread, described: *const drivers.DeviceInfo) void {
    const results = &t.block.results;
    results[0] = @floatFromInt(described.id);
    results[1] = @floatFromInt(@intFromEnum(described.target));
    results[2] = @floatFromInt(described.ipu_version);
    results[3] = @floatFromInt(described.num_ipus);
    results[4] = @floatFromInt(described.tiles_per_ipu);
    results[5] = @floatFromInt(described.remote_buffers);
    results[6] = @floatFromInt(described.attached);
    results[7] = @floatFromInt(described.children);
}
