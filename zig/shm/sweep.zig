//! Files that no table knows: of a process that died while it entered, or whose unlinking failed. Under the tables' lock
//! every file of the living is in a table: numbers are entered there before the file is made, and whoever enters holds
//! the lock from making its file until its slot says `live`.
const std = @import("std");
const linux = std.os.linux;
const layout = @import("layout.zig");
const file = @import("../os/file.zig");
const directory = @import("directory.zig");
const Context = @import("context.zig").Context;
const segment = @import("segment.zig");

pub fn run(self: *Context) void {
    const list = file.openat(self.directory.fd, ".", .{ .ACCMODE = .RDONLY, .DIRECTORY = true, .CLOEXEC = true }, 0) catch return;
    defer file.close(list);
    var names: file.Names = .{ .fd = list };
    while (names.next()) |name| {
        if (name.len < 3 or name[1] != '-') continue;
        const number = std.fmt.parseInt(u64, name[2..], 16) catch continue;
        const stray = switch (name[0]) {
            'p' => !process(self, number) and !directory.processAlive(self.directory.fd, name),
            's' => !known(self, number),
            else => false,
        };
        if (stray) _ = linux.unlinkat(self.directory.fd, name, 0);
    }
}

fn process(self: *Context, number: u64) bool {
    for (&self.control.processes) |*entry| {
        if (entry.state.load(.monotonic) == layout.Process.live and entry.file == number) return true;
    }
    return false;
}

fn known(self: *Context, number: u64) bool {
    for (self.control.segments[0..segment.end(self)]) |*entry| {
        if (entry.state.load(.monotonic) != @intFromEnum(layout.Segment.State.free) and entry.file == number) return true;
    }
    return false;
}
