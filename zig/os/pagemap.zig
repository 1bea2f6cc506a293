//! Which pages of a private file mapping hold writes of this process: those that are no longer the file's.
const std = @import("std");
const linux = std.os.linux;
const file = @import("file.zig");

/// `struct pm_scan_arg` of linux/fs.h.
const Scan = extern struct {
    size: u64 = @sizeOf(Scan),
    flags: u64 = 0,
    start: u64,
    end: u64,
    walk_end: u64 = 0,
    regions: u64,
    regions_length: u64 = 1,
    pages_max: u64 = 1,
    category_inverted: u64 = is_file,
    category_mask: u64 = is_file,
    category_any: u64 = is_present | is_swapped,
    return_mask: u64 = is_present,
};

const Region = extern struct { start: u64, end: u64, categories: u64 };

const is_file = 1 << 2;
const is_present = 1 << 3;
const is_swapped = 1 << 4;
/// `_IOWR('f', 16, struct pm_scan_arg)`; since Linux 6.7.
const pagemap_scan: u32 = 3 << 30 | @sizeOf(Scan) << 16 | 'f' << 8 | 16;

const unopened = -1;
const unavailable = -2;
/// Of this process; never closed.
var descriptor = std.atomic.Value(i32).init(unopened);

/// Does the range hold pages that were written? Null when this kernel cannot tell.
pub fn isWritten(bytes: []align(4096) const u8) ?bool {
    var fd = descriptor.load(.acquire);
    if (fd == unopened) fd = open();
    if (fd == unavailable) return null;
    var region: Region = undefined;
    const start = @intFromPtr(bytes.ptr);
    const scan: Scan = .{ .start = start, .end = start + bytes.len, .regions = @intFromPtr(&region) };
    const result = linux.ioctl(fd, pagemap_scan, @intFromPtr(&scan));
    if (linux.errno(result) == .SUCCESS) return result > 0;
    descriptor.store(unavailable, .release);
    file.close(fd);
    return null;
}

fn open() i32 {
    const opened = linux.open("/proc/self/pagemap", .{ .ACCMODE = .RDONLY, .CLOEXEC = true }, 0);
    const fd: i32 = if (linux.errno(opened) == .SUCCESS) @intCast(opened) else unavailable;
    if (descriptor.cmpxchgStrong(unopened, fd, .acq_rel, .acquire)) |other| {
        file.close(fd);
        return other;
    }
    return fd;
}

test "a private mapping is written exactly when a page of it was" {
    const length = 64 * 4096;
    const fd: i32 = @intCast(linux.memfd_create("pagemap", linux.MFD.CLOEXEC));
    defer file.close(fd);
    _ = linux.ftruncate(fd, length);
    const address = linux.mmap(null, length, .{ .READ = true, .WRITE = true }, .{ .TYPE = .PRIVATE, .NORESERVE = true }, fd, 0);
    const bytes = @as([*]align(4096) u8, @ptrFromInt(address))[0..length];
    defer _ = linux.munmap(bytes.ptr, length);
    const untouched = isWritten(bytes) orelse return error.SkipZigTest;
    try std.testing.expect(!untouched);
    var sum: u64 = 0;
    for (bytes) |byte| sum += byte;
    try std.testing.expectEqual(0, sum);
    try std.testing.expect(!isWritten(bytes).?);
    bytes[length - 1] = 1;
    try std.testing.expect(isWritten(bytes).?);
    _ = linux.madvise(bytes.ptr, length, linux.MADV.DONTNEED);
    try std.testing.expect(!isWritten(bytes).?);
}
