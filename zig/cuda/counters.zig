//! What a device has been asked, and what became of it. Written by the device's thread, read by anyone.
const std = @import("std");

pub const Counter = enum {
    /// Copies asked for, and those made of them: neighbours are joined.
    copies_asked,
    copies_submitted,
    bytes_to_device,
    bytes_to_host,
    bytes_on_device,
    fills,
    launches,
    events_recorded,
    events_awaited,
    /// Calls of the driver that allocate memory of the device, and that free it.
    allocations,
    frees,
    /// Bytes of memory of the device that are allocated now, in the pool and outside of it.
    bytes_allocated,
    bytes_pinned,
    bytes_registered,
};

pub const Counters = struct {
    values: [@typeInfo(Counter).@"enum".fields.len]std.atomic.Value(u64) = @splat(.init(0)),

    pub fn add(self: *Counters, counter: Counter, amount: u64) void {
        _ = self.values[@intFromEnum(counter)].fetchAdd(amount, .monotonic);
    }

    pub fn take(self: *Counters, counter: Counter, amount: u64) void {
        _ = self.values[@intFromEnum(counter)].fetchSub(amount, .monotonic);
    }

    pub fn get(self: *const Counters, counter: Counter) u64 {
        return self.values[@intFromEnum(counter)].load(.monotonic);
    }
};
