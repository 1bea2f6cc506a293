//! What is open in this process. At its end it is told on stderr, unless it is nothing: also what is of systems that were
//! simulated before.
const std = @import("std");
const linux = std.os.linux;
const Mutex = @import("../../os/futex.zig").Mutex;
const events = @import("event.zig");
const interface = @import("interface.zig");
const memory = @import("memory.zig");
const modules = @import("module.zig");
const pools = @import("pool.zig");
const ranges = @import("ranges.zig");
const streams = @import("stream.zig");
const system = @import("system.zig");

extern "c" fn atexit(function: *const fn () callconv(.c) void) c_int;
extern "c" fn at_quick_exit(function: *const fn () callconv(.c) void) c_int;

pub var abandoned = std.atomic.Value(u64).init(0);

/// Of devices from this number on.
pub fn count(from: c_int) interface.Leaks {
    const held = ranges.count(from);
    return .{
        .contexts = system.retainedContexts(from),
        .device_memory = held.memory,
        .device_memory_bytes = held.bytes,
        .host_memory = held.host,
        .registrations = held.registrations,
        .imports = held.imports,
        .streams = streams.open.count(from),
        .events = events.open.count(from),
        .modules = modules.open.count(from),
        .pools = pools.open.count(from),
        .abandoned = abandoned.load(.monotonic),
        .freed_while_imported = memory.freed_while_imported.load(.monotonic),
    };
}

/// What became of an earlier system's is no business of the next one.
pub fn forget() void {
    abandoned.store(0, .monotonic);
    memory.freed_while_imported.store(0, .monotonic);
}

var lock: Mutex = .{};
var installed = false;

/// Which of the two a program ends with is its runtime's choice; both handlers of one program never run.
pub fn reportAtExit() void {
    lock.lock();
    defer lock.unlock();
    if (installed) return;
    installed = true;
    _ = atexit(atExit);
    _ = at_quick_exit(atExit);
}

fn atExit() callconv(.c) void {
    var buffer: [1024]u8 = undefined;
    const text = describe(count(0), &buffer);
    if (text.len > 0) _ = linux.write(2, text.ptr, text.len);
}

fn describe(found: interface.Leaks, into: []u8) []const u8 {
    var text: std.Io.Writer = .fixed(into);
    inline for (@typeInfo(interface.Leaks).@"struct".fields) |field| {
        const number = @field(found, field.name);
        if (number != 0) {
            text.writeAll(if (text.end == 0) "simulated CUDA: left open at exit: " else ", ") catch return into;
            text.print("{s} {d}", .{ field.name, number }) catch return into;
        }
    }
    if (text.end > 0) text.writeAll("\n") catch return into;
    return text.buffered();
}

test "nothing left open is nothing to report" {
    var buffer: [1024]u8 = undefined;
    try std.testing.expectEqualStrings("", describe(.{}, &buffer));
    try std.testing.expectEqualStrings("simulated CUDA: left open at exit: device_memory 2, device_memory_bytes 512, streams 1\n", describe(.{ .device_memory = 2, .device_memory_bytes = 512, .streams = 1 }, &buffer));
}
