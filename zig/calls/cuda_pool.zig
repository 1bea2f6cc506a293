//! The pool of a device; handles are of the device.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const block = @import("../abi/block.zig");
const asking = @import("cuda_asking.zig");
const Device = @import("../cuda/device.zig").Device;

const unlimited = std.math.maxInt(u64);

/// A job: sets what is not negative. `limit`: bytes that the pool gives out at most; `threshold`: bytes that it keeps when they have
/// been given back. Infinity: no end.
pub fn configure(t: *Thread, slot: u32, generation: u32, limit: f64, threshold: f64) !i32 {
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    return asking.ask(t, pinned.ptr, Configure{ .limit = try amount(limit), .threshold = try amount(threshold) });
}

fn amount(number: f64) !?u64 {
    if (number < 0) return null;
    if (std.math.isPositiveInf(number)) return unlimited;
    return try block.toInteger(number);
}

const Configure = struct {
    limit: ?u64,
    threshold: ?u64,

    pub fn run(self: *Configure, device: *Device) !void {
        if (self.limit) |limit| device.pool.limit.store(limit, .monotonic);
        if (self.threshold) |threshold| try device.pool.keep(device, threshold);
    }

    pub fn deliver(_: *Configure, _: *Thread) !i32 {
        return 0;
    }

    pub fn free(_: *Configure) void {}
};

/// A job. Results: bytes given out, the most there ever were, bytes that the driver holds for the pool, the limit (Infinity: none).
pub fn stats(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    return asking.ask(t, pinned.ptr, Stats{ .device = pinned.ptr.retain() });
}

const Stats = struct {
    device: *Device,
    reserved: u64 = 0,

    pub fn run(self: *Stats, device: *Device) !void {
        self.reserved = try device.pool.reserved(device);
    }

    pub fn deliver(self: *Stats, t: *Thread) !i32 {
        const pool = &self.device.pool;
        const limit = pool.limit.load(.monotonic);
        t.block.results[0] = @floatFromInt(pool.used.load(.monotonic));
        t.block.results[1] = @floatFromInt(pool.high.load(.monotonic));
        t.block.results[2] = @floatFromInt(self.reserved);
        t.block.results[3] = if (limit == unlimited) std.math.inf(f64) else @floatFromInt(limit);
        return 0;
    }

    pub fn free(self: *Stats) void {
        self.device.release();
    }
};

/// A job: the driver gets back what nobody uses, but for `keep` bytes.
pub fn trim(t: *Thread, slot: u32, generation: u32, keep: f64) !i32 {
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    return asking.ask(t, pinned.ptr, Trim{ .keep = try block.toInteger(keep) });
}

const Trim = struct {
    keep: u64,

    pub fn run(self: *Trim, device: *Device) !void {
        try device.pool.trim(device, self.keep);
    }

    pub fn deliver(_: *Trim, _: *Thread) !i32 {
        return 0;
    }

    pub fn free(_: *Trim) void {}
};
