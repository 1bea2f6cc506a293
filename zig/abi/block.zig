//! The memory that one JavaScript thread and the native side talk through beside integer arguments: wide results,
//! shapes, names, error texts, finished jobs. One per thread, so nothing in it needs a lock.
const std = @import("std");

pub const results_max = 32;
pub const values_max = 64;
pub const text_max = 8192;
pub const completions_max = 256;

/// A job that has ended: the handle of `abi/job.zig`.
pub const Completion = extern struct { slot: u32, generation: u32 };

pub const Block = extern struct {
    /// Results that are wider than the returned integer. Doubles: JavaScript reads them without BigInt, exact to 2^53.
    results: [results_max]f64,
    /// Wide arguments: shapes, offsets.
    values: [values_max]f64,
    errno: i32,
    /// Bytes of `text` that belong to the last error.
    error_length: u32,
    /// 1 from when a call hands a reference to a mapping over until JavaScript is about to wrap it: see `Thread.hand`.
    handed: u32,
    /// Names and attributes in, names, attributes and error texts out. UTF-8.
    text: [text_max]u8,
    completions: [completions_max]Completion,

    pub fn input(self: *Block, offset: u32, length: u32) ![]u8 {
        const end = @as(u64, offset) + length;
        if (end > text_max) return @import("report.zig").fail(error.invalid_argument, "{d} bytes of text exceed the limit of {d}.", .{ end, text_max });
        return self.text[offset..][0..length];
    }

    /// An argument that must be a non-negative integer below 2^53.
    pub fn value(self: *const Block, index: usize) !u64 {
        return toInteger(self.values[index]);
    }
};

pub fn toInteger(number: f64) !u64 {
    if (!(number >= 0 and number <= 9007199254740991) or @floor(number) != number)
        return @import("report.zig").fail(error.invalid_argument, "{d} is not an integer from 0 to 2^53 - 1.", .{number});
    return @intFromFloat(number);
}
