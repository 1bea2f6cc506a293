//! The engine's shared library: found by path, opened once, never closed (its thread pools and static destructors
//! do not survive that). All runners of the process share its environment.
const std = @import("std");
const api = @import("api.zig");
const report = @import("../../abi/report.zig");
const Mutex = @import("../../os/futex.zig").Mutex;

pub const Library = struct {
    table: api.Table,
    level: u32,
    version: [:0]const u8,
    env: *api.Env,
    /// Describes plain host memory; every tensor we make or receive is there.
    host: *api.MemoryInfo,
    allocator: *api.Allocator,

    /// Turns a failed call into `err`, with the engine's own words after `what`. The status is released here, once.
    pub fn check(self: *const Library, status: ?*api.Status, err: anyerror, comptime what: []const u8, args: anytype) !void {
        const failed = status orelse return;
        defer self.table.at(.release_status)(failed);
        const words = std.mem.trim(u8, std.mem.span(self.table.at(.error_message)(failed)), " \n.");
        return report.fail(err, what ++ ": {s}.", args ++ .{words});
    }

    /// For calls that cannot fail with the arguments we pass.
    pub fn sure(self: *const Library, status: ?*api.Status) !void {
        try self.check(status, error.run_failed, "ONNX Runtime refused a plain call", .{});
    }
};

/// A process has one engine library, or two when an application pins another for some of its models.
const libraries_max = 4;
var opened: [libraries_max]Library = undefined;
var handles: [libraries_max]*anyopaque = undefined;
var opened_count: usize = 0;
var opening: Mutex = .{};

extern "c" fn setenv(name: [*:0]const u8, value: [*:0]const u8, overwrite: c_int) c_int;

/// Opens the library at `path`, or gives the one opened before from the same file.
pub fn open(path: [:0]const u8) !*const Library {
    opening.lock();
    defer opening.unlock();
    // From 1.30 on the library keeps a database of events below the user's cache directory unless told not to.
    _ = setenv("ORT_DISABLE_TELEMETRY", "1", 0);
    // LOCAL: its symbols must not become anybody's. NODELETE: nothing in the process can unload it under its threads.
    const handle = std.c.dlopen(path.ptr, .{ .NOW = true, .NODELETE = true }) orelse {
        const reason = if (std.c.dlerror()) |text| std.mem.span(text) else "no reason given";
        return report.fail(error.engine_missing, "ONNX Runtime cannot be loaded from {s}: {s}", .{ path, reason });
    };
    for (handles[0..opened_count], opened[0..opened_count]) |known, *library| {
        if (known == handle) return library;
    }
    if (opened_count == libraries_max)
        return report.fail(error.out_of_handles, "{d} different ONNX Runtime libraries are loaded; {s} is one too many.", .{ libraries_max, path });
    opened[opened_count] = try connect(handle, path);
    handles[opened_count] = handle;
    opened_count += 1;
    return &opened[opened_count - 1];
}

fn connect(handle: *anyopaque, path: [:0]const u8) !Library {
    const symbol = std.c.dlsym(handle, "OrtGetApiBase") orelse
        return report.fail(error.engine_missing, "{s} is no ONNX Runtime library: it has no OrtGetApiBase.", .{path});
    const getBase: *const fn () callconv(.c) ?*const api.Base = @ptrCast(@alignCast(symbol));
    return connectTo(getBase() orelse return report.fail(error.engine_missing, "{s} gave no API.", .{path}), path);
}

fn connectTo(base: *const api.Base, path: [:0]const u8) !Library {
    const version = std.mem.span(base.getVersionString());
    const level = api.levelOfVersion(version) orelse 0;
    const slots = if (level >= api.lowest_level) base.getApi(level) else null;
    var library: Library = .{
        .table = .{ .slots = slots orelse return report.fail(error.engine_too_old, "ONNX Runtime {s} at {s} is too old: 1.{d} or newer is needed.", .{ version, path, api.lowest_level }) },
        .level = level,
        .version = version,
        .env = undefined,
        .host = undefined,
        .allocator = undefined,
    };
    // Severity 4 (fatal): every failure reaches the caller as an error; the engine need not print it as well.
    var env: ?*api.Env = null;
    try library.sure(library.table.at(.create_env)(4, "millrace", &env));
    library.env = env.?;
    var host: ?*api.MemoryInfo = null;
    try library.sure(library.table.at(.cpu_memory_info)(0, 0, &host));
    library.host = host.?;
    var allocator: ?*api.Allocator = null;
    try library.sure(library.table.at(.default_allocator)(&allocator));
    library.allocator = allocator.?;
    return library;
}

/// For tests, which run from the project's root or from `zig/`.
pub fn openForTest() !*const Library {
    return open(try pathForTest());
}

pub fn pathForTest() ![:0]const u8 {
    const arch = switch (@import("builtin").cpu.arch) {
        .x86_64 => "x64",
        .aarch64 => "arm64",
        else => return error.SkipZigTest,
    };
    const installed = "../node_modules/onnxruntime-node/bin/napi-v6/linux/" ++ arch ++ "/libonnxruntime.so.1";
    if (std.c.getenv("MILLRACE_ONNXRUNTIME")) |named| return std.mem.span(named);
    return if (std.c.access(installed, 0) == 0) installed else installed[3..];
}

test "the library is opened once and says its version" {
    const first = try openForTest();
    const second = try openForTest();
    try std.testing.expectEqual(first, second);
    try std.testing.expect(first.level >= api.lowest_level);
    try std.testing.expect(std.mem.startsWith(u8, first.version, "1."));
}

test "a path that is no engine says so" {
    try std.testing.expectError(error.engine_missing, open("/nonexistent/libonnxruntime.so.1"));
    try std.testing.expect(std.mem.find(u8, report.text(), "/nonexistent/libonnxruntime.so.1") != null);
    // The C library is there on every system that runs these tests, and is no engine.
    try std.testing.expectError(error.engine_missing, open("libc.so.6"));
    try std.testing.expect(std.mem.find(u8, report.text(), "OrtGetApiBase") != null);
}

test "a library below the level that we need is refused with its version" {
    const Old = struct {
        var version: [*:0]const u8 = "";
        fn getVersion() callconv(.c) [*:0]const u8 {
            return version;
        }
        fn getApi(_: u32) callconv(.c) ?[*]const *const anyopaque {
            return null;
        }
    };
    for ([_][:0]const u8{ "1.15.9", "1.16.0", "2.0.0", "unknown" }) |version| {
        Old.version = version;
        try std.testing.expectError(error.engine_too_old, connectTo(&.{ .getApi = Old.getApi, .getVersionString = Old.getVersion }, "old.so"));
        try std.testing.expect(std.mem.find(u8, report.text(), version) != null);
    }
}
