const std = @import("std");
const api = @import("../api.zig");
const Bench = @import("bench.zig").Bench;
const Row = @import("bench.zig").Row;

const types = api.types;

pub const rows = [_]Row{
    .{ .name = "devices are numbered from 0, and there are no others", .calls = &.{ "cuDeviceGetCount", "cuDeviceGet" }, .run = count },
    .{ .name = "a device has a name, cut to the space that there is, an identity and memory", .calls = &.{ "cuDeviceGetName", "cuDeviceGetUuid", "cuDeviceTotalMem" }, .run = facts },
    .{ .name = "attributes are numbers, and one that is none is an invalid value", .calls = &.{"cuDeviceGetAttribute"}, .run = attributes },
    .{ .name = "without a current context calls fail, and each thread has its own", .calls = &.{ "cuCtxSetCurrent", "cuCtxGetCurrent", "cuMemAlloc" }, .run = current },
    .{ .name = "a device has one primary context, which is retained and released", .calls = &.{ "cuDevicePrimaryCtxRetain", "cuDevicePrimaryCtxRelease" }, .run = primary },
    .{ .name = "flags of the context are checked", .calls = &.{"cuDevicePrimaryCtxSetFlags"}, .run = flags },
    .{ .name = "the greatest priority is the lowest number", .calls = &.{"cuCtxGetStreamPriorityRange"}, .run = priorities },
};

fn count(b: *Bench) !void {
    var number: c_int = 0;
    try b.ok(b.table.cuDeviceGetCount(&number));
    try b.require(number >= 1, "there is no device");
    var device: types.Device = 0;
    try b.ok(b.table.cuDeviceGet(&device, number - 1));
    try b.is(.invalid_device, b.table.cuDeviceGet(&device, number));
    try b.is(.invalid_device, b.table.cuDeviceGet(&device, -1));
}

fn facts(b: *Bench) !void {
    var name: [64]u8 = @splat(0xff);
    try b.ok(b.table.cuDeviceGetName(&name, name.len, b.device));
    const length = std.mem.findScalar(u8, &name, 0) orelse return b.fail("the name has no end", .{});
    try b.require(length > 3, "the name is short");
    var short: [4]u8 = @splat(0xff);
    try b.ok(b.table.cuDeviceGetName(&short, short.len, b.device));
    try b.require(short[3] == 0 and std.mem.eql(u8, short[0..3], name[0..3]), "the name is not cut to the space");
    var uuid: types.Uuid = .{ .bytes = @splat(0) };
    try b.ok(b.table.cuDeviceGetUuid(&uuid, b.device));
    try b.require(!std.mem.allEqual(u8, &uuid.bytes, 0), "the identity is all zero");
    var bytes: usize = 0;
    try b.ok(b.table.cuDeviceTotalMem(&bytes, b.device));
    try b.require(bytes >= 1 << 20, "the device has hardly any memory");
}

fn attributes(b: *Bench) !void {
    try b.equal(@as(c_int, 32), try b.attribute(.warp_size), "warp size");
    try b.require(try b.attribute(.compute_capability_major) >= 5, "compute capability");
    try b.require(try b.attribute(.max_threads_per_block) >= 1024, "threads of a block");
    try b.equal(@as(c_int, 1), try b.attribute(.unified_addressing), "unified addressing");
    // Flags are 0 or 1.
    for ([_]types.Attribute{ .read_only_host_register_supported, .memory_pools_supported, .ipc_event_supported, .stream_priorities_supported, .host_register_supported }) |one| {
        const value = try b.attribute(one);
        try b.require(value == 0 or value == 1, "a flag that is neither 0 nor 1");
    }
    var value: c_int = 0;
    try b.is(.invalid_value, b.table.cuDeviceGetAttribute(&value, @enumFromInt(0), b.device));
    try b.is(.invalid_value, b.table.cuDeviceGetAttribute(&value, @enumFromInt(99_999), b.device));
}

fn current(b: *Bench) !void {
    var found: ?*types.Context = null;
    try b.ok(b.table.cuCtxGetCurrent(&found));
    try b.require(found == b.context, "another context is current");
    try b.ok(b.table.cuCtxSetCurrent(null));
    defer _ = b.table.cuCtxSetCurrent(b.context);
    try b.ok(b.table.cuCtxGetCurrent(&found));
    try b.require(found == null, "a context is current");
    var pointer: types.Pointer = 0;
    try b.is(.invalid_context, b.table.cuMemAlloc(&pointer, 64));
    try b.ok(b.table.cuCtxSetCurrent(b.context));
    const Other = struct {
        fn run(bench: *Bench, result: *api.Result) void {
            var size: usize = 0;
            result.* = bench.table.cuMemGetInfo(&size, &size);
        }
    };
    var result: api.Result = .success;
    const thread = try std.Thread.spawn(.{}, Other.run, .{ b, &result });
    thread.join();
    try b.is(.invalid_context, result);
}

fn primary(b: *Bench) !void {
    var again: ?*types.Context = null;
    try b.ok(b.table.cuDevicePrimaryCtxRetain(&again, b.device));
    try b.require(again == b.context, "the second time it is another context");
    try b.ok(b.table.cuDevicePrimaryCtxRelease(b.device));
    // It is still there: `b` has it too.
    const pointer = try b.allocate(64);
    try b.ok(b.table.cuMemFree(pointer));
    try b.is(.invalid_device, b.table.cuDevicePrimaryCtxRetain(&again, 99_999));
}

fn flags(b: *Bench) !void {
    try b.is(.invalid_value, b.table.cuDevicePrimaryCtxSetFlags(b.device, 0x8000));
    // Since 11.0 they may change while the context is there.
    try b.ok(b.table.cuDevicePrimaryCtxSetFlags(b.device, types.ContextFlags.blocking_sync));
}

fn priorities(b: *Bench) !void {
    var least: c_int = 1;
    var greatest: c_int = 1;
    try b.ok(b.table.cuCtxGetStreamPriorityRange(&least, &greatest));
    try b.require(greatest <= least and least <= 0, "the range");
    try b.ok(b.table.cuCtxGetStreamPriorityRange(null, null));
}
