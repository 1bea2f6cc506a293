//! A driver's engine on a device: the executable opened, its streams listed.
const std = @import("std");
const report = @import("../abi/report.zig");
const drivers = @import("../driver/poplar/table.zig");
const Device = @import("../driver/device.zig").Device;
const Mutex = @import("../os/futex.zig").Mutex;
const failure = @import("../driver/poplar/outcome.zig");

const allocator = std.heap.smp_allocator;

/// Drivers make one engine at a time per process.
var creation: Mutex = .{};

pub const Option = struct {
    name: [:0]const u8,
    value: [:0]const u8,

    pub fn copy(gpa: std.mem.Allocator, options: []const Option) ![]const Option {
        const copies = try gpa.alloc(Option, options.len);
        var made: usize = 0;
        errdefer {
            for (copies[0..made]) |option| option.deinit(gpa);
            gpa.free(copies);
        }
        for (options, copies) |from, *to| {
            const name = try gpa.dupeZ(u8, from.name);
            errdefer gpa.free(name);
            to.* = .{ .name = name, .value = try gpa.dupeZ(u8, from.value) };
            made += 1;
        }
        return copies;
    }

    pub fn free(gpa: std.mem.Allocator, options: []const Option) void {
        for (options) |option| option.deinit(gpa);
        gpa.free(options);
    }

    fn deinit(self: Option, gpa: std.mem.Allocator) void {
        gpa.free(self.name);
        gpa.free(self.value);
    }
};

/// `replicas` 0: the driver knows neither that nor the size; `Engine.describe` tells.
pub const StreamInfo = struct { handle: []const u8, size: usize, to_device: bool, replicas: u32 };

pub const Engine = struct {
    device: *Device,
    executable: *drivers.Executable,
    raw: *drivers.Engine,
    /// Handles are the driver's memory, valid as long as the engine.
    streams: []StreamInfo,

    /// `bytes` must stay until `close`.
    pub fn create(device: *Device, bytes: []const u8, options: []const Option, check_package_hash: bool, recovery: *drivers.RecoveryAction) !Engine {
        const calls = device.table;
        var executable: ?*drivers.Executable = null;
        failure.check(calls, calls.executable_open(bytes.ptr, bytes.len, @intFromBool(check_package_hash), &executable), recovery) catch |err| {
            return if (err == error.invalid_executable and std.mem.startsWith(u8, bytes, "GC_EXE_")) refused(bytes) else err;
        };
        errdefer calls.executable_close(executable.?);
        const converted = try allocator.alloc(drivers.Option, options.len);
        defer allocator.free(converted);
        for (options, converted) |from, *to| to.* = .{ .name = from.name, .value = from.value };
        var raw: ?*drivers.Engine = null;
        {
            creation.lock();
            defer creation.unlock();
            try failure.check(calls, calls.engine_create(executable.?, converted.ptr, converted.len, &raw), recovery);
        }
        errdefer calls.engine_close(raw.?);
        const streams = try list(calls, raw.?, recovery);
        return .{ .device = device.retain(), .executable = executable.?, .raw = raw.?, .streams = streams };
    }

    pub fn table(self: *const Engine) *const drivers.Table {
        return self.device.table;
    }

    pub fn load(self: *Engine, recovery: *drivers.RecoveryAction) !void {
        try failure.check(self.table(), self.table().engine_load(self.raw, self.device.raw), recovery);
    }

    pub fn close(self: *Engine) void {
        self.table().engine_close(self.raw);
        self.table().executable_close(self.executable);
        allocator.free(self.streams);
        self.device.release();
    }

    /// What the model says of a stream; the driver knows better, where it knows.
    pub fn describe(self: *Engine, handle: []const u8, size: usize, replicas: u32) void {
        for (self.streams) |*info| if (info.replicas == 0 and std.mem.eql(u8, info.handle, handle)) {
            info.size = size;
            info.replicas = replicas;
        };
    }

    pub fn stream(self: *const Engine, handle: []const u8) ?StreamInfo {
        for (self.streams) |info| if (std.mem.eql(u8, info.handle, handle)) return info;
        return null;
    }
};

/// Of a Poplar executable, with the driver's words: a driver that is not Poplar's takes none.
fn refused(bytes: []const u8) anyerror {
    var words: [report.text_max]u8 = undefined;
    const said = report.text();
    @memcpy(words[0..said.len], said);
    return report.fail(error.invalid_executable, "the device does not take the executable, which is Poplar's ({s}): {s}", .{ bytes[0..@min(bytes.len, 8)], words[0..said.len] });
}

fn list(calls: *const drivers.Table, raw: *drivers.Engine, recovery: *drivers.RecoveryAction) ![]StreamInfo {
    var count: u32 = 0;
    try failure.check(calls, calls.engine_stream_count(raw, &count), recovery);
    const streams = try allocator.alloc(StreamInfo, count);
    errdefer allocator.free(streams);
    for (streams, 0..) |*info, index| {
        var found: drivers.StreamInfo = undefined;
        try failure.check(calls, calls.engine_stream(raw, @intCast(index), &found), recovery);
        const known = found.size != drivers.unknown_size and found.replicas > 0;
        info.* = .{
            .handle = std.mem.span(found.handle),
            .size = if (known) @intCast(found.size) else 0,
            .to_device = found.to_device != 0,
            .replicas = if (known) found.replicas else 0,
        };
    }
    return streams;
}
