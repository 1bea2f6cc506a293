//! How far something on a device has come: a number that only the device's thread moves, and that others sleep for.
const std = @import("std");
const futex = @import("../os/futex.zig");
const Device = @import("device.zig").Device;

pub const Progress = struct {
    /// Release in `advance` pairs with the acquire in `reached`.
    value: std.atomic.Value(u64) = .init(0),
    /// Changes after `value`; who waits sleeps on it.
    bell: std.atomic.Value(u32) = .init(0),
    sleepers: std.atomic.Value(u32) = .init(0),

    pub fn reached(self: *const Progress, wanted: u64) bool {
        return self.value.load(.acquire) >= wanted;
    }

    pub fn advance(self: *Progress, to: u64) void {
        self.value.store(to, .release);
        // Sequentially consistent: pairs with `sleep`, which counts itself before it looks at the bell.
        _ = self.bell.fetchAdd(1, .seq_cst);
        if (self.sleepers.load(.seq_cst) > 0) futex.wakePrivate(&self.bell, std.math.maxInt(u31));
    }

    /// Until `wanted` is reached, for `timeout_ns` at most. True: it is. The device's thread looks more often meanwhile.
    pub fn sleep(self: *Progress, device: *Device, wanted: u64, timeout_ns: u64) bool {
        if (self.reached(wanted)) return true;
        _ = self.sleepers.fetchAdd(1, .seq_cst);
        defer _ = self.sleepers.fetchSub(1, .seq_cst);
        _ = device.wanted.fetchAdd(1, .monotonic);
        defer _ = device.wanted.fetchSub(1, .monotonic);
        device.submitter.hurry();
        const until = futex.now() +| timeout_ns;
        while (true) {
            const seen = self.bell.load(.seq_cst);
            if (self.reached(wanted)) return true;
            const now = futex.now();
            if (now >= until) return false;
            futex.waitPrivate(&self.bell, seen, until - now);
        }
    }
};
