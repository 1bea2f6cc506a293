//! A device's pool of memory, ordered by streams: taking and giving back wait for nothing, since the driver keeps what was given
//! back up to a threshold. Where the driver has no pools, plain memory is counted in its place. The limit is ours.
const std = @import("std");
const api = @import("../driver/cuda/api.zig");
const report = @import("../abi/report.zig");
const Device = @import("device.zig").Device;
const Stream = @import("stream.zig").Stream;

const unlimited = std.math.maxInt(u64);

pub const Pool = struct {
    limit: std.atomic.Value(u64) = .init(unlimited),
    used: std.atomic.Value(u64) = .init(0),
    high: std.atomic.Value(u64) = .init(0),
    /// Of the device's thread.
    raw: ?*api.types.MemPool = null,
    tried: bool = false,
    threshold: u64 = unlimited,

    /// Null: the driver has no pools, and the caller takes plain memory that is counted here.
    pub fn take(self: *Pool, device: *Device, stream: *Stream, size: u64) !?u64 {
        try self.count(size);
        errdefer self.give(size);
        const pool = try self.opened(device) orelse return null;
        const allocate = device.table.cuMemAllocFromPoolAsync.?;
        var address: u64 = 0;
        var result = allocate(&address, @max(size, 1), pool, stream.raw);
        if (result == .out_of_memory) {
            // What was given back on other streams is there again when they have come to it.
            _ = device.table.cuStreamSynchronize(stream.raw);
            _ = device.table.cuMemPoolTrimTo.?(pool, 0);
            result = allocate(&address, @max(size, 1), pool, stream.raw);
        }
        device.counters.add(.allocations, 1);
        try require(device, "cuMemAllocFromPoolAsync", result, size);
        return address;
    }

    /// `cuMemAlloc`, which gets what the pool keeps when there is nothing else.
    pub fn plain(self: *Pool, device: *Device, size: u64) !u64 {
        var address: u64 = 0;
        var result = device.table.cuMemAlloc(&address, @max(size, 1));
        if (result == .out_of_memory) if (self.raw) |pool| {
            _ = device.table.cuMemPoolTrimTo.?(pool, 0);
            result = device.table.cuMemAlloc(&address, @max(size, 1));
        };
        device.counters.add(.allocations, 1);
        try require(device, "cuMemAlloc", result, size);
        return address;
    }

    fn require(device: *Device, call: []const u8, result: api.Result, size: u64) !void {
        if (result == .success) return;
        const err = device.failed(call, result);
        if (result != .out_of_memory) return err;
        var free: usize = 0;
        var total: usize = 0;
        if (device.table.cuMemGetInfo(&free, &total) != .success) return err;
        return report.fail(err, "GPU {d} has no {d} bytes: {d} of {d} are free ({s} failed with CUDA_ERROR_OUT_OF_MEMORY).", .{ device.ordinal, size, free, total, call });
    }

    fn count(self: *Pool, size: u64) !void {
        const limit = self.limit.load(.monotonic);
        var used = self.used.load(.monotonic);
        while (true) {
            if (size > limit or used > limit - size)
                return report.fail(error.pool_limit, "{d} bytes were asked for; the pool has given {d} of the {d} that it may.", .{ size, used, limit });
            used = self.used.cmpxchgWeak(used, used + size, .monotonic, .monotonic) orelse break;
        }
        _ = self.high.fetchMax(used + size, .monotonic);
    }

    pub fn give(self: *Pool, size: u64) void {
        _ = self.used.fetchSub(size, .monotonic);
    }

    fn opened(self: *Pool, device: *Device) !?*api.types.MemPool {
        if (self.tried) return self.raw;
        const table = device.table;
        if (device.facts.value(.memory_pools_supported) == 0 or table.cuMemPoolCreate == null or table.cuMemAllocFromPoolAsync == null or
            table.cuMemFreeAsync == null or table.cuMemPoolTrimTo == null or table.cuMemPoolSetAttribute == null)
        {
            self.tried = true;
            return null;
        }
        var raw: ?*api.types.MemPool = null;
        try device.demand("cuMemPoolCreate", table.cuMemPoolCreate.?(&raw, &.{ .location = .{ .type = .device, .id = device.facts.raw } }));
        self.tried = true;
        self.raw = raw;
        try self.keep(device, self.threshold);
        return raw;
    }

    /// Bytes that stay with the pool when they have been given back; without it they go back at every synchronisation.
    pub fn keep(self: *Pool, device: *Device, bytes: u64) !void {
        self.threshold = bytes;
        const pool = self.raw orelse return;
        var value = bytes;
        try device.demand("cuMemPoolSetAttribute", device.table.cuMemPoolSetAttribute.?(pool, .release_threshold, &value));
    }

    /// On the device's thread: bytes that the driver holds for it.
    pub fn reserved(self: *const Pool, device: *Device) !u64 {
        const pool = self.raw orelse return self.used.load(.monotonic);
        const get = device.table.cuMemPoolGetAttribute orelse return self.used.load(.monotonic);
        var value: u64 = 0;
        try device.demand("cuMemPoolGetAttribute", get(pool, .reserved_mem_current, &value));
        return value;
    }

    /// On the device's thread: gives back what nobody uses, but for `bytes`.
    pub fn trim(self: *const Pool, device: *Device, bytes: u64) !void {
        const pool = self.raw orelse return;
        try device.demand("cuMemPoolTrimTo", device.table.cuMemPoolTrimTo.?(pool, bytes));
    }

    pub fn close(self: *Pool, device: *Device) void {
        const pool = self.raw orelse return;
        if (device.table.cuMemPoolDestroy) |destroy| _ = destroy(pool);
        self.raw = null;
    }
};
