//! A driver for tests. Its executable is any text that begins with "fake"; its engine has the streams `in` and `out` of
//! four bytes and a remote buffer `far` of two blocks. Program 0 copies `in` to `out`, 1 fails with the status that was set,
//! 2 runs until it is stopped, 3 copies `far` to `out`.
const std = @import("std");
const drivers = @import("../driver/poplar/table.zig");
const Device = @import("../driver/device.zig").Device;
const futex = @import("../os/futex.zig");

const allocator = std.heap.smp_allocator;
pub const size = 4;

pub var failing: drivers.Status = .ok;
pub var engines = std.atomic.Value(u32).init(0);
pub var open_devices = std.atomic.Value(u32).init(0);
pub var hash_checked = false;
/// As Poplar: streams have names and no more.
pub var names_only = false;
pub var option_seen: [64]u8 = @splat(0);
threadlocal var last: drivers.Error = .{ .status = .ok, .recovery_action = .none, .message = @splat(0) };

const Fake = struct {
    loaded: bool = false,
    stopped: std.atomic.Value(bool) = .init(false),
    in: ?Connected = null,
    out: ?Connected = null,
    far: [2][size]u8 = @splat(@splat(0)),

    const Connected = struct { callbacks: drivers.Callbacks, context: ?*anyopaque };
};

pub fn device() !*Device {
    _ = open_devices.fetchAdd(1, .monotonic);
    return Device.create(&table, @ptrCast(&anchor));
}

var anchor: u8 = 0;

pub const table: drivers.Table = .{
    .abi_version = &abiVersion,
    .last_error = &lastError,
    .package_hash = &text,
    .version = &text,
    .device_count = undefined,
    .device_describe = undefined,
    .device_children = undefined,
    .device_holder = undefined,
    .device_open = undefined,
    .device_create_model = undefined,
    .device_info_of = undefined,
    .device_attach = undefined,
    .device_detach = undefined,
    .device_reset = undefined,
    .device_close = &closeDevice,
    .executable_open = &openExecutable,
    .executable_close = &closeExecutable,
    .engine_create = &createEngine,
    .engine_load = &load,
    .engine_run = &run,
    .engine_stop = &stop,
    .engine_close = &closeEngine,
    .engine_stream_count = &streamCount,
    .engine_stream = &streamAt,
    .engine_connect_memory = undefined,
    .engine_connect_callbacks = &connect,
    .engine_copy_to_remote = &toRemote,
    .engine_copy_from_remote = &fromRemote,
};

fn abiVersion() callconv(.c) i32 {
    return drivers.abi_version;
}

fn text() callconv(.c) [*:0]const u8 {
    return "fake";
}

fn lastError(into: *drivers.Error) callconv(.c) void {
    into.* = last;
}

fn fail(status: drivers.Status, action: drivers.RecoveryAction, message: []const u8) drivers.Status {
    last = .{ .status = status, .recovery_action = action, .message = @splat(0) };
    @memcpy(last.message[0..message.len], message);
    return status;
}

fn closeDevice(_: *drivers.Device) callconv(.c) void {
    _ = open_devices.fetchSub(1, .monotonic);
}

fn openExecutable(bytes: [*]const u8, length: usize, check: i32, out: *?*drivers.Executable) callconv(.c) drivers.Status {
    hash_checked = check != 0;
    if (!std.mem.startsWith(u8, bytes[0..length], "fake")) return fail(.invalid_executable, .none, "not fake");
    out.* = @ptrCast(&anchor);
    return .ok;
}

fn closeExecutable(_: *drivers.Executable) callconv(.c) void {}

fn createEngine(_: *drivers.Executable, options: [*]const drivers.Option, count: usize, out: *?*drivers.Engine) callconv(.c) drivers.Status {
    for (options[0..count]) |option| {
        if (std.mem.eql(u8, std.mem.span(option.name), "bad")) return fail(.invalid_option, .none, "bad is no option");
        const value = std.mem.span(option.value);
        @memcpy(option_seen[0..value.len], value);
    }
    const self = allocator.create(Fake) catch return .out_of_memory;
    self.* = .{};
    out.* = @ptrCast(self);
    _ = engines.fetchAdd(1, .monotonic);
    return .ok;
}

fn of(engine: *const drivers.Engine) *Fake {
    return @ptrCast(@alignCast(@constCast(engine)));
}

fn load(engine: *drivers.Engine, _: *drivers.Device) callconv(.c) drivers.Status {
    of(engine).loaded = true;
    of(engine).stopped.store(false, .release);
    return .ok;
}

fn stop(engine: *drivers.Engine) callconv(.c) drivers.Status {
    of(engine).stopped.store(true, .release);
    return .ok;
}

fn closeEngine(engine: *drivers.Engine) callconv(.c) void {
    allocator.destroy(of(engine));
    _ = engines.fetchSub(1, .monotonic);
}

fn streamCount(_: *const drivers.Engine, count: *u32) callconv(.c) drivers.Status {
    count.* = 2;
    return .ok;
}

fn streamAt(_: *const drivers.Engine, index: u32, info: *drivers.StreamInfo) callconv(.c) drivers.Status {
    info.* = .{
        .handle = if (index == 0) "in" else "out",
        .size = if (names_only) drivers.unknown_size else size,
        .to_device = @intFromBool(index == 0),
        .replicas = if (names_only) 0 else 1,
    };
    return .ok;
}

fn connect(engine: *drivers.Engine, name: [*:0]const u8, _: u32, callbacks: *const drivers.Callbacks, context: ?*anyopaque) callconv(.c) drivers.Status {
    const place = if (std.mem.eql(u8, std.mem.span(name), "in")) &of(engine).in else &of(engine).out;
    place.* = .{ .callbacks = callbacks.*, .context = context };
    return .ok;
}

fn toRemote(engine: *drivers.Engine, data: [*]const u8, _: [*:0]const u8, repeat: u32, _: u32) callconv(.c) drivers.Status {
    @memcpy(&of(engine).far[repeat], data[0..size]);
    return .ok;
}

fn fromRemote(engine: *drivers.Engine, _: [*:0]const u8, data: [*]u8, repeat: u32, _: u32) callconv(.c) drivers.Status {
    @memcpy(data[0..size], &of(engine).far[repeat]);
    return .ok;
}

fn run(engine: *drivers.Engine, program: u32) callconv(.c) drivers.Status {
    const self = of(engine);
    var buffer: [size]u8 = undefined;
    switch (program) {
        0 => {
            const in = self.in orelse return fail(.stream_error, .none, "in is not connected");
            in.callbacks.fetch(in.context, &buffer);
            in.callbacks.complete(in.context);
            if (self.stopped.load(.acquire)) return fail(.stopped, .none, "");
            return put(self, &buffer);
        },
        1 => return fail(failing, .ipu_reset, "it failed"),
        2 => while (!self.stopped.load(.acquire)) futex.pause() else return fail(.stopped, .none, ""),
        3 => for (self.far) |block| {
            const status = put(self, &block);
            if (status != .ok) return status;
        } else return .ok,
        else => return fail(.invalid_argument, .none, "no such program"),
    }
}

fn put(self: *Fake, bytes: *const [size]u8) drivers.Status {
    const out = self.out orelse return fail(.stream_error, .none, "out is not connected");
    out.callbacks.fetch(out.context, @constCast(bytes));
    out.callbacks.complete(out.context);
    return .ok;
}
