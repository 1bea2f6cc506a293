//! Is there room? Looked at before memory is reserved: a file system that is full answers with an error, a control
//! group or a machine that is full kills.
const std = @import("std");
const linux = std.os.linux;
const file = @import("../os/file.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");

/// Below this the look costs more than it saves: `fallocate` tells.
const worth_looking = 1 << 20;
/// Reserved in steps, so that a full file system is noticed before all of it was zeroed.
const chunk = 64 << 20;

/// Backs `length` bytes of the file from `offset` with memory. On failure nothing is kept beyond `keep` bytes.
pub fn reserve(fd: file.Fd, offset: u64, length: u64) !void {
    if (switches.off("reserve")) return;
    if (length >= worth_looking) try look(fd, length);
    var done: u64 = 0;
    while (done < length) {
        const step = @min(chunk, length - done);
        const result = linux.fallocate(fd, 0, @intCast(offset + done), @intCast(step));
        switch (linux.errno(result)) {
            .SUCCESS => done += step,
            .INTR => continue,
            .NOSPC => return full(length, "the file system", available(fd)),
            .FBIG, .INVAL => return full(length, "the file system", available(fd)),
            .OPNOTSUPP => return report.fail(error.unsupported_filesystem, "the directory's file system cannot reserve space.", .{}),
            else => |number| return report.system("fallocate", "shared memory", number),
        }
    }
}

/// Gives the memory of a file back at once, though mappings of it may linger.
pub fn discard(fd: file.Fd, length: u64) void {
    const punch_hole = 2;
    const keep_size = 1;
    _ = linux.fallocate(fd, punch_hole | keep_size, 0, @intCast(length));
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

/// Version 2 of control groups: the own group's limit, less what cannot be reclaimed.
fn controlGroupRoom() ?u64 {
    var buffer: [4096]u8 = undefined;
    const membership = file.readSmall("/proc/self/cgroup", &buffer) orelse return null;
    var lines = std.mem.tokenizeScalar(u8, membership, '\n');
    const path = while (lines.next()) |line| {
        if (std.mem.startsWith(u8, line, "0::")) break line[3..];
    } else return null;
    var room: ?u64 = null;
    var group: []const u8 = std.mem.trimEnd(u8, path, "/");
    var name: [4352]u8 = undefined;
    // Every ancestor's limit binds.
    while (true) {
        if (numberIn(std.fmt.bufPrintZ(&name, "/sys/fs/cgroup{s}/memory.max", .{group}) catch return null)) |limit| {
            const used = numberIn(std.fmt.bufPrintZ(&name, "/sys/fs/cgroup{s}/memory.current", .{group}) catch return null) orelse 0;
            const reclaimable = statIn(std.fmt.bufPrintZ(&name, "/sys/fs/cgroup{s}/memory.stat", .{group}) catch return null, "inactive_file ");
            const here = limit -| (used -| reclaimable);
            room = @min(room orelse here, here);
        }
        const slash = std.mem.lastIndexOfScalar(u8, group, '/') orelse return room;
        group = group[0..slash];
    }
}

fn machineRoom() ?u64 {
    const kib = statIn("/proc/meminfo", "MemAvailable:");
    return if (kib == 0) null else kib * 1024;
}

fn numberIn(path: [:0]const u8) ?u64 {
    var buffer: [64]u8 = undefined;
    const text = file.readSmall(path, &buffer) orelse return null;
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
