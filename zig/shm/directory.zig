//! One directory per job, below the machine's shared-memory file system: the control file, a file per process, a file
//! per segment. Making, joining, leaving and clearing it happen under an exclusive `flock` on the directory, so they
//! never overlap; the kernel drops that lock with its holder.
const std = @import("std");
const linux = std.os.linux;
const file = @import("../os/file.zig");
const futex = @import("../os/futex.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");

pub const path_max = 512;
const prefix = "millrace-";
const lock_timeout_ns = 10 * std.time.ns_per_s;

pub const Directory = struct {
    fd: file.Fd,
    path: [path_max]u8 = undefined,
    path_length: usize,

    pub fn pathText(self: *const Directory) [:0]const u8 {
        return self.path[0..self.path_length :0];
    }

    /// Opens or makes the directory of `job` below `base` and takes its lock.
    pub fn lock(base: []const u8, job: []const u8) !Directory {
        var self: Directory = .{ .fd = -1, .path_length = 0 };
        var digest: [16]u8 = undefined;
        std.crypto.hash.Blake3.hash(job, &digest, .{});
        const hex = std.fmt.bytesToHex(digest, .lower);
        const text = std.fmt.bufPrintZ(&self.path, "{s}/{s}{d}-{s}", .{ std.mem.trimEnd(u8, base, "/"), prefix, linux.geteuid(), &hex }) catch
            return report.fail(error.invalid_argument, "the directory's path has {d} bytes, more than {d}.", .{ base.len, path_max - 64 });
        self.path_length = text.len;
        const deadline = futex.now() + lock_timeout_ns;
        while (true) {
            const made = try make(self.pathText());
            // Made in vain, unless somebody uses it already.
            errdefer if (made) {
                _ = linux.rmdir(self.pathText());
            };
            if (try open(self.pathText())) |fd| {
                errdefer file.close(fd);
                if (file.tryLock(fd, file.lock_exclusive)) {
                    // Cleared and made anew between open and lock: what we hold is no longer the job's directory.
                    if (try same(fd, self.pathText())) {
                        self.fd = fd;
                        return self;
                    }
                } else if (futex.now() > deadline) {
                    return report.fail(error.context_busy, "another process has held the lock of {s} for 10 s.", .{self.pathText()});
                } else futex.pause();
                file.close(fd);
            }
        }
    }

    /// Takes the lock again, for leaving: a try a millisecond. False when it cannot be had.
    pub fn relock(self: *const Directory, attempts: usize) bool {
        for (0..attempts) |_| {
            if (file.tryLock(self.fd, file.lock_exclusive)) return true;
            futex.pause();
        }
        return false;
    }

    pub fn unlock(self: *const Directory) void {
        file.unlock(self.fd);
    }

    pub fn close(self: *Directory) void {
        file.close(self.fd);
        self.fd = -1;
    }

    /// Is any process of the job alive? Its file's lock is held exactly while it lives, zombie or not.
    pub fn anyAlive(self: *const Directory, except: ?[]const u8) bool {
        return anyProcessAlive(self.fd, except);
    }

    /// Removes every file. Only when the caller holds the lock and nobody lives.
    pub fn clear(self: *const Directory) void {
        clearFiles(self.fd);
    }

    /// Removes the directory itself; false when something is in it again.
    pub fn remove(self: *const Directory) bool {
        return switch (linux.errno(linux.rmdir(self.pathText()))) {
            .NOTEMPTY, .EXIST => false,
            else => true,
        };
    }
};

/// False when it is there already.
fn make(path: [:0]const u8) !bool {
    const result = linux.mkdirat(linux.AT.FDCWD, path, 0o700);
    switch (linux.errno(result)) {
        .EXIST => return false,
        .NOENT, .NOTDIR => return report.fail(error.file_not_found, "the directory for shared memory of {s} does not exist.", .{path}),
        else => _ = try file.check(result, "mkdir", path),
    }
    return true;
}

/// Null when it vanished meanwhile.
fn open(path: [:0]const u8) !?file.Fd {
    const result = linux.openat(linux.AT.FDCWD, path, .{ .ACCMODE = .RDONLY, .DIRECTORY = true, .NOFOLLOW = true, .CLOEXEC = true }, 0);
    switch (linux.errno(result)) {
        .NOENT => return null,
        // A file or a link, which somebody put where everybody may write.
        .NOTDIR, .LOOP => return report.fail(error.not_owner, "{s} is not a directory.", .{path}),
        else => {},
    }
    const fd: file.Fd = @intCast(try file.check(result, "open", path));
    errdefer file.close(fd);
    const found = (try file.facts(fd, "")).?;
    if (found.uid != linux.geteuid() or found.mode & 0o077 != 0)
        return report.fail(error.not_owner, "{s} belongs to user {d} with mode {o}.", .{ path, found.uid, found.mode & 0o777 });
    return fd;
}

fn same(fd: file.Fd, path: [:0]const u8) !bool {
    const held = (try file.facts(fd, "")).?;
    const named = try file.facts(linux.AT.FDCWD, path) orelse return false;
    return held.inode == named.inode and held.device == named.device;
}

fn anyProcessAlive(dir: file.Fd, except: ?[]const u8) bool {
    const list = openAgain(dir) orelse return true;
    defer file.close(list);
    var names: file.Names = .{ .fd = list };
    while (names.next()) |name| {
        if (name[0] != 'p') continue;
        if (except) |own| if (std.mem.eql(u8, own, name)) continue;
        if (processAlive(dir, name)) return true;
    }
    // What could not be read proves nothing.
    return names.failed;
}

/// Proof of death is a lock that can be taken. A file that is gone belonged to a process that left.
pub fn processAlive(dir: file.Fd, name: [:0]const u8) bool {
    if (switches.off("liveness")) return true;
    const fd = (file.openExisting(dir, name, .{ .ACCMODE = .RDONLY, .CLOEXEC = true, .NOFOLLOW = true }) catch return true) orelse return false;
    defer file.close(fd);
    return !file.tryLock(fd, file.lock_shared);
}

fn clearFiles(dir: file.Fd) void {
    const list = openAgain(dir) orelse return;
    defer file.close(list);
    var names: file.Names = .{ .fd = list };
    while (names.next()) |name| _ = linux.unlinkat(dir, name, 0);
}

/// A descriptor with a position of its own.
fn openAgain(dir: file.Fd) ?file.Fd {
    return file.openat(dir, ".", .{ .ACCMODE = .RDONLY, .DIRECTORY = true, .CLOEXEC = true }, 0) catch null;
}

/// Clears the directories of this user's jobs in which nobody lives; returns how many. Jobs that somebody is just
/// making or leaving are locked and passed over.
pub fn reap(base: [:0]const u8) u32 {
    var removed: u32 = 0;
    if (switches.off("reap")) return 0;
    const fd = (file.openExisting(linux.AT.FDCWD, base, .{ .ACCMODE = .RDONLY, .DIRECTORY = true, .CLOEXEC = true }) catch return 0) orelse return 0;
    defer file.close(fd);
    var own: [32]u8 = undefined;
    const wanted = std.fmt.bufPrint(&own, "{s}{d}-", .{ prefix, linux.geteuid() }) catch return 0;
    var names: file.Names = .{ .fd = fd };
    while (names.next()) |name| {
        if (std.mem.startsWith(u8, name, wanted) and reapOne(fd, name)) removed += 1;
    }
    return removed;
}

fn reapOne(base: file.Fd, name: [:0]const u8) bool {
    const fd = (file.openExisting(base, name, .{ .ACCMODE = .RDONLY, .DIRECTORY = true, .NOFOLLOW = true, .CLOEXEC = true }) catch return false) orelse return false;
    defer file.close(fd);
    const found = (file.facts(fd, "") catch return false) orelse return false;
    // Where others may write, not everything is ours to remove; `open` says what is wrong.
    if (found.uid != linux.geteuid() or found.mode & 0o077 != 0) return false;
    if (!file.tryLock(fd, file.lock_exclusive)) return false;
    if (anyProcessAlive(fd, null)) return false;
    clearFiles(fd);
    return linux.errno(linux.unlinkat(base, name, linux.AT.REMOVEDIR)) == .SUCCESS;
}
