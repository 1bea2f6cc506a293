const std = @import("std");
const api = @import("../api.zig");
const Bench = @import("bench.zig").Bench;
const Child = @import("child.zig").Child;
const children = @import("child.zig");
const Row = @import("bench.zig").Row;

const types = api.types;
const size = 2 << 20;

pub const rows = [_]Row{
    .{ .name = "an allocation's handle is the same each time, and not another's", .calls = &.{"cuIpcGetMemHandle"}, .run = stable },
    .{ .name = "the process that exports memory cannot open it", .calls = &.{ "cuIpcGetMemHandle", "cuIpcOpenMemHandle" }, .run = exporter },
    .{ .name = "a part of an allocation has no handle of its own", .calls = &.{"cuIpcGetMemHandle"}, .simulated = true, .run = part },
    .{ .name = "page-locked memory of the host has no handle", .calls = &.{"cuIpcGetMemHandle"}, .run = host },
    .{ .name = "another process opens the whole allocation, sees its bytes, and writes some", .calls = &.{ "cuIpcOpenMemHandle", "cuIpcCloseMemHandle" }, .run = shared },
    .{ .name = "an event is recorded in one process and waited for in another", .calls = &.{ "cuIpcGetEventHandle", "cuIpcOpenEventHandle" }, .run = events },
    .{ .name = "an event that is not for other processes has no handle", .calls = &.{"cuIpcGetEventHandle"}, .run = noHandle },
    .{ .name = "memory of a process that is gone cannot be opened; what was open stays", .calls = &.{"cuIpcOpenMemHandle"}, .simulated = true, .run = gone },
    .{ .name = "memory that was freed cannot be opened", .calls = &.{"cuIpcOpenMemHandle"}, .simulated = true, .run = freed },
};

/// What runs of the program do that rows start: `--child NAME HANDLE`.
pub const tasks = .{ .{ "open", openTask }, .{ "wait", waitTask }, .{ "export", exportTask }, .{ "refused", refusedTask } };

fn stable(b: *Bench) !void {
    const pointer = try b.allocate(size);
    defer _ = b.table.cuMemFree(pointer);
    const other = try b.allocate(size);
    defer _ = b.table.cuMemFree(other);
    var handles: [3]types.IpcMemHandle = undefined;
    try b.ok(b.table.cuIpcGetMemHandle(&handles[0], pointer));
    try b.ok(b.table.cuIpcGetMemHandle(&handles[1], pointer));
    try b.ok(b.table.cuIpcGetMemHandle(&handles[2], other));
    try b.require(std.mem.eql(u8, &handles[0].reserved, &handles[1].reserved), "two handles of one allocation");
    try b.require(!std.mem.eql(u8, &handles[0].reserved, &handles[2].reserved), "one handle of two allocations");
}

fn exporter(b: *Bench) !void {
    const pointer = try b.allocate(size);
    defer _ = b.table.cuMemFree(pointer);
    var handle: types.IpcMemHandle = undefined;
    try b.ok(b.table.cuIpcGetMemHandle(&handle, pointer));
    var opened: types.Pointer = 0;
    try b.oneOf(&.{ .invalid_context, .invalid_value, .invalid_handle }, b.table.cuIpcOpenMemHandle(&opened, handle, types.ipc_lazy_enable_peer_access));
}

fn part(b: *Bench) !void {
    const pointer = try b.allocate(size);
    defer _ = b.table.cuMemFree(pointer);
    var handle: types.IpcMemHandle = undefined;
    try b.is(.invalid_value, b.table.cuIpcGetMemHandle(&handle, pointer + 4096));
}

fn host(b: *Bench) !void {
    const bytes = try b.pinned(4096);
    defer _ = b.table.cuMemFreeHost(bytes.ptr);
    var handle: types.IpcMemHandle = undefined;
    try b.is(.invalid_value, b.table.cuIpcGetMemHandle(&handle, @intFromPtr(bytes.ptr)));
}

fn shared(b: *Bench) !void {
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const pointer = try b.allocate(size);
    defer _ = b.table.cuMemFree(pointer);
    try b.ok(b.table.cuMemsetD32Async(pointer, 0xabcd_1234, size / 4, on));
    try b.ok(b.table.cuStreamSynchronize(on));
    var handle: types.IpcMemHandle = undefined;
    try b.ok(b.table.cuIpcGetMemHandle(&handle, pointer));
    try finish(b, try start("open", &handle.reserved));
    var back: [4]u32 = undefined;
    try b.read(u32, &back, pointer + size - 16, on);
    try b.require(std.mem.allEqual(u32, &back, 0x77), "what the other process wrote is not there");
}

fn openTask(b: *Bench, bytes: *const [64]u8) !void {
    const handle: types.IpcMemHandle = .{ .reserved = bytes.* };
    var pointer: types.Pointer = 0;
    try b.is(.invalid_value, b.table.cuIpcOpenMemHandle(&pointer, handle, 0));
    try b.ok(b.table.cuIpcOpenMemHandle(&pointer, handle, types.ipc_lazy_enable_peer_access));
    var again: types.Pointer = 0;
    try b.ok(b.table.cuIpcOpenMemHandle(&again, handle, types.ipc_lazy_enable_peer_access));
    try b.equal(pointer, again, "the second time");
    try b.ok(b.table.cuIpcCloseMemHandle(again));
    const on = try b.stream();
    var back: [4]u32 = undefined;
    for ([_]usize{ 0, size - 16 }) |offset| {
        try b.read(u32, &back, pointer + offset, on);
        try b.require(std.mem.allEqual(u32, &back, 0xabcd_1234), "other bytes than the exporter wrote");
    }
    try b.ok(b.table.cuMemsetD32Async(pointer + size - 16, 0x77, 4, on));
    try b.ok(b.table.cuStreamSynchronize(on));
    try b.ok(b.table.cuStreamDestroy(on));
    var other: types.IpcMemHandle = undefined;
    try b.oneOf(&.{ .invalid_value, .not_supported }, b.table.cuIpcGetMemHandle(&other, pointer));
    try b.ok(b.table.cuIpcCloseMemHandle(pointer));
    try b.is(.invalid_value, b.table.cuIpcCloseMemHandle(pointer));
}

fn events(b: *Bench) !void {
    if (try b.attribute(.ipc_event_supported) == 0) return b.skip("the device has no events for other processes");
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    const event = try b.event(types.EventFlags.interprocess | types.EventFlags.disable_timing);
    defer _ = b.table.cuEventDestroy(event);
    var handle: types.IpcEventHandle = undefined;
    try b.ok(b.table.cuIpcGetEventHandle(&handle, event));
    const child = try start("wait", &handle.reserved);
    try child.hear();
    if (b.control != null) try b.delayNext("cuEventRecord", 20_000);
    try b.ok(b.table.cuEventRecord(event, on));
    child.tell();
    try finish(b, child);
}

fn waitTask(b: *Bench, bytes: *const [64]u8) !void {
    var event: ?*types.Event = null;
    try b.ok(b.table.cuIpcOpenEventHandle(&event, .{ .reserved = bytes.* }));
    try b.ok(b.table.cuEventQuery(event));
    const on = try b.stream();
    children.tellParent();
    children.hearParent();
    if (b.control != null) try b.is(.not_ready, b.table.cuEventQuery(event));
    try b.ok(b.table.cuStreamWaitEvent(on, event, 0));
    try b.ok(b.table.cuStreamSynchronize(on));
    try b.ok(b.table.cuEventQuery(event));
    try b.ok(b.table.cuStreamDestroy(on));
    try b.ok(b.table.cuEventDestroy(event));
}

fn noHandle(b: *Bench) !void {
    const event = try b.event(types.EventFlags.disable_timing);
    defer _ = b.table.cuEventDestroy(event);
    var handle: types.IpcEventHandle = undefined;
    try b.oneOf(&.{ .invalid_handle, .invalid_value }, b.table.cuIpcGetEventHandle(&handle, event));
}

fn gone(b: *Bench) !void {
    var none: [64]u8 = @splat(0);
    const child = try start("export", &none);
    var handle: types.IpcMemHandle = undefined;
    const read = std.os.linux.read(child.from, &handle.reserved, 64);
    try b.equal(@as(usize, 64), read, "bytes of the handle");
    var pointer: types.Pointer = 0;
    try b.ok(b.table.cuIpcOpenMemHandle(&pointer, handle, types.ipc_lazy_enable_peer_access));
    child.kill();
    _ = child.wait();
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    var back: [4]u32 = undefined;
    try b.read(u32, &back, pointer, on);
    try b.require(std.mem.allEqual(u32, &back, 0x5a5a), "what was open is gone");
    try b.ok(b.table.cuIpcCloseMemHandle(pointer));
    try b.is(.map_failed, b.table.cuIpcOpenMemHandle(&pointer, handle, types.ipc_lazy_enable_peer_access));
}

fn exportTask(b: *Bench, _: *const [64]u8) !void {
    const pointer = try b.allocate(size);
    const on = try b.stream();
    try b.ok(b.table.cuMemsetD32Async(pointer, 0x5a5a, size / 4, on));
    try b.ok(b.table.cuStreamSynchronize(on));
    var handle: types.IpcMemHandle = undefined;
    try b.ok(b.table.cuIpcGetMemHandle(&handle, pointer));
    _ = std.os.linux.write(3, &handle.reserved, 64);
    // Until it is killed.
    children.hearParent();
}

fn freed(b: *Bench) !void {
    const pointer = try b.allocate(size);
    var handle: types.IpcMemHandle = undefined;
    try b.ok(b.table.cuIpcGetMemHandle(&handle, pointer));
    try b.ok(b.table.cuMemFree(pointer));
    try finish(b, try start("refused", &handle.reserved));
}

fn refusedTask(b: *Bench, bytes: *const [64]u8) !void {
    var pointer: types.Pointer = 0;
    try b.is(.map_failed, b.table.cuIpcOpenMemHandle(&pointer, .{ .reserved = bytes.* }, types.ipc_lazy_enable_peer_access));
}

fn start(task: [*:0]const u8, bytes: *const [64]u8) !Child {
    var text: [129]u8 = undefined;
    const digits = std.fmt.bytesToHex(bytes, .lower);
    @memcpy(text[0..128], &digits);
    text[128] = 0;
    return Child.start(&.{ "--child", task, text[0..128 :0].ptr });
}

fn finish(b: *Bench, child: Child) !void {
    const code = child.wait();
    if (code != 0) return b.fail("the other process ended with {d}", .{code});
}
