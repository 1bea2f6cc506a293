//! Whether a CUDA driver does what is relied on here: `cuda-conformance [DRIVER]`, or the library that MILLRACE_CUDA names,
//! or libcuda.so.1. One row for each behaviour; it ends with 1 when one of them is another one. Where the simulated driver
//! and a card's disagree, the simulated one is wrong.
const std = @import("std");
const linux = std.os.linux;
const api = @import("driver/cuda/api.zig");
const interface = @import("sim/cuda/interface.zig");
const kernel = @import("driver/cuda/conformance/kernel.zig");
const ipc = @import("driver/cuda/conformance/ipc.zig");
const library = @import("driver/cuda/conformance/library.zig");
const Bench = @import("driver/cuda/conformance/bench.zig").Bench;
const Row = @import("driver/cuda/conformance/bench.zig").Row;

const rows = library.rows ++
    @import("driver/cuda/conformance/device.zig").rows ++
    @import("driver/cuda/conformance/memory.zig").rows ++
    @import("driver/cuda/conformance/copy.zig").rows ++
    @import("driver/cuda/conformance/stream.zig").rows ++
    @import("driver/cuda/conformance/module.zig").rows ++
    kernel.rows ++
    ipc.rows ++
    @import("driver/cuda/conformance/pool.zig").rows ++
    @import("driver/cuda/conformance/fault.zig").rows;

var table: api.Table = undefined;
var control: interface.Control = undefined;

pub fn main(init: std.process.Init.Minimal) !u8 {
    var arguments = init.args.iterate();
    _ = arguments.next();
    const first = arguments.next();
    if (first) |word| if (std.mem.eql(u8, word, "--child")) return child(arguments.next().?, arguments.next().?);
    const named = first orelse if (std.c.getenv("MILLRACE_CUDA")) |value| std.mem.span(value) else "libcuda.so.1";
    // For the processes that rows start.
    _ = setenv("MILLRACE_CUDA", named.ptr, 1);
    var bench = try load(named);
    var tally: Tally = .{};
    for (&library.before) |*row| tally.count(row, &bench);
    bench.begin() catch {
        print("there is no device: {s}\n", .{bench.reason});
        return 1;
    };
    for (&rows) |*row| tally.count(row, &bench);
    bench.end();
    const uncovered = if (tally.failed == 0) missing() else null;
    if (uncovered) |name| print("FAILED  no row is about {s}\n", .{name});
    const left = leaks(&bench);
    print("{d} passed, {d} failed, {d} skipped, on {s}\n", .{ tally.passed, tally.failed, tally.skipped, named });
    return if (tally.failed > 0 or uncovered != null or left) 1 else 0;
}

extern "c" fn setenv(name: [*:0]const u8, value: [*:0]const u8, overwrite: c_int) c_int;

const Tally = struct {
    passed: usize = 0,
    failed: usize = 0,
    skipped: usize = 0,

    fn count(self: *Tally, row: *const Row, bench: *Bench) void {
        bench.reason = "";
        if (row.simulated and bench.control == null) {
            self.skipped += 1;
            return print("skipped {s}: only a simulated driver can be asked\n", .{row.name});
        }
        if (row.run(bench)) |_| {
            self.passed += 1;
            print("passed  {s}\n", .{row.name});
        } else |err| if (err == error.Skipped) {
            self.skipped += 1;
            print("skipped {s}: {s}\n", .{ row.name, bench.reason });
        } else {
            self.failed += 1;
            print("FAILED  {s}: {s}\n", .{ row.name, if (bench.reason.len > 0) bench.reason else @errorName(err) });
        }
    }
};

/// The first function that no row is about.
fn missing() ?[]const u8 {
    for (api.functions) |function| {
        const known = for (&(library.before ++ rows)) |row| {
            if (has(row.calls, function.name)) break true;
        } else false;
        if (!known) return function.name;
    }
    return null;
}

fn has(names: []const []const u8, wanted: []const u8) bool {
    for (names) |name| if (std.mem.eql(u8, name, wanted)) return true;
    return false;
}

/// What rows left open, if the driver can say.
fn leaks(bench: *Bench) bool {
    const asked = bench.control orelse return false;
    var found: interface.Leaks = .{};
    _ = asked.leaks(&found);
    if (std.meta.eql(found, .{})) return false;
    print("FAILED  left open: {any}\n", .{found});
    return true;
}

fn load(path: [:0]const u8) !Bench {
    const handle = std.c.dlopen(path.ptr, .{ .NOW = true }) orelse {
        print("{s} cannot be loaded: {s}\n", .{ path, std.c.dlerror() orelse "no reason given" });
        return error.NoDriver;
    };
    const ask: api.GetProcAddress = @ptrCast(@alignCast(std.c.dlsym(handle, "cuGetProcAddress_v2") orelse return error.OldDriver));
    var version: c_int = 0;
    const ask_version: *const fn (*c_int) callconv(.c) api.Result = @ptrCast(@alignCast(std.c.dlsym(handle, "cuDriverGetVersion") orelse return error.NoDriver));
    _ = ask_version(&version);
    inline for (api.functions) |function| {
        var pointer: ?*anyopaque = null;
        for (function.forms) |form| if (pointer == null and form.version <= version) {
            _ = ask(function.name.ptr, &pointer, form.version, 0, null);
        };
        const Field = @FieldType(api.Table, function.name);
        if (pointer) |found| {
            @field(table, function.name) = @ptrCast(@alignCast(found));
        } else if (@typeInfo(Field) == .optional) {
            @field(table, function.name) = null;
        } else {
            print("{s} has no function {s}\n", .{ path, function.name });
            return error.OldDriver;
        }
    }
    var simulated = true;
    inline for (@typeInfo(interface.Control).@"struct".fields) |field| {
        if (std.c.dlsym(handle, interface.prefix ++ field.name)) |found| {
            @field(control, field.name) = @ptrCast(@alignCast(found));
        } else simulated = false;
    }
    return .{ .table = &table, .proc_address = ask, .control = if (simulated) &control else null };
}

fn child(task: []const u8, digits: []const u8) !u8 {
    var bench = try load(std.mem.span(std.c.getenv("MILLRACE_CUDA") orelse return 2));
    var handle: [64]u8 = undefined;
    _ = try std.fmt.hexToBytes(&handle, digits);
    _ = table.cuInit(0);
    try bench.begin();
    defer bench.end();
    inline for (ipc.tasks ++ kernel.tasks) |known| if (std.mem.eql(u8, task, known[0])) {
        known[1](&bench, &handle) catch |err| {
            print("in the other process: {s}\n", .{if (bench.reason.len > 0) bench.reason else @errorName(err)});
            return 1;
        };
        return 0;
    };
    return 2;
}

fn print(comptime format: []const u8, arguments: anytype) void {
    var buffer: [1024]u8 = undefined;
    const text = std.fmt.bufPrint(&buffer, format, arguments) catch buffer[0..];
    _ = linux.write(1, text.ptr, text.len);
}
