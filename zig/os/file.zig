//! System calls on files, with the error named for the user. No allocation, so that a signal handler may use them.
const std = @import("std");
const linux = std.os.linux;
const report = @import("../abi/report.zig");

pub const Fd = i32;

pub fn check(result: usize, call: []const u8, path: []const u8) !usize {
    const number = linux.errno(result);
    return switch (number) {
        .SUCCESS => result,
        .NOSPC => report.fail(error.no_space, "{s} of {s}: no space is left.", .{ call, path }),
        .NOMEM => report.fail(error.out_of_memory, "{s} of {s}: no memory is left.", .{ call, path }),
        .MFILE, .NFILE => report.fail(error.out_of_handles, "{s} of {s}: too many open files (ulimit -n).", .{ call, path }),
        .ACCES, .PERM => report.fail(error.not_owner, "{s} of {s} is not permitted.", .{ call, path }),
        else => report.system(call, path, number),
    };
}

pub fn openat(dir: Fd, path: [:0]const u8, flags: linux.O, mode: linux.mode_t) !Fd {
    return @intCast(try check(linux.openat(dir, path, flags, mode), "open", path));
}

/// A file that only this user may open, made by this call: one that exists means that its number was given twice.
pub fn openNew(dir: Fd, name: [:0]const u8) !Fd {
    const result = linux.openat(dir, name, .{ .ACCMODE = .RDWR, .CREAT = true, .EXCL = true, .CLOEXEC = true, .NOFOLLOW = true }, 0o600);
    if (linux.errno(result) == .EXIST) return report.fail(error.corrupt, "the file {s} exists before it is made.", .{name});
    return @intCast(try check(result, "open", name));
}

/// Null when it does not exist.
pub fn openExisting(dir: Fd, path: [:0]const u8, flags: linux.O) !?Fd {
    const result = linux.openat(dir, path, flags, 0);
    if (linux.errno(result) == .NOENT) return null;
    return @intCast(try check(result, "open", path));
}

pub fn close(fd: Fd) void {
    if (fd >= 0) _ = linux.close(fd);
}

pub const Facts = struct { inode: u64, device: u64, size: u64, uid: u32, mode: u32, links: u32 };

/// Null when the path does not exist. An empty path asks about `fd` itself.
pub fn facts(fd: Fd, path: [:0]const u8) !?Facts {
    var statx: linux.Statx = undefined;
    const flags: u32 = linux.AT.SYMLINK_NOFOLLOW | if (path.len == 0) @as(u32, linux.AT.EMPTY_PATH) else 0;
    const result = linux.statx(fd, path, flags, linux.STATX.BASIC_STATS, &statx);
    if (linux.errno(result) == .NOENT) return null;
    _ = try check(result, "stat", path);
    return .{
        .inode = statx.ino,
        .device = (@as(u64, statx.dev_major) << 32) | statx.dev_minor,
        .size = statx.size,
        .uid = statx.uid,
        .mode = statx.mode,
        .links = statx.nlink,
    };
}

pub const lock_shared = 1;
pub const lock_exclusive = 2;
const lock_nonblocking = 4;
const lock_unlock = 8;

/// False when somebody else holds a conflicting lock.
pub fn tryLock(fd: Fd, operation: i32) bool {
    while (true) {
        const result = linux.flock(fd, operation | lock_nonblocking);
        switch (linux.errno(result)) {
            .SUCCESS => return true,
            .INTR => continue,
            else => return false,
        }
    }
}

pub fn unlock(fd: Fd) void {
    _ = linux.flock(fd, lock_unlock);
}

/// Reads at most `buffer.len` bytes of a small file such as those below /proc. Null when it cannot be read.
pub fn readSmall(path: [:0]const u8, buffer: []u8) ?[]u8 {
    const opened = linux.open(path, .{ .ACCMODE = .RDONLY, .CLOEXEC = true }, 0);
    if (linux.errno(opened) != .SUCCESS) return null;
    const fd: Fd = @intCast(opened);
    defer close(fd);
    var length: usize = 0;
    while (length < buffer.len) {
        const result = linux.read(fd, buffer[length..].ptr, buffer.len - length);
        if (linux.errno(result) == .INTR) continue;
        if (linux.errno(result) != .SUCCESS or result == 0) break;
        length += result;
    }
    return buffer[0..length];
}

/// Names in a directory, without `.` and `..`.
pub const Names = struct {
    fd: Fd,
    buffer: [4096]u8 align(8) = undefined,
    filled: usize = 0,
    position: usize = 0,
    /// Set when the end that `next` reported was an error.
    failed: bool = false,

    pub fn next(self: *Names) ?[:0]const u8 {
        while (true) {
            if (self.position >= self.filled) {
                const result = linux.getdents64(self.fd, &self.buffer, self.buffer.len);
                if (linux.errno(result) != .SUCCESS) self.failed = true;
                if (self.failed or result == 0) return null;
                self.filled = result;
                self.position = 0;
            }
            const entry: *align(1) linux.dirent64 = @ptrCast(&self.buffer[self.position]);
            const name_at = self.position + @offsetOf(linux.dirent64, "name");
            self.position += entry.reclen;
            const name = std.mem.span(@as([*:0]const u8, @ptrCast(&self.buffer[name_at])));
            if (!std.mem.eql(u8, name, ".") and !std.mem.eql(u8, name, "..")) return name;
        }
    }
};
