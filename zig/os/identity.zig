//! Who this process is, for messages: the proof of life is a kernel lock, never these.
const std = @import("std");
const linux = std.os.linux;
const file = @import("file.zig");

/// Field 22 of /proc/self/stat, in clock ticks since boot; 0 when it cannot be read.
pub fn startTime() u64 {
    var buffer: [1024]u8 = undefined;
    const text = file.readSmall("/proc/self/stat", &buffer) orelse return 0;
    // The second field is the command in parentheses and may hold anything.
    const rest = text[(std.mem.lastIndexOfScalar(u8, text, ')') orelse return 0) + 1 ..];
    var fields = std.mem.tokenizeScalar(u8, rest, ' ');
    for (0..19) |_| _ = fields.next() orelse return 0;
    return std.fmt.parseInt(u64, fields.next() orelse return 0, 10) catch 0;
}

/// Inode of the pid namespace; 0 when it cannot be read.
pub fn pidNamespace() u64 {
    var buffer: [64]u8 = undefined;
    const result = linux.readlinkat(linux.AT.FDCWD, "/proc/self/ns/pid", &buffer, buffer.len);
    if (linux.errno(result) != .SUCCESS) return 0;
    const text = buffer[0..result];
    const open = std.mem.indexOfScalar(u8, text, '[') orelse return 0;
    const end = std.mem.indexOfScalar(u8, text, ']') orelse return 0;
    return std.fmt.parseInt(u64, text[open + 1 .. end], 10) catch 0;
}

pub fn bootId() [16]u8 {
    var out: [16]u8 = @splat(0);
    var buffer: [64]u8 = undefined;
    const text = file.readSmall("/proc/sys/kernel/random/boot_id", &buffer) orelse return out;
    var digits: [32]u8 = undefined;
    var count: usize = 0;
    for (text) |byte| if (std.ascii.isHex(byte) and count < digits.len) {
        digits[count] = byte;
        count += 1;
    };
    _ = std.fmt.hexToBytes(&out, digits[0..count]) catch {};
    return out;
}
