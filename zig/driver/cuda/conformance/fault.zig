const std = @import("std");
const api = @import("../api.zig");
const Bench = @import("bench.zig").Bench;
const interface = @import("../../../sim/cuda/interface.zig");
const Row = @import("bench.zig").Row;

const types = api.types;

pub const rows = [_]Row{
    .{ .name = "the second call from now on fails as planned, and no other", .calls = &.{"cuMemAlloc"}, .simulated = true, .run = second },
    .{ .name = "a planned failure has the text of its plan", .calls = &.{"cuGetErrorString"}, .simulated = true, .run = words },
    .{ .name = "what a stream meets is returned by a later call, once", .calls = &.{"cuStreamSynchronize"}, .simulated = true, .run = overdue },
    .{ .name = "after a sticky error every call fails, nothing is done any more, nobody waits, and memory is given back", .calls = &.{"cuMemFree"}, .simulated = true, .run = sticky },
    .{ .name = "a device that is lost gives no context", .calls = &.{"cuDevicePrimaryCtxRetain"}, .simulated = true, .run = lost },
    .{ .name = "memory that the stream freed before is an illegal address", .calls = &.{"cuMemFreeAsync"}, .simulated = true, .run = dead },
    .{ .name = "a planned delay is one", .calls = &.{"cuEventQuery"}, .simulated = true, .run = late },
    .{ .name = "calls are counted, and so is what is copied directly and what is staged", .calls = &.{"cuMemcpyHtoDAsync"}, .simulated = true, .run = counted },
};

fn plan(b: *Bench, comptime call: []const u8, wanted: interface.Plan) !void {
    var named = wanted;
    named.function = @intCast(b.control.?.function_number(call.ptr, call.len));
    try b.ok(b.control.?.plan(&named));
}

/// The context that was lost is gone; there is another one.
fn mend(b: *Bench) void {
    _ = b.control.?.repair();
    b.begin() catch {};
}

fn second(b: *Bench) !void {
    try plan(b, "cuMemAlloc", .{ .function = 0, .at = 2, .result = .out_of_memory });
    for ([_]api.Result{ .success, .out_of_memory, .success }) |wanted| {
        var pointer: types.Pointer = 0;
        try b.is(wanted, b.table.cuMemAlloc(&pointer, 4096));
        try b.ok(b.table.cuMemFree(pointer));
    }
}

fn words(b: *Bench) !void {
    var wanted: interface.Plan = .{ .function = 0, .result = .launch_out_of_resources };
    const said = "the card is on fire";
    @memcpy(wanted.message[0..said.len], said);
    try plan(b, "cuCtxGetCurrent", wanted);
    var context: ?*types.Context = null;
    try b.is(.launch_out_of_resources, b.table.cuCtxGetCurrent(&context));
    var text: ?[*:0]const u8 = null;
    try b.ok(b.table.cuGetErrorString(.launch_out_of_resources, &text));
    try b.require(std.mem.eql(u8, std.mem.span(text.?), said), "another text");
}

fn overdue(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const pointer = try b.allocate(64);
    defer _ = b.table.cuMemFree(pointer);
    try plan(b, "cuMemsetD8Async", .{ .function = 0, .result = .launch_out_of_resources, .asynchronous = 1 });
    try b.ok(b.table.cuMemsetD8Async(pointer, 1, 64, on));
    try b.is(.launch_out_of_resources, b.table.cuStreamSynchronize(on));
    try b.ok(b.table.cuStreamSynchronize(on));
}

fn sticky(b: *Bench) !void {
    defer mend(b);
    const on = try b.stream();
    const event = try b.event(types.EventFlags.disable_timing);
    const pointer = try b.allocate(64);
    const locked = try b.pinned(64);
    @memset(locked, 0);
    try plan(b, "cuMemsetD8Async", .{ .function = 0, .result = .illegal_address, .asynchronous = 1, .delay_us = 10_000 });
    try b.ok(b.table.cuMemsetD8Async(pointer, 1, 64, on));
    try b.ok(b.table.cuMemcpyDtoHAsync(locked.ptr, pointer, 64, on));
    try b.ok(b.table.cuEventRecord(event, on));
    try b.is(.illegal_address, b.table.cuEventSynchronize(event));
    try b.is(.illegal_address, b.table.cuStreamQuery(on));
    var none: types.Pointer = 0;
    try b.is(.illegal_address, b.table.cuMemAlloc(&none, 64));
    try b.is(.illegal_address, b.table.cuMemFree(pointer));
    try b.require(std.mem.allEqual(u8, locked, 0), "the copy was done");
    try b.is(.illegal_address, b.table.cuMemFreeHost(locked.ptr));
    try b.ok(b.table.cuEventDestroy(event));
    try b.ok(b.table.cuStreamDestroy(on));
}

fn lost(b: *Bench) !void {
    defer mend(b);
    try plan(b, "cuCtxGetStreamPriorityRange", .{ .function = 0, .result = .launch_failed, .lost = 1 });
    try b.is(.launch_failed, b.table.cuCtxGetStreamPriorityRange(null, null));
    try b.is(.launch_failed, b.table.cuCtxGetStreamPriorityRange(null, null));
    var context: ?*types.Context = null;
    try b.is(.device_unavailable, b.table.cuDevicePrimaryCtxRetain(&context, b.device));
}

fn dead(b: *Bench) !void {
    defer mend(b);
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    var pointer: types.Pointer = 0;
    try b.ok(b.table.cuMemAllocAsync.?(&pointer, 4096, on));
    // So that both are put on the stream before it gets to either.
    try b.delayNext("cuMemsetD8Async", 20_000);
    try b.ok(b.table.cuMemsetD8Async(pointer, 1, 64, on));
    try b.ok(b.table.cuMemFreeAsync.?(pointer, on));
    try b.ok(b.table.cuMemsetD8Async(pointer, 1, 64, on));
    try b.is(.illegal_address, b.table.cuStreamSynchronize(on));
}

fn late(b: *Bench) !void {
    const event = try b.event(0);
    defer _ = b.table.cuEventDestroy(event);
    const other = try b.event(0);
    defer _ = b.table.cuEventDestroy(other);
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    try plan(b, "cuEventQuery", .{ .function = 0, .delay_us = 5000 });
    try b.ok(b.table.cuEventRecord(event, on));
    try b.ok(b.table.cuStreamSynchronize(on));
    try b.ok(b.table.cuEventQuery(event));
    try b.ok(b.table.cuEventRecord(other, on));
    try b.ok(b.table.cuStreamSynchronize(on));
    var ms: f32 = 0;
    try b.ok(b.table.cuEventElapsedTime(&ms, event, other));
    try b.require(ms >= 5, "there was no delay");
}

fn counted(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const pointer = try b.allocate(64);
    defer _ = b.table.cuMemFree(pointer);
    const locked = try b.pinned(64);
    defer _ = b.table.cuMemFreeHost(locked.ptr);
    var pageable: [64]u8 = @splat(1);
    const name = "cuMemcpyHtoDAsync";
    const number: u32 = @intCast(b.control.?.function_number(name, name.len));
    var calls: [2]u64 = undefined;
    var copied: [2]interface.Transfers = undefined;
    try b.ok(b.control.?.calls(number, &calls[0]));
    try b.ok(b.control.?.transfers(&copied[0]));
    try b.ok(b.table.cuMemcpyHtoDAsync(pointer, locked.ptr, 60, on));
    try b.ok(b.table.cuMemcpyHtoDAsync(pointer, &pageable, 7, on));
    try b.ok(b.table.cuStreamSynchronize(on));
    try b.ok(b.control.?.calls(number, &calls[1]));
    try b.ok(b.control.?.transfers(&copied[1]));
    try b.equal(@as(u64, 2), calls[1] - calls[0], "calls");
    try b.equal(@as(u64, 60), copied[1].to_device_direct - copied[0].to_device_direct, "bytes copied directly");
    try b.equal(@as(u64, 7), copied[1].to_device_staged - copied[0].to_device_staged, "bytes staged");
}
