//! The functions of `shim.h`, as a table: a library's, found by `dlsym`, or those of `driver/cpu`, which are ours. Above
//! this nobody knows which.
const std = @import("std");

pub const abi_version = 2;
/// A stream's size, where the library cannot tell.
pub const unknown_size = std.math.maxInt(u64);

pub const Status = enum(i32) {
    ok = 0,
    application_error = 1,
    recoverable_error = 2,
    unrecoverable_error = 3,
    unknown_error = 4,
    stream_error = 5,
    invalid_option = 6,
    invalid_executable = 7,
    package_hash = 8,
    invalid_argument = 9,
    out_of_memory = 10,
    stopped = 11,
    host_sync_timeout = 12,
    not_attached = 13,
    engine_missing = 14,
    _,
};

pub const RecoveryAction = enum(i32) { none = 0, ipu_reset = 1, link_reset = 2, partition_reset = 3, full_reset = 4, _ };

pub const Target = enum(u32) { ipu = 0, ipu_model = 1, cpu = 2, _ };

pub const Error = extern struct { status: Status, recovery_action: RecoveryAction, message: [1016]u8 };
pub const Option = extern struct { name: [*:0]const u8, value: [*:0]const u8 };

pub const DeviceInfo = extern struct {
    id: u32,
    target: Target,
    ipu_version: i32,
    num_ipus: u32,
    tiles_per_ipu: u32,
    remote_buffers: u32,
    attached: u32,
    children: u32,
};

pub const StreamInfo = extern struct { handle: [*:0]const u8, size: u64, to_device: u32, replicas: u32 };

pub const Callbacks = extern struct {
    prefetch: ?*const fn (context: ?*anyopaque, buffer: [*]u8) callconv(.c) i32,
    fetch: *const fn (context: ?*anyopaque, buffer: [*]u8) callconv(.c) void,
    complete: *const fn (context: ?*anyopaque) callconv(.c) void,
    invalidate_prefetched: *const fn (context: ?*anyopaque) callconv(.c) void,
    interrupt: ?*const fn (context: ?*anyopaque) callconv(.c) void = null,
};

pub const Device = opaque {};
pub const Executable = opaque {};
pub const Engine = opaque {};

/// Field `x` is the function `mrp_x`.
pub const Table = struct {
    abi_version: *const fn () callconv(.c) i32,
    last_error: *const fn (*Error) callconv(.c) void,
    package_hash: *const fn () callconv(.c) [*:0]const u8,
    version: *const fn () callconv(.c) [*:0]const u8,
    device_count: *const fn (*u32) callconv(.c) Status,
    device_describe: *const fn (u32, *DeviceInfo) callconv(.c) Status,
    device_children: *const fn (u32, [*]u32, u32) callconv(.c) Status,
    device_holder: *const fn (u32, *i32) callconv(.c) Status,
    device_open: *const fn (u32, [*]const Option, usize, *?*Device) callconv(.c) Status,
    device_create_model: *const fn (i32, u32, u32, [*]const Option, usize, *?*Device) callconv(.c) Status,
    device_info_of: *const fn (*const Device, *DeviceInfo) callconv(.c) Status,
    device_attach: *const fn (*Device, *u32) callconv(.c) Status,
    device_detach: *const fn (*Device) callconv(.c) Status,
    device_reset: *const fn (*Device) callconv(.c) Status,
    device_close: *const fn (*Device) callconv(.c) void,
    executable_open: *const fn ([*]const u8, usize, i32, *?*Executable) callconv(.c) Status,
    executable_close: *const fn (*Executable) callconv(.c) void,
    engine_create: *const fn (*Executable, [*]const Option, usize, *?*Engine) callconv(.c) Status,
    engine_load: *const fn (*Engine, *Device) callconv(.c) Status,
    engine_run: *const fn (*Engine, u32) callconv(.c) Status,
    engine_stop: *const fn (*Engine) callconv(.c) Status,
    engine_close: *const fn (*Engine) callconv(.c) void,
    engine_stream_count: *const fn (*const Engine, *u32) callconv(.c) Status,
    engine_stream: *const fn (*const Engine, u32, *StreamInfo) callconv(.c) Status,
    engine_connect_memory: *const fn (*Engine, [*:0]const u8, u32, ?*anyopaque, ?*anyopaque) callconv(.c) Status,
    engine_connect_callbacks: *const fn (*Engine, [*:0]const u8, u32, *const Callbacks, ?*anyopaque) callconv(.c) Status,
    engine_copy_to_remote: *const fn (*Engine, [*]const u8, [*:0]const u8, u32, u32) callconv(.c) Status,
    engine_copy_from_remote: *const fn (*Engine, [*:0]const u8, [*]u8, u32, u32) callconv(.c) Status,
};

test "the table has the functions of shim.h, and no other" {
    const header = @embedFile("shim.h");
    @setEvalBranchQuota(100_000);
    inline for (@typeInfo(Table).@"struct".fields) |field| {
        try std.testing.expect(std.mem.find(u8, header, "mrp_" ++ field.name ++ "(") != null);
    }
    var declared: usize = 0;
    var lines = std.mem.splitScalar(u8, header, '\n');
    while (lines.next()) |line| {
        const open = std.mem.findScalar(u8, line, '(') orelse continue;
        const starts = for ([_][]const u8{ "int32_t ", "void ", "const char " }) |prefix| {
            if (std.mem.startsWith(u8, line, prefix)) break true;
        } else false;
        if (starts and std.mem.find(u8, line[0..open], "mrp_") != null) declared += 1;
    }
    try std.testing.expectEqual(@typeInfo(Table).@"struct".fields.len, declared);
}
