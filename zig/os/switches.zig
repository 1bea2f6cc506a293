//! For tests, in debug builds only. `MILLRACE_SWITCH=name` turns one behaviour off, so that the test which claims to
//! show it can be seen to fail; `MILLRACE_KILL_AT=step` ends the process as SIGKILL would, at a labelled step.
const std = @import("std");
const builtin = @import("builtin");
const linux = std.os.linux;

pub const debug = builtin.mode == .Debug;

pub inline fn off(comptime name: [:0]const u8) bool {
    if (!debug) return false;
    return matches("MILLRACE_SWITCH", name);
}

/// A point at which the process may die.
pub inline fn step(comptime name: [:0]const u8) void {
    if (!debug) return;
    if (matches("MILLRACE_KILL_AT", name)) _ = linux.kill(linux.getpid(), .KILL);
}

fn matches(variable: [*:0]const u8, name: []const u8) bool {
    const value = std.c.getenv(variable) orelse return false;
    return std.mem.eql(u8, std.mem.span(value), name);
}
