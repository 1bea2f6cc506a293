//! The simulated driver from several threads at once: under ThreadSanitizer too.
const std = @import("std");
const api = @import("../../driver/cuda/api.zig");
const control = @import("control.zig").Control;
const interface = @import("interface.zig");
const table = @import("driver.zig").table;

const types = api.types;
const threads_count = 4;
const rounds = 20;
const size = 4096;

fn ok(result: api.Result) !void {
    try std.testing.expectEqual(.success, result);
}

const Shared = struct {
    device: types.Device = 0,
    event: ?*types.Event = null,
    memory: types.Pointer = 0,
    failed: std.atomic.Value(bool) = .init(false),

    fn run(self: *Shared) void {
        self.work() catch self.failed.store(true, .monotonic);
    }

    fn work(self: *Shared) !void {
        var context: ?*types.Context = null;
        try ok(table.cuDevicePrimaryCtxRetain(&context, self.device));
        defer _ = table.cuDevicePrimaryCtxRelease(self.device);
        try ok(table.cuCtxSetCurrent(context));
        var pool: ?*types.MemPool = null;
        try ok(table.cuDeviceGetDefaultMemPool.?(&pool, self.device));
        for (0..rounds) |_| {
            var on: ?*types.Stream = null;
            try ok(table.cuStreamCreateWithPriority(&on, types.StreamFlags.default, 0));
            var mine: types.Pointer = 0;
            try ok(table.cuMemAlloc(&mine, size));
            try ok(table.cuStreamWaitEvent(on, self.event, 0));
            try ok(table.cuMemcpyDtoDAsync(mine, self.memory, size, on));
            var pooled: types.Pointer = 0;
            try ok(table.cuMemAllocAsync.?(&pooled, size, on));
            try ok(table.cuMemcpyDtoDAsync(pooled, mine, size, on));
            var back: [size]u8 = @splat(0);
            try ok(table.cuMemcpyDtoHAsync(&back, pooled, size, on));
            try std.testing.expect(std.mem.allEqual(u8, &back, 0x5a));
            try ok(table.cuMemFreeAsync.?(pooled, on));
            try ok(table.cuMemFree(mine));
            try ok(table.cuStreamDestroy(on));
        }
    }
};

test "threads share a device, each with streams and memory of its own, and nothing is left of them" {
    try ok(control.configure(&.{ .devices = 1, .memory_bytes = 1 << 24 }));
    defer _ = control.clear();
    try ok(table.cuInit(0));
    var shared: Shared = .{};
    try ok(table.cuDeviceGet(&shared.device, 0));
    var context: ?*types.Context = null;
    try ok(table.cuDevicePrimaryCtxRetain(&context, shared.device));
    try ok(table.cuCtxSetCurrent(context));
    defer _ = table.cuCtxSetCurrent(null);
    try ok(table.cuMemAlloc(&shared.memory, size));
    try ok(table.cuMemsetD8Async(shared.memory, 0x5a, size, null));
    try ok(table.cuEventCreate(&shared.event, types.EventFlags.disable_timing));
    try ok(table.cuEventRecord(shared.event, null));
    var threads: [threads_count]std.Thread = undefined;
    for (&threads) |*thread| thread.* = try std.Thread.spawn(.{}, Shared.run, .{&shared});
    for (threads) |thread| thread.join();
    try std.testing.expect(!shared.failed.load(.monotonic));
    try ok(table.cuEventDestroy(shared.event));
    try ok(table.cuMemFree(shared.memory));
    try ok(table.cuDevicePrimaryCtxRelease(shared.device));
    var found: interface.Leaks = .{};
    try ok(control.leaks(&found));
    try std.testing.expectEqual(interface.Leaks{}, found);
}

test "a context that goes with things open says how many, and their handles are nobody's" {
    try ok(control.configure(&.{ .devices = 1 }));
    defer _ = control.clear();
    try ok(table.cuInit(0));
    var device: types.Device = 0;
    try ok(table.cuDeviceGet(&device, 0));
    var context: ?*types.Context = null;
    try ok(table.cuDevicePrimaryCtxRetain(&context, device));
    try ok(table.cuCtxSetCurrent(context));
    defer _ = table.cuCtxSetCurrent(null);
    var memory: types.Pointer = 0;
    try ok(table.cuMemAlloc(&memory, size));
    var pooled: types.Pointer = 0;
    try ok(table.cuMemAllocAsync.?(&pooled, size, null));
    var event: ?*types.Event = null;
    try ok(table.cuEventCreate(&event, 0));
    var on: ?*types.Stream = null;
    try ok(table.cuStreamCreateWithPriority(&on, 0, 0));
    var host: ?*anyopaque = null;
    try ok(table.cuMemHostAlloc(&host, size, 0));
    try ok(table.cuDevicePrimaryCtxRelease(device));
    try std.testing.expectEqual(.context_is_destroyed, table.cuMemFree(memory));
    var found: interface.Leaks = .{};
    try ok(control.leaks(&found));
    try std.testing.expectEqual(interface.Leaks{ .abandoned = 5 }, found);
    try ok(table.cuDevicePrimaryCtxRetain(&context, device));
    try std.testing.expectEqual(.invalid_handle, table.cuStreamDestroy(on));
    try std.testing.expectEqual(.invalid_handle, table.cuEventDestroy(event));
    try std.testing.expectEqual(.invalid_value, table.cuMemFree(memory));
    try ok(table.cuDevicePrimaryCtxRelease(device));
}
