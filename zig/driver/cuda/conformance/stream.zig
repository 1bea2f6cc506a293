const std = @import("std");
const api = @import("../api.zig");
const Bench = @import("bench.zig").Bench;
const Row = @import("bench.zig").Row;

const types = api.types;
const Flags = types.EventFlags;

pub const rows = [_]Row{
    .{ .name = "streams take known flags and any priority", .calls = &.{ "cuStreamCreateWithPriority", "cuStreamDestroy" }, .run = create },
    .{ .name = "an idle stream is ready", .calls = &.{ "cuStreamQuery", "cuStreamSynchronize" }, .run = idle },
    .{ .name = "a busy stream is not ready, and destroying it does what it was given", .calls = &.{ "cuStreamQuery", "cuStreamDestroy" }, .simulated = true, .run = busy },
    .{ .name = "a stream that was destroyed is an invalid handle", .calls = &.{"cuStreamDestroy"}, .simulated = true, .run = destroyed },
    .{ .name = "a stream waits for what another one did before an event", .calls = &.{ "cuStreamWaitEvent", "cuEventRecord" }, .run = waits },
    .{ .name = "waiting for an event that was never recorded is nothing", .calls = &.{"cuStreamWaitEvent"}, .run = unrecorded },
    .{ .name = "streams that are not ordered do not wait for each other", .calls = &.{"cuStreamCreateWithPriority"}, .simulated = true, .run = independent },
    .{ .name = "the default stream waits for blocking streams, and they for it", .calls = &.{"cuStreamCreateWithPriority"}, .run = legacy },
    .{ .name = "events take known flags; those for other processes have no timing", .calls = &.{ "cuEventCreate", "cuEventDestroy" }, .run = eventFlags },
    .{ .name = "an event that was never recorded is reached", .calls = &.{ "cuEventQuery", "cuEventSynchronize" }, .run = neverRecorded },
    .{ .name = "an event is reached when its stream is, the latest recording counts", .calls = &.{ "cuEventRecord", "cuEventQuery", "cuEventSynchronize" }, .simulated = true, .run = reached },
    .{ .name = "time passes between two events", .calls = &.{"cuEventElapsedTime"}, .run = elapsed },
    .{ .name = "without timing, or a recording, there is no time", .calls = &.{"cuEventElapsedTime"}, .run = untimed },
    .{ .name = "before both events are reached there is no time yet", .calls = &.{"cuEventElapsedTime"}, .simulated = true, .run = early },
};

fn create(b: *Bench) !void {
    var made: ?*types.Stream = null;
    for ([_]c_int{ 0, -1, -100, 100 }) |priority| {
        try b.ok(b.table.cuStreamCreateWithPriority(&made, types.StreamFlags.default, priority));
        try b.ok(b.table.cuStreamDestroy(made));
    }
    try b.is(.invalid_value, b.table.cuStreamCreateWithPriority(&made, 0x10, 0));
}

fn idle(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    try b.ok(b.table.cuStreamQuery(on));
    try b.ok(b.table.cuStreamSynchronize(on));
    try b.ok(b.table.cuStreamSynchronize(null));
}

fn busy(b: *Bench) !void {
    const on = try b.stream();
    const pointer = try b.allocate(64);
    const locked = try b.pinned(64);
    defer _ = b.table.cuMemFreeHost(locked.ptr);
    @memset(locked, 0);
    try b.delayNext("cuMemsetD8Async", 30_000);
    try b.ok(b.table.cuMemsetD8Async(pointer, 5, 64, on));
    try b.is(.not_ready, b.table.cuStreamQuery(on));
    try b.ok(b.table.cuMemcpyDtoHAsync(locked.ptr, pointer, 64, on));
    try b.ok(b.table.cuStreamDestroy(on));
    // Which waits for the device.
    try b.ok(b.table.cuMemFree(pointer));
    try b.require(std.mem.allEqual(u8, locked, 5), "what the stream was given is not done");
}

fn destroyed(b: *Bench) !void {
    const on = try b.stream();
    try b.ok(b.table.cuStreamDestroy(on));
    try b.is(.invalid_handle, b.table.cuStreamSynchronize(on));
    try b.is(.invalid_handle, b.table.cuStreamDestroy(on));
}

fn waits(b: *Bench) !void {
    const first = try b.stream();
    defer _ = b.table.cuStreamDestroy(first);
    const second = try b.stream();
    defer _ = b.table.cuStreamDestroy(second);
    const event = try b.event(Flags.disable_timing);
    defer _ = b.table.cuEventDestroy(event);
    const size = 32 << 20;
    const pointer = try b.allocate(size);
    defer _ = b.table.cuMemFree(pointer);
    if (b.control != null) try b.delayNext("cuMemsetD8Async", 20_000);
    try b.ok(b.table.cuMemsetD8Async(pointer, 1, size, first));
    try b.ok(b.table.cuMemsetD8Async(pointer, 2, size, first));
    try b.ok(b.table.cuEventRecord(event, first));
    try b.ok(b.table.cuStreamWaitEvent(second, event, 0));
    var back: [64]u8 = @splat(0);
    try b.read(u8, &back, pointer + size - 64, second);
    try b.require(std.mem.allEqual(u8, &back, 2), "the second stream did not wait");
}

fn unrecorded(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const event = try b.event(0);
    defer _ = b.table.cuEventDestroy(event);
    try b.ok(b.table.cuStreamWaitEvent(on, event, 0));
    try b.ok(b.table.cuStreamSynchronize(on));
}

fn independent(b: *Bench) !void {
    const slow = try b.stream();
    defer _ = b.table.cuStreamDestroy(slow);
    const quick = try b.stream();
    defer _ = b.table.cuStreamDestroy(quick);
    const pointer = try b.allocate(64);
    defer _ = b.table.cuMemFree(pointer);
    try b.delayNext("cuMemsetD8Async", 100_000);
    try b.ok(b.table.cuMemsetD8Async(pointer, 1, 32, slow));
    try b.ok(b.table.cuMemsetD8Async(pointer + 32, 1, 32, quick));
    try b.ok(b.table.cuStreamSynchronize(quick));
    try b.is(.not_ready, b.table.cuStreamQuery(slow));
    try b.ok(b.table.cuStreamSynchronize(slow));
}

fn legacy(b: *Bench) !void {
    var blocking: ?*types.Stream = null;
    try b.ok(b.table.cuStreamCreateWithPriority(&blocking, types.StreamFlags.default, 0));
    defer _ = b.table.cuStreamDestroy(blocking);
    const size = 16 << 20;
    const pointer = try b.allocate(size);
    defer _ = b.table.cuMemFree(pointer);
    var back: [64]u8 = @splat(0);
    for ([_]?*types.Stream{ null, blocking }, [_]?*types.Stream{ blocking, null }, 1..) |first, second, value| {
        if (b.control != null) try b.delayNext("cuMemsetD8Async", 20_000);
        try b.ok(b.table.cuMemsetD8Async(pointer, @intCast(value), size, first));
        try b.read(u8, &back, pointer + size - 64, second);
        try b.require(std.mem.allEqual(u8, &back, @intCast(value)), "one did not wait for the other");
    }
}

fn eventFlags(b: *Bench) !void {
    var made: ?*types.Event = null;
    try b.is(.invalid_value, b.table.cuEventCreate(&made, 0x10));
    try b.is(.invalid_value, b.table.cuEventCreate(&made, Flags.interprocess));
    const event = try b.event(Flags.blocking_sync | Flags.disable_timing);
    try b.ok(b.table.cuEventDestroy(event));
}

fn neverRecorded(b: *Bench) !void {
    const event = try b.event(0);
    defer _ = b.table.cuEventDestroy(event);
    try b.ok(b.table.cuEventQuery(event));
    try b.ok(b.table.cuEventSynchronize(event));
}

fn reached(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const event = try b.event(Flags.disable_timing);
    defer _ = b.table.cuEventDestroy(event);
    try b.ok(b.table.cuEventRecord(event, on));
    try b.ok(b.table.cuEventSynchronize(event));
    try b.ok(b.table.cuEventQuery(event));
    try b.delayNext("cuEventRecord", 30_000);
    try b.ok(b.table.cuEventRecord(event, on));
    try b.is(.not_ready, b.table.cuEventQuery(event));
    try b.ok(b.table.cuEventSynchronize(event));
    try b.ok(b.table.cuEventQuery(event));
}

fn elapsed(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const start = try b.event(0);
    defer _ = b.table.cuEventDestroy(start);
    const end = try b.event(0);
    defer _ = b.table.cuEventDestroy(end);
    const pointer = try b.allocate(16 << 20);
    defer _ = b.table.cuMemFree(pointer);
    try b.ok(b.table.cuEventRecord(start, on));
    try b.ok(b.table.cuMemsetD8Async(pointer, 1, 16 << 20, on));
    try b.ok(b.table.cuEventRecord(end, on));
    try b.ok(b.table.cuEventSynchronize(end));
    var ms: f32 = -1;
    try b.ok(b.table.cuEventElapsedTime(&ms, start, end));
    try b.require(ms > 0 and ms < 60_000, "the time");
    var back: f32 = 0;
    try b.ok(b.table.cuEventElapsedTime(&back, end, start));
    try b.require(back < 0, "backwards the time is negative");
}

fn untimed(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const timed = try b.event(0);
    defer _ = b.table.cuEventDestroy(timed);
    const other = try b.event(0);
    defer _ = b.table.cuEventDestroy(other);
    const without = try b.event(Flags.disable_timing);
    defer _ = b.table.cuEventDestroy(without);
    try b.ok(b.table.cuEventRecord(timed, on));
    try b.ok(b.table.cuEventRecord(without, on));
    try b.ok(b.table.cuStreamSynchronize(on));
    var ms: f32 = 0;
    try b.is(.invalid_handle, b.table.cuEventElapsedTime(&ms, timed, other));
    try b.is(.invalid_handle, b.table.cuEventElapsedTime(&ms, timed, without));
}

fn early(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const start = try b.event(0);
    defer _ = b.table.cuEventDestroy(start);
    const end = try b.event(0);
    defer _ = b.table.cuEventDestroy(end);
    try b.ok(b.table.cuEventRecord(start, on));
    try b.ok(b.table.cuStreamSynchronize(on));
    try b.delayNext("cuEventRecord", 20_000);
    try b.ok(b.table.cuEventRecord(end, on));
    var ms: f32 = 0;
    try b.is(.not_ready, b.table.cuEventElapsedTime(&ms, start, end));
    try b.ok(b.table.cuEventSynchronize(end));
    try b.ok(b.table.cuEventElapsedTime(&ms, start, end));
    try b.require(ms >= 20, "the delay is not in the time");
}
