//! Is there room? Looked at before memory is reserved: a file system that is full answers with an error, a control
//! group or a machine that is full kills.
const std = @import("std");
const linux = std.os.linux;
const file = @import("../os/file.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");

/// A look takes some fifty microseconds and is due whenever this much was reserved since the last.
const look_every = 4 << 20;
/// Reserved in steps, so that a full file system is noticed before all of it was zeroed.
const chunk = 64 << 20;

var since_look = std.atomic.Value(u64).init(0);

/// Backs `length` bytes of the file from `offset` with memory. On failure none of them is kept.
pub fn reserve(fd: file.Fd, offset: u64, length: u64) !void {
    if (switches.off("reserve")) return;
    if (length > std.math.maxInt(u48) or offset > std.math.maxInt(u48)) return full(length, "the file system", available(fd));
    if (since_look.fetchAdd(length, .monotonic) +| length >= look_every) {
        since_look.store(0, .monotonic);
        try look(fd, length);
    }
    var done: u64 = 0;
    errdefer discard(fd, offset, done);
    while (done < length) {
        const step = @min(chunk, length - done);
        const result = linux.fallocate(fd, 0, @intCast(offset + done), @intCast(step));
        switch (linux.errno(result)) {
            .SUCCESS => done += step,
            .INTR => continue,
            .NOSPC, .FBIG, .INVAL => return full(length, "the file system", available(fd)),
            .NOMEM => return full(length, "the memory limit", controlGroupRoom()),
            .OPNOTSUPP => return report.fail(error.unsupported_filesystem, "the directory's file system cannot reserve space.", .{}),
            else => |number| return report.system("fallocate", "shared memory", number),
        }
    }
}

/// Gives the memory of a file back at once, though mappings of it may linger.
pub fn discard(fd: file.Fd, offset: u64, length: u64) void {
    if (length == 0) return;
    const punch_hole = 2;
    const keep_size = 1;
    _ = linux.fallocate(fd, punch_hole | keep_size, @intCast(offset), @intCast(@min(length, std.math.maxInt(i48))));
}

fn look(fd: file.Fd, length: u64) !void {
    if (available(fd)) |free| if (length > free) return full(length, "the file system", free);
    if (controlGroupRoom()) |room| if (length > room) return full(length, "the control group's memory limit", room);
    if (machineRoom()) |room| if (length > room) return full(length, "the machine's memory", room);
}

fn full(length: u64, what: []const u8, room: ?u64) anyerror {
    return report.fail(error.no_space, "{d} bytes were asked for and {s} has room for {d}.", .{ length, what, room orelse 0 });
}

fn available(fd: file.Fd) ?u64 {
    const Statfs = extern struct { type: i64, block_size: i64, blocks: u64, blocks_free: u64, blocks_available: u64, rest: [10]u64 };
    var out: Statfs = undefined;
    const result = linux.syscall2(.fstatfs, @bitCast(@as(isize, fd)), @intFromPtr(&out));
    if (linux.errno(result) != .SUCCESS) return null;
    // A tmpfs without a size limit reports no blocks at all.
    if (out.blocks == 0) return null;
    return out.blocks_available * @as(u64, @intCast(out.block_size));
}

const Group = struct { line: []const u8, folder: []const u8, limit: []const u8, used: []const u8, reclaimable: []const u8 };

/// Both versions of control groups, where they are usually mounted.
const groups = [_]Group{
    .{ .line = "0::", .folder = "/sys/fs/cgroup", .limit = "memory.max", .used = "memory.current", .reclaimable = "inactive_file " },
    .{ .line = "memory:", .folder = "/sys/fs/cgroup/memory", .limit = "memory.limit_in_bytes", .used = "memory.usage_in_bytes", .reclaimable = "total_inactive_file " },
};

/// The smallest limit that binds this process, less what cannot be reclaimed.
fn controlGroupRoom() ?u64 {
    var buffer: [4096]u8 = undefined;
    const membership = file.readSmall("/proc/self/cgroup", &buffer) orelse return null;
    var room: ?u64 = null;
    for (groups) |group| {
        var path = pathOf(membership, group.line) orelse continue;
        // Every ancestor's limit binds; in a container the path may be the host's, and only the root is there.
        while (true) {
            if (groupRoom(group, path)) |here| room = @min(room orelse here, here);
            path = path[0 .. std.mem.lastIndexOfScalar(u8, path, '/') orelse break];
        }
    }
    return room;
}

fn pathOf(membership: []const u8, wanted: []const u8) ?[]const u8 {
    var lines = std.mem.tokenizeScalar(u8, membership, '\n');
    while (lines.next()) |line| {
        const at = std.mem.indexOf(u8, line, wanted) orelse continue;
        // Version 1 puts a number before the controllers.
        if (at > 0 and line[at - 1] != ':') continue;
        return std.mem.trimEnd(u8, line[at + wanted.len ..], "/");
    }
    return null;
}

fn groupRoom(group: Group, path: []const u8) ?u64 {
    const limit = numberIn(&.{ group.folder, path, "/", group.limit }) orelse return null;
    const used = numberIn(&.{ group.folder, path, "/", group.used }) orelse 0;
    var name: [4352]u8 = undefined;
    const reclaimable = statIn(joined(&name, &.{ group.folder, path, "/memory.stat" }) orelse return null, group.reclaimable);
    return limit -| (used -| reclaimable);
}

fn joined(buffer: []u8, parts: []const []const u8) ?[:0]const u8 {
    var at: usize = 0;
    for (parts) |part| {
        if (at + part.len >= buffer.len) return null;
        @memcpy(buffer[at..][0..part.len], part);
        at += part.len;
    }
    buffer[at] = 0;
    return buffer[0..at :0];
}

fn machineRoom() ?u64 {
    const kib = statIn("/proc/meminfo", "MemAvailable:");
    return if (kib == 0) null else kib * 1024;
}

fn numberIn(path: []const []const u8) ?u64 {
    var name: [4352]u8 = undefined;
    var buffer: [64]u8 = undefined;
    const text = file.readSmall(joined(&name, path) orelse return null, &buffer) orelse return null;
    return std.fmt.parseInt(u64, std.mem.trim(u8, text, " \n"), 10) catch null;
}

/// The number behind `key` at the start of a line; 0 when there is none.
fn statIn(path: [:0]const u8, key: []const u8) u64 {
    var buffer: [8192]u8 = undefined;
    const text = file.readSmall(path, &buffer) orelse return 0;
    var lines = std.mem.tokenizeScalar(u8, text, '\n');
    while (lines.next()) |line| {
        if (!std.mem.startsWith(u8, line, key)) continue;
        var words = std.mem.tokenizeScalar(u8, line[key.len..], ' ');
        return std.fmt.parseInt(u64, words.next() orelse return 0, 10) catch 0;
    }
    return 0;
}

test "the machine has some room" {
    try std.testing.expect(machineRoom().? > 1 << 20);
}
