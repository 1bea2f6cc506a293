//! What was copied, and how.
const std = @import("std");
const interface = @import("interface.zig");

const Counter = std.atomic.Value(u64);

pub var to_device_direct: Counter = .init(0);
pub var to_device_staged: Counter = .init(0);
pub var to_host_direct: Counter = .init(0);
pub var to_host_staged: Counter = .init(0);
pub var within_device: Counter = .init(0);
pub var kernels: Counter = .init(0);

pub fn count(counter: *Counter, amount: u64) void {
    _ = counter.fetchAdd(amount, .monotonic);
}

pub fn read() interface.Transfers {
    var found: interface.Transfers = .{};
    inline for (@typeInfo(interface.Transfers).@"struct".fields) |field| @field(found, field.name) = @field(@This(), field.name).load(.monotonic);
    return found;
}

pub fn reset() void {
    inline for (@typeInfo(interface.Transfers).@"struct".fields) |field| @field(@This(), field.name).store(0, .monotonic);
}
