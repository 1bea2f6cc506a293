//! No way of ending, short of SIGKILL, leaves shared memory behind: `exit` and `quick_exit` (which Bun calls, and which
//! runs handlers of its own kind only) run our handler, and signals whose default
//! is to end the process are caught, cleaned up after, and raised again. A handler that the program installs later
//! replaces ours, and is then followed by `exit`.
const std = @import("std");
const linux = std.os.linux;
const contexts = @import("context.zig");

extern "c" fn atexit(function: *const fn () callconv(.c) void) c_int;
extern "c" fn at_quick_exit(function: *const fn () callconv(.c) void) c_int;

var installed = false;
pub var cleaning = std.atomic.Value(bool).init(false);
const signals = [_]linux.SIG{ .INT, .TERM, .HUP, .QUIT };

/// Under the registry's lock.
pub fn install() void {
    if (installed) return;
    installed = true;
    _ = atexit(atExit);
    _ = at_quick_exit(atExit);
    for (signals) |signal| {
        var before: linux.Sigaction = undefined;
        if (linux.errno(linux.sigaction(signal, null, &before)) != .SUCCESS) continue;
        if (before.handler.handler != linux.SIG.DFL) continue;
        const action: linux.Sigaction = .{ .handler = .{ .handler = onSignal }, .mask = linux.sigfillset(), .flags = 0 };
        _ = linux.sigaction(signal, &action, null);
    }
}

fn atExit() callconv(.c) void {
    clean();
}

fn onSignal(signal: linux.SIG) callconv(.c) void {
    clean();
    const action: linux.Sigaction = .{ .handler = .{ .handler = linux.SIG.DFL }, .mask = linux.sigemptyset(), .flags = 0 };
    _ = linux.sigaction(signal, &action, null);
    // The first process of a container is not ended by a signal that it left to its default.
    if (linux.getpid() == 1) linux.exit_group(128 + @as(i32, @intCast(@intFromEnum(signal))));
    _ = linux.kill(linux.getpid(), signal);
}

/// System calls and plain loads only: it may run inside anything. Sequentially consistent: pairs with
/// `context.unlink`, after which whoever sees us cleaning frees nothing.
fn clean() void {
    if (cleaning.swap(true, .seq_cst)) return;
    var cursor = contexts.registry.load(.seq_cst);
    while (cursor) |context| : (cursor = context.next.load(.seq_cst)) context.abandon();
}
