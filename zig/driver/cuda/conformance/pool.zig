const std = @import("std");
const api = @import("../api.zig");
const Bench = @import("bench.zig").Bench;
const Row = @import("bench.zig").Row;

const types = api.types;

pub const rows = [_]Row{
    .{ .name = "memory of a pool is allocated and freed on a stream", .calls = &.{ "cuMemAllocFromPoolAsync", "cuMemFreeAsync", "cuMemPoolCreate", "cuMemPoolDestroy" }, .run = ordered },
    .{ .name = "a device has a pool of its own", .calls = &.{ "cuDeviceGetDefaultMemPool", "cuMemAllocAsync", "cuMemFreeAsync" }, .run = default },
    .{ .name = "a pool keeps what is below its threshold, and trims what is not in use", .calls = &.{ "cuMemPoolSetAttribute", "cuMemPoolGetAttribute", "cuMemPoolTrimTo" }, .run = threshold },
    .{ .name = "high water marks begin anew when they are set to 0", .calls = &.{ "cuMemPoolSetAttribute", "cuMemPoolGetAttribute" }, .run = marks },
    .{ .name = "memory of a pool cannot be exported as plain memory can", .calls = &.{ "cuIpcGetMemHandle", "cuPointerGetAttribute" }, .run = private },
    .{ .name = "memory of a pool is freed once", .calls = &.{"cuMemFreeAsync"}, .simulated = true, .run = once },
    .{ .name = "a pool that was destroyed frees its memory with the last allocation", .calls = &.{"cuMemPoolDestroy"}, .run = destroyed },
    .{ .name = "what a stream frees is there until the stream gets to it", .calls = &.{"cuMemFreeAsync"}, .run = later },
};

const Pool = struct {
    b: *Bench,
    pool: ?*types.MemPool,

    fn create(b: *Bench) !Pool {
        if (b.table.cuMemPoolCreate == null or try b.attribute(.memory_pools_supported) == 0) return b.skip("the device has no pools");
        var pool: ?*types.MemPool = null;
        try b.ok(b.table.cuMemPoolCreate.?(&pool, &.{ .location = .{ .type = .device, .id = b.device } }));
        return .{ .b = b, .pool = pool };
    }

    fn destroy(self: Pool) void {
        _ = self.b.table.cuMemPoolDestroy.?(self.pool);
    }

    fn allocate(self: Pool, size: usize, on: *types.Stream) !types.Pointer {
        var pointer: types.Pointer = 0;
        try self.b.ok(self.b.table.cuMemAllocFromPoolAsync.?(&pointer, size, self.pool, on));
        return pointer;
    }

    fn free(self: Pool, pointer: types.Pointer, on: *types.Stream) !void {
        try self.b.ok(self.b.table.cuMemFreeAsync.?(pointer, on));
    }

    fn attribute(self: Pool, wanted: types.MemPoolAttribute) !u64 {
        var value: u64 = 0;
        try self.b.ok(self.b.table.cuMemPoolGetAttribute.?(self.pool, wanted, &value));
        return value;
    }

    fn set(self: Pool, wanted: types.MemPoolAttribute, number: u64) !void {
        var value = number;
        try self.b.ok(self.b.table.cuMemPoolSetAttribute.?(self.pool, wanted, &value));
    }
};

fn ordered(b: *Bench) !void {
    const pool = try Pool.create(b);
    defer pool.destroy();
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const pointer = try pool.allocate(1 << 20, on);
    try b.require(pointer != 0, "no memory");
    try b.ok(b.table.cuMemsetD8Async(pointer, 6, 1 << 20, on));
    var back: [64]u8 = @splat(0);
    try b.read(u8, &back, pointer + (1 << 20) - 64, on);
    try b.require(std.mem.allEqual(u8, &back, 6), "other bytes");
    try pool.free(pointer, on);
    try b.ok(b.table.cuStreamSynchronize(on));
    var nothing: types.Pointer = 0;
    try b.is(.invalid_value, b.table.cuMemAllocFromPoolAsync.?(&nothing, 0, pool.pool, on));
}

fn default(b: *Bench) !void {
    if (b.table.cuMemAllocAsync == null or try b.attribute(.memory_pools_supported) == 0) return b.skip("the device has no pools");
    var pool: ?*types.MemPool = null;
    try b.ok(b.table.cuDeviceGetDefaultMemPool.?(&pool, b.device));
    try b.require(pool != null, "no pool");
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    var pointer: types.Pointer = 0;
    try b.ok(b.table.cuMemAllocAsync.?(&pointer, 4096, on));
    var of: ?*types.MemPool = null;
    try b.ok(b.table.cuPointerGetAttribute(@ptrCast(&of), .mempool_handle, pointer));
    try b.require(of == pool, "the memory is of another pool");
    try b.ok(b.table.cuMemFreeAsync.?(pointer, on));
    try b.ok(b.table.cuStreamSynchronize(on));
    try b.oneOf(&.{ .invalid_value, .not_permitted, .not_supported }, b.table.cuMemPoolDestroy.?(pool));
}

fn threshold(b: *Bench) !void {
    const pool = try Pool.create(b);
    defer pool.destroy();
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    try b.equal(@as(u64, 0), try pool.attribute(.release_threshold), "threshold at first");
    try pool.set(.release_threshold, std.math.maxInt(u64));
    const pointer = try pool.allocate(4 << 20, on);
    try b.require(try pool.attribute(.used_mem_current) >= 4 << 20, "used memory");
    try b.require(try pool.attribute(.reserved_mem_current) >= 4 << 20, "reserved memory");
    try pool.free(pointer, on);
    try b.ok(b.table.cuStreamSynchronize(on));
    try b.equal(@as(u64, 0), try pool.attribute(.used_mem_current), "used memory after the free");
    const kept = try pool.attribute(.reserved_mem_current);
    try b.require(kept >= 4 << 20, "the pool kept nothing");
    const again = try pool.allocate(4 << 20, on);
    try b.equal(kept, try pool.attribute(.reserved_mem_current), "reserved memory when it is used again");
    try b.ok(b.table.cuMemPoolTrimTo.?(pool.pool, 0));
    try b.require(try pool.attribute(.reserved_mem_current) >= 4 << 20, "what is in use was trimmed");
    try pool.free(again, on);
    try b.ok(b.table.cuStreamSynchronize(on));
    try b.ok(b.table.cuMemPoolTrimTo.?(pool.pool, 0));
    try b.equal(@as(u64, 0), try pool.attribute(.reserved_mem_current), "reserved memory after the trim");
    try pool.set(.release_threshold, 0);
    try pool.free(try pool.allocate(4 << 20, on), on);
    try b.ok(b.table.cuStreamSynchronize(on));
    try b.equal(@as(u64, 0), try pool.attribute(.reserved_mem_current), "reserved memory without a threshold");
}

fn marks(b: *Bench) !void {
    const pool = try Pool.create(b);
    defer pool.destroy();
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    try pool.free(try pool.allocate(1 << 20, on), on);
    try b.ok(b.table.cuStreamSynchronize(on));
    try b.require(try pool.attribute(.used_mem_high) >= 1 << 20, "the mark of used memory");
    try b.require(try pool.attribute(.reserved_mem_high) >= 1 << 20, "the mark of reserved memory");
    try pool.set(.used_mem_high, 0);
    try b.equal(@as(u64, 0), try pool.attribute(.used_mem_high), "the mark after it began anew");
    var one: u64 = 1;
    try b.is(.invalid_value, b.table.cuMemPoolSetAttribute.?(pool.pool, .used_mem_high, &one));
    var flag: c_int = 0;
    try b.ok(b.table.cuMemPoolSetAttribute.?(pool.pool, .reuse_allow_opportunistic, &flag));
    flag = 1;
    try b.ok(b.table.cuMemPoolGetAttribute.?(pool.pool, .reuse_allow_opportunistic, &flag));
    try b.equal(@as(c_int, 0), flag, "a flag that was set");
}

fn private(b: *Bench) !void {
    const pool = try Pool.create(b);
    defer pool.destroy();
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const pointer = try pool.allocate(1 << 20, on);
    try b.ok(b.table.cuStreamSynchronize(on));
    var capable: c_int = 1;
    try b.ok(b.table.cuPointerGetAttribute(&capable, .is_legacy_cuda_ipc_capable, pointer));
    try b.equal(@as(c_int, 0), capable, "whether it can be exported");
    var handle: types.IpcMemHandle = undefined;
    try b.oneOf(&.{ .invalid_value, .not_supported }, b.table.cuIpcGetMemHandle(&handle, pointer));
    try pool.free(pointer, on);
    try b.ok(b.table.cuStreamSynchronize(on));
}

fn once(b: *Bench) !void {
    const pool = try Pool.create(b);
    defer pool.destroy();
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const pointer = try pool.allocate(4096, on);
    try pool.free(pointer, on);
    try b.is(.invalid_value, b.table.cuMemFreeAsync.?(pointer, on));
    try b.ok(b.table.cuMemFreeAsync.?(0, on));
    try b.ok(b.table.cuStreamSynchronize(on));
}

fn destroyed(b: *Bench) !void {
    const pool = try Pool.create(b);
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const pointer = try pool.allocate(1 << 20, on);
    try b.ok(b.table.cuStreamSynchronize(on));
    try b.ok(b.table.cuMemPoolDestroy.?(pool.pool));
    try b.ok(b.table.cuMemsetD8Async(pointer, 1, 1 << 20, on));
    try pool.free(pointer, on);
    try b.ok(b.table.cuStreamSynchronize(on));
}

fn later(b: *Bench) !void {
    const pool = try Pool.create(b);
    defer pool.destroy();
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const pointer = try pool.allocate(1 << 20, on);
    const locked = try b.pinned(64);
    defer _ = b.table.cuMemFreeHost(locked.ptr);
    if (b.control != null) try b.delayNext("cuMemsetD8Async", 10_000);
    try b.ok(b.table.cuMemsetD8Async(pointer, 8, 1 << 20, on));
    try b.ok(b.table.cuMemcpyDtoHAsync(locked.ptr, pointer, 64, on));
    try pool.free(pointer, on);
    try b.ok(b.table.cuStreamSynchronize(on));
    try b.require(std.mem.allEqual(u8, locked, 8), "other bytes");
}
