//! What a failed call says beyond its code. Inner functions return `error.<code of the table>` after `say`;
//! the export wrapper turns both into a negative number and a text that JavaScript reads from the thread's block.
const std = @import("std");
const errors = @import("errors.zig");

pub const text_max = 512;

threadlocal var buffer: [text_max]u8 = undefined;
threadlocal var length: usize = 0;
threadlocal var errno: i32 = 0;

pub fn reset() void {
    length = 0;
    errno = 0;
}

/// The sentence that tells what failed and with which value. Cut at `text_max` bytes.
pub fn say(comptime format: []const u8, args: anytype) void {
    const written = std.fmt.bufPrint(&buffer, format, args) catch &buffer;
    length = written.len;
}

/// `return report.fail(error.no_space, "…", .{…})`
pub fn fail(err: anyerror, comptime format: []const u8, args: anytype) anyerror {
    say(format, args);
    return err;
}

/// A system call that failed: names the call, what it was applied to, and the errno.
pub fn system(call: []const u8, what: []const u8, number: std.os.linux.E) anyerror {
    errno = @intCast(@intFromEnum(number));
    say("{s} of {s} failed with {s}.", .{ call, what, @tagName(number) });
    return error.system;
}

/// Repeats what was said on another thread.
pub fn sayRaw(bytes: []const u8, number: i32) void {
    @memcpy(buffer[0..bytes.len], bytes);
    length = bytes.len;
    errno = number;
}

pub fn text() []const u8 {
    return buffer[0..length];
}

pub fn lastErrno() i32 {
    return errno;
}

/// Negative number of the table's row that has the error's name; a name without a row is a defect and reads as `system`.
pub fn status(err: anyerror) i32 {
    const name = @errorName(err);
    if (std.mem.eql(u8, name, "OutOfMemory")) return errors.of(.out_of_memory);
    for (errors.table) |entry| {
        if (std.mem.eql(u8, entry.code, name)) return -@as(i32, entry.number);
    }
    say("unnamed error {s}.", .{name});
    return errors.of(.system);
}
