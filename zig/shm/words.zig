//! Copies between memory of this process and memory that others may be changing. Word by word and each word once: what
//! was checked is what is used, and a reader that raced with a writer finds out by the sequence number, not by a tear
//! inside a word.
const std = @import("std");

pub fn load(comptime T: type, from: *const T) T {
    var to: T = undefined;
    const words: [*]u64 = @ptrCast(@alignCast(&to));
    const source: [*]const u64 = @ptrCast(@alignCast(from));
    for (0..count(T)) |index| words[index] = @atomicLoad(u64, &source[index], .monotonic);
    return to;
}

/// Some of the fields: the words from `first` to before `last`.
pub fn loadFields(comptime T: type, to: *T, from: *const T, comptime first: []const u8, comptime last: []const u8) void {
    const words: [*]u64 = @ptrCast(@alignCast(to));
    const source: [*]const u64 = @ptrCast(@alignCast(from));
    comptime std.debug.assert(@offsetOf(T, first) % 8 == 0 and @offsetOf(T, last) % 8 == 0);
    for (@offsetOf(T, first) / 8..@offsetOf(T, last) / 8) |index| words[index] = @atomicLoad(u64, &source[index], .monotonic);
}

/// Words that are right already are left alone, so that lines which do not change stay in the caches of readers.
pub fn store(comptime T: type, to: *T, from: *const T) void {
    const words: [*]u64 = @ptrCast(@alignCast(to));
    const source: [*]const u64 = @ptrCast(@alignCast(from));
    for (0..count(T)) |index| {
        if (@atomicLoad(u64, &words[index], .monotonic) != source[index]) @atomicStore(u64, &words[index], source[index], .monotonic);
    }
}

/// The first `length` bytes, which begin at a multiple of eight on both sides.
pub fn loadBytes(to: []align(8) u8, from: [*]align(8) const u8) void {
    const source: [*]const u64 = @ptrCast(from);
    var at: usize = 0;
    while (at < to.len) : (at += 8) {
        const word = @atomicLoad(u64, &source[at / 8], .monotonic);
        const part = @min(8, to.len - at);
        @memcpy(to[at..][0..part], std.mem.asBytes(&word)[0..part]);
    }
}

/// Fills up the last word with zeros.
pub fn storeBytes(to: [*]align(8) u8, from: []const u8) void {
    const target: [*]u64 = @ptrCast(to);
    var at: usize = 0;
    while (at < from.len) : (at += 8) {
        var word: u64 = 0;
        const part = @min(8, from.len - at);
        @memcpy(std.mem.asBytes(&word)[0..part], from[at..][0..part]);
        @atomicStore(u64, &target[at / 8], word, .monotonic);
    }
}

fn count(comptime T: type) usize {
    std.debug.assert(@sizeOf(T) % 8 == 0 and @alignOf(T) == 8);
    return @sizeOf(T) / 8;
}

test "bytes of every length arrive, and nothing behind them is read" {
    var shared: [64]u8 align(8) = @splat(0xaa);
    for (0..57) |length| {
        var text: [57]u8 = undefined;
        for (&text, 0..) |*byte, index| byte.* = @intCast(index + length);
        storeBytes(&shared, text[0..length]);
        var out: [64]u8 align(8) = @splat(0x55);
        loadBytes(out[0..length], &shared);
        try std.testing.expectEqualSlices(u8, text[0..length], out[0..length]);
        for (out[length..]) |byte| try std.testing.expectEqual(0x55, byte);
    }
}
