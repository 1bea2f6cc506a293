const std = @import("std");
const api = @import("../api.zig");
const Bench = @import("bench.zig").Bench;
const Row = @import("bench.zig").Row;

const types = api.types;

pub const rows = [_]Row{
    .{ .name = "bytes arrive, from pageable and page-locked memory, within the device, and back", .calls = &.{ "cuMemcpyHtoDAsync", "cuMemcpyDtoHAsync", "cuMemcpyDtoDAsync" }, .run = roundTrip },
    .{ .name = "what was copied from pageable memory may be overwritten at once", .calls = &.{"cuMemcpyHtoDAsync"}, .run = staged },
    .{ .name = "sets write 1, 2 and 4 bytes an element, each at a multiple of its size", .calls = &.{ "cuMemsetD8Async", "cuMemsetD16Async", "cuMemsetD32Async" }, .run = sets },
    .{ .name = "a stream does one thing after the other", .calls = &.{ "cuMemsetD32Async", "cuMemcpyDtoDAsync" }, .run = ordered },
    .{ .name = "copying nothing is done", .calls = &.{ "cuMemcpyHtoDAsync", "cuMemcpyDtoHAsync", "cuMemcpyDtoDAsync", "cuMemsetD8Async" }, .run = nothing },
    .{ .name = "beyond an allocation is an invalid value, and nothing else breaks", .calls = &.{ "cuMemcpyHtoDAsync", "cuMemcpyDtoHAsync", "cuMemcpyDtoDAsync", "cuMemsetD8Async" }, .run = beyond },
    .{ .name = "what was freed is an invalid value", .calls = &.{ "cuMemcpyHtoDAsync", "cuMemFree" }, .run = freed },
    .{ .name = "page-locked memory is read when the stream gets there, and the call does not wait", .calls = &.{"cuMemcpyHtoDAsync"}, .simulated = true, .run = direct },
    .{ .name = "a copy to pageable memory is waited for", .calls = &.{"cuMemcpyDtoHAsync"}, .run = waited },
};

fn roundTrip(b: *Bench) !void {
    const size = 300_001;
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const first = try b.allocate(size);
    defer _ = b.table.cuMemFree(first);
    const second = try b.allocate(size);
    defer _ = b.table.cuMemFree(second);
    const locked = try b.pinned(size);
    defer _ = b.table.cuMemFreeHost(locked.ptr);
    const pageable = try std.heap.smp_allocator.alloc(u8, size);
    defer std.heap.smp_allocator.free(pageable);
    const back = try std.heap.smp_allocator.alloc(u8, size);
    defer std.heap.smp_allocator.free(back);
    for (pageable, 0..) |*byte, index| byte.* = @truncate(index *% 31);
    for (locked, 0..) |*byte, index| byte.* = @truncate(index *% 17 +% 5);
    for ([_][]u8{ pageable, locked }) |source| {
        try b.ok(b.table.cuMemcpyHtoDAsync(first, source.ptr, size, on));
        try b.ok(b.table.cuMemcpyDtoDAsync(second, first, size, on));
        @memset(back, 0);
        try b.read(u8, back, second, on);
        try b.require(std.mem.eql(u8, source, back), "other bytes arrive");
    }
    try b.ok(b.table.cuMemcpyHtoDAsync(first, pageable.ptr, size, on));
    try b.ok(b.table.cuMemcpyDtoHAsync(locked.ptr, first, size, on));
    try b.ok(b.table.cuStreamSynchronize(on));
    try b.require(std.mem.eql(u8, pageable, locked), "other bytes come back");
}

fn staged(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const pointer = try b.allocate(1 << 20);
    defer _ = b.table.cuMemFree(pointer);
    if (b.control != null) try b.delayNext("cuMemcpyHtoDAsync", 20_000);
    const source = try std.heap.smp_allocator.alloc(u8, 1 << 20);
    defer std.heap.smp_allocator.free(source);
    @memset(source, 3);
    try b.ok(b.table.cuMemcpyHtoDAsync(pointer, source.ptr, source.len, on));
    @memset(source, 4);
    var back: [64]u8 = @splat(0);
    try b.read(u8, &back, pointer + (1 << 20) - 64, on);
    try b.require(std.mem.allEqual(u8, &back, 3), "the later bytes arrived");
}

fn sets(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const pointer = try b.allocate(64);
    defer _ = b.table.cuMemFree(pointer);
    try b.ok(b.table.cuMemsetD8Async(pointer, 0xee, 64, on));
    try b.ok(b.table.cuMemsetD8Async(pointer + 1, 0x11, 3, on));
    try b.ok(b.table.cuMemsetD16Async(pointer + 6, 0x2233, 2, on));
    try b.ok(b.table.cuMemsetD32Async(pointer + 12, 0x4455_6677, 2, on));
    var found: [24]u8 = undefined;
    try b.read(u8, &found, pointer, on);
    const wanted = [24]u8{ 0xee, 0x11, 0x11, 0x11, 0xee, 0xee, 0x33, 0x22, 0x33, 0x22, 0xee, 0xee, 0x77, 0x66, 0x55, 0x44, 0x77, 0x66, 0x55, 0x44, 0xee, 0xee, 0xee, 0xee };
    try b.require(std.mem.eql(u8, &wanted, &found), "other bytes");
    try b.is(.invalid_value, b.table.cuMemsetD16Async(pointer + 1, 0, 1, on));
    try b.is(.invalid_value, b.table.cuMemsetD32Async(pointer + 2, 0, 1, on));
}

fn ordered(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const pointer = try b.allocate(1 << 20);
    defer _ = b.table.cuMemFree(pointer);
    for (0..200) |round| try b.ok(b.table.cuMemsetD32Async(pointer, @intCast(round), 1 << 18, on));
    var back: [1]u32 = .{0};
    try b.read(u32, &back, pointer + (1 << 20) - 4, on);
    try b.equal(@as(u32, 199), back[0], "the last one");
}

fn nothing(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const pointer = try b.allocate(64);
    defer _ = b.table.cuMemFree(pointer);
    var byte: [1]u8 = .{0};
    try b.ok(b.table.cuMemcpyHtoDAsync(pointer, &byte, 0, on));
    try b.ok(b.table.cuMemcpyDtoHAsync(&byte, pointer, 0, on));
    try b.ok(b.table.cuMemcpyDtoDAsync(pointer, pointer, 0, on));
    try b.ok(b.table.cuMemsetD8Async(pointer, 0, 0, on));
}

fn beyond(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    // An allocation that fills its last page of 2 MiB: nothing of ours is behind it.
    const size = 2 << 20;
    const pointer = try b.allocate(size);
    defer _ = b.table.cuMemFree(pointer);
    const other = try b.allocate(64 << 20);
    defer _ = b.table.cuMemFree(other);
    const bytes = try std.heap.smp_allocator.alloc(u8, 64 << 20);
    defer std.heap.smp_allocator.free(bytes);
    try b.is(.invalid_value, b.table.cuMemcpyHtoDAsync(pointer, bytes.ptr, bytes.len, on));
    try b.is(.invalid_value, b.table.cuMemcpyDtoHAsync(bytes.ptr, pointer, bytes.len, on));
    try b.is(.invalid_value, b.table.cuMemcpyDtoDAsync(pointer, other, bytes.len, on));
    try b.is(.invalid_value, b.table.cuMemsetD8Async(pointer, 0, bytes.len, on));
    try b.ok(b.table.cuMemsetD8Async(pointer, 0, size, on));
    try b.ok(b.table.cuStreamSynchronize(on));
}

fn freed(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const pointer = try b.allocate(64 << 20);
    try b.ok(b.table.cuMemFree(pointer));
    var byte: [1]u8 = .{0};
    try b.is(.invalid_value, b.table.cuMemcpyHtoDAsync(pointer, &byte, 1, on));
    try b.ok(b.table.cuStreamSynchronize(on));
}

fn direct(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const pointer = try b.allocate(64);
    defer _ = b.table.cuMemFree(pointer);
    const source = try b.pinned(64);
    defer _ = b.table.cuMemFreeHost(source.ptr);
    @memset(source, 3);
    try b.delayNext("cuMemcpyHtoDAsync", 50_000);
    try b.ok(b.table.cuMemcpyHtoDAsync(pointer, source.ptr, 64, on));
    try b.is(.not_ready, b.table.cuStreamQuery(on));
    @memset(source, 4);
    var back: [64]u8 = @splat(0);
    try b.read(u8, &back, pointer, on);
    try b.require(std.mem.allEqual(u8, &back, 4), "the earlier bytes arrived");
}

fn waited(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const pointer = try b.allocate(1 << 20);
    defer _ = b.table.cuMemFree(pointer);
    if (b.control != null) try b.delayNext("cuMemsetD8Async", 20_000);
    try b.ok(b.table.cuMemsetD8Async(pointer, 9, 1 << 20, on));
    const back = try std.heap.smp_allocator.alloc(u8, 1 << 20);
    defer std.heap.smp_allocator.free(back);
    @memset(back, 0);
    try b.ok(b.table.cuMemcpyDtoHAsync(back.ptr, pointer, back.len, on));
    try b.require(std.mem.allEqual(u8, back, 9), "the bytes are not there when the call returns");
}
