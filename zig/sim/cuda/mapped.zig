//! Whether this process has something mapped at an address, as a driver finds out when it locks the pages.
const std = @import("std");
const linux = std.os.linux;

pub fn allows(address: usize, size: usize, write: bool) bool {
    const opened = linux.open("/proc/self/maps", .{ .CLOEXEC = true }, 0);
    // Where there is no /proc the caller is believed.
    if (linux.errno(opened) != .SUCCESS) return true;
    const fd: i32 = @intCast(opened);
    defer _ = linux.close(fd);
    var next = address;
    const end = address + size;
    var buffer: [8192]u8 = undefined;
    var kept: usize = 0;
    while (next < end) {
        const count = linux.read(fd, buffer[kept..].ptr, buffer.len - kept);
        if (linux.errno(count) != .SUCCESS or count == 0) return false;
        var rest = buffer[0 .. kept + count];
        while (std.mem.findScalar(u8, rest, '\n')) |line_end| {
            const area = parse(rest[0..line_end]) orelse return true;
            rest = rest[line_end + 1 ..];
            if (area.end <= next) continue;
            if (area.start > next or !area.read or (write and !area.write)) return false;
            next = area.end;
            if (next >= end) return true;
        }
        std.mem.copyForwards(u8, &buffer, rest);
        kept = rest.len;
        // A line longer than the buffer: nobody's.
        if (kept == buffer.len) return false;
    }
    return true;
}

const Area = struct { start: usize, end: usize, read: bool, write: bool };

/// `start-end rwxp …`
fn parse(line: []const u8) ?Area {
    const dash = std.mem.findScalar(u8, line, '-') orelse return null;
    const space = std.mem.findScalar(u8, line, ' ') orelse return null;
    if (dash > space or line.len < space + 3) return null;
    return .{
        .start = std.fmt.parseInt(usize, line[0..dash], 16) catch return null,
        .end = std.fmt.parseInt(usize, line[dash + 1 .. space], 16) catch return null,
        .read = line[space + 1] == 'r',
        .write = line[space + 2] == 'w',
    };
}

test "what is mapped, and how, is known" {
    const both = linux.mmap(null, 3 * 4096, .{ .READ = true, .WRITE = true }, .{ .TYPE = .PRIVATE, .ANONYMOUS = true }, -1, 0);
    const base: usize = both;
    defer _ = linux.munmap(@ptrFromInt(base), 3 * 4096);
    try std.testing.expect(allows(base, 3 * 4096, true));
    _ = linux.mprotect(@ptrFromInt(base + 4096), 4096, .{ .READ = true });
    try std.testing.expect(allows(base, 3 * 4096, false));
    try std.testing.expect(!allows(base, 3 * 4096, true));
    try std.testing.expect(allows(base, 4096, true));
    try std.testing.expect(!allows(8, 16, false));
}
