//! Modules, functions and launches.
const std = @import("std");
const api = @import("../../../driver/cuda/api.zig");
const current = @import("../current.zig");
const Launch = @import("../launch.zig").Launch;
const launches = @import("../launch.zig");
const failure = @import("../failure.zig");
const modules = @import("../module.zig");
const streams = @import("../stream.zig");
const transfers = @import("../transfers.zig");

const Function = api.types.Function;
const JitOption = api.types.JitOption;
const Module = api.types.Module;
const Stream = api.types.Stream;

pub fn cuModuleLoadDataEx(module: *?*Module, image: *const anyopaque, options: c_uint, names: ?[*]const JitOption, values: ?[*]?*anyopaque) failure.Failure!void {
    const device = try current.device();
    const made = modules.Module.load(device, @ptrCast(image)) catch |err| {
        if (options > 0 and names != null and values != null) complain(names.?[0..options], values.?[0..options], failure.resultOf(err));
        return err;
    };
    errdefer made.release();
    try modules.open.add(made.handle, made);
    module.* = @ptrFromInt(made.handle);
}

/// Into the caller's log, if there is one.
fn complain(names: []const JitOption, values: []?*anyopaque, result: api.Result) void {
    const words = std.mem.span(failure.words(result) orelse return);
    var buffer: ?[*]u8 = null;
    var size: usize = 0;
    for (names, values) |name, value| switch (name) {
        .error_log_buffer => buffer = @ptrCast(value),
        .error_log_buffer_size_bytes => size = @intFromPtr(value),
        else => {},
    };
    const into = buffer orelse return;
    if (size == 0) return;
    const length = @min(size - 1, words.len);
    @memcpy(into[0..length], words[0..length]);
    into[length] = 0;
}

pub fn cuModuleUnload(module: ?*Module) failure.Failure!void {
    const device = try current.any();
    const taken = modules.open.take(module) orelse return failure.fail(.invalid_handle);
    taken.release();
    try device.mustWork();
}

pub fn cuModuleGetFunction(function: *?*Function, module: ?*Module, name: [*:0]const u8) failure.Failure!void {
    _ = try current.device();
    const one = modules.open.get(module) orelse return failure.fail(.invalid_handle);
    defer one.release();
    const found = one.find(std.mem.span(name)) orelse return failure.fail(.not_found);
    function.* = @ptrFromInt(found.handle);
}

pub fn cuLaunchKernel(
    function: ?*Function,
    grid_x: c_uint,
    grid_y: c_uint,
    grid_z: c_uint,
    block_x: c_uint,
    block_y: c_uint,
    block_z: c_uint,
    shared_bytes: c_uint,
    stream: ?*Stream,
    params: ?[*]const ?*anyopaque,
    extra: ?[*]const ?*anyopaque,
) failure.Failure!void {
    const device = try current.device();
    const kernel = try modules.functionOf(function);
    defer kernel.release();
    const target = try streams.of(device, stream);
    defer target.release();
    if (grid_x == 0 or grid_y == 0 or grid_z == 0 or block_x == 0 or block_y == 0 or block_z == 0) return failure.fail(.invalid_value);
    if (grid_x > std.math.maxInt(i32) or grid_y > 65_535 or grid_z > 65_535) return failure.fail(.invalid_value);
    if (block_x > 1024 or block_y > 1024 or block_z > 64 or @as(u64, block_x) * block_y * block_z > 1024) return failure.fail(.invalid_value);
    if (shared_bytes > 48 * 1024) return failure.fail(.invalid_value);
    if (params != null and extra != null) return failure.fail(.invalid_value);
    const launch = try Launch.create(kernel.name, try bytesOf(kernel.name, params, extra));
    errdefer launch.destroy();
    _ = try target.push(.{ .launch = launch });
    transfers.count(&transfers.kernels, 1);
}

/// A kernel's only parameter.
fn bytesOf(name: []const u8, params: ?[*]const ?*anyopaque, extra: ?[*]const ?*anyopaque) failure.Failure![]const u8 {
    if (params) |list| {
        const size = try launches.paramsSize(name);
        const first: [*]const u8 = @ptrCast(list[0] orelse return failure.fail(.invalid_value));
        return first[0..size];
    }
    const list = extra orelse return failure.fail(.invalid_value);
    var buffer: ?[*]const u8 = null;
    var size: usize = 0;
    var index: usize = 0;
    while (list[index]) |marker| : (index += 2) switch (@intFromPtr(marker)) {
        1 => buffer = @ptrCast(list[index + 1]),
        2 => size = @as(*const usize, @ptrCast(@alignCast(list[index + 1] orelse return failure.fail(.invalid_value)))).*,
        else => return failure.fail(.invalid_value),
    };
    return (buffer orelse return failure.fail(.invalid_value))[0..size];
}
