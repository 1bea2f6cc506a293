//! A device's memory: one file without a name, of which each allocation is a window at an offset of its own. Another
//! process opens it through /proc while this one lives, which is how memory and events are passed on: the kernel ends
//! it with the process, and what was mapped stays mapped. An offset is never used twice.
const std = @import("std");
const linux = std.os.linux;
const Mutex = @import("../../os/futex.zig").Mutex;
const exports = @import("exports.zig");
const failure = @import("failure.zig");

const allocator = std.heap.smp_allocator;
pub const page = 4096;

pub const Arena = struct {
    fd: i32,
    lock: Mutex = .{},
    end: u64,
    /// At the file's beginning.
    directory: *exports.Directory,

    pub fn create() failure.Failure!*Arena {
        const made = linux.memfd_create("millrace-sim-cuda", linux.MFD.CLOEXEC);
        if (linux.errno(made) != .SUCCESS) return failure.say(.operating_system, "memfd_create failed with {s}", .{@tagName(linux.errno(made))});
        const fd: i32 = @intCast(made);
        errdefer _ = linux.close(fd);
        const head = std.mem.alignForward(u64, @sizeOf(exports.Directory), page);
        if (linux.errno(linux.ftruncate(fd, @intCast(head))) != .SUCCESS) return failure.fail(.operating_system);
        const bytes = try mapFile(fd, 0, @intCast(head));
        const self = try allocator.create(Arena);
        self.* = .{ .fd = fd, .end = head, .directory = @ptrCast(@alignCast(bytes.ptr)) };
        self.directory.begin();
        return self;
    }

    /// A window of zeros.
    pub fn reserve(self: *Arena, length: u64) failure.Failure!u64 {
        self.lock.lock();
        defer self.lock.unlock();
        const offset = self.end;
        const end = offset + std.mem.alignForward(u64, length, page);
        if (linux.errno(linux.ftruncate(self.fd, @intCast(end))) != .SUCCESS) return failure.fail(.out_of_memory);
        self.end = end;
        return offset;
    }

    /// Gives the window's pages back.
    pub fn punch(self: *Arena, offset: u64, length: u64) void {
        const punch_hole = 2;
        const keep_size = 1;
        _ = linux.fallocate(self.fd, punch_hole | keep_size, @intCast(offset), @intCast(length));
    }
};

/// Shared with whoever else maps the same window.
pub fn mapFile(fd: i32, offset: u64, length: usize) failure.Failure![]align(page) u8 {
    const result = linux.mmap(null, std.mem.alignForward(usize, length, page), .{ .READ = true, .WRITE = true }, .{ .TYPE = .SHARED, .NORESERVE = true }, fd, @intCast(offset));
    if (linux.errno(result) != .SUCCESS) return failure.fail(.out_of_memory);
    const pointer: [*]align(page) u8 = @ptrFromInt(result);
    return pointer[0..std.mem.alignForward(usize, length, page)];
}
