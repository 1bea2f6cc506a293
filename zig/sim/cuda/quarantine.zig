//! Addresses that were device memory are nobody's for a while, so that a pointer which outlived its allocation does not
//! meet the next one.
const std = @import("std");
const linux = std.os.linux;
const Mutex = @import("../../os/futex.zig").Mutex;

const kept = 256;

var lock: Mutex = .{};
var ring: [kept]?[]align(4096) u8 = @splat(null);
var next: usize = 0;

pub fn add(bytes: []align(4096) u8) void {
    _ = linux.mmap(bytes.ptr, bytes.len, .{}, .{ .TYPE = .PRIVATE, .ANONYMOUS = true, .NORESERVE = true, .FIXED = true }, -1, 0);
    lock.lock();
    defer lock.unlock();
    if (ring[next]) |oldest| _ = linux.munmap(oldest.ptr, oldest.len);
    ring[next] = bytes;
    next = (next + 1) % kept;
}
