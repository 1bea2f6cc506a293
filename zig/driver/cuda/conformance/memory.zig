const std = @import("std");
const linux = std.os.linux;
const api = @import("../api.zig");
const Bench = @import("bench.zig").Bench;
const Row = @import("bench.zig").Row;

const types = api.types;

pub const rows = [_]Row{
    .{ .name = "memory is allocated, aligned to 256 bytes, and counted while it lives", .calls = &.{ "cuMemAlloc", "cuMemFree", "cuMemGetInfo" }, .run = allocation },
    .{ .name = "nothing, and more than there is, cannot be allocated", .calls = &.{"cuMemAlloc"}, .run = sizes },
    .{ .name = "only what cuMemAlloc gave is freed, once; 0 is nothing", .calls = &.{"cuMemFree"}, .run = frees },
    .{ .name = "an address tells its allocation", .calls = &.{"cuMemGetAddressRange"}, .run = ranges },
    .{ .name = "an address tells what memory it is", .calls = &.{"cuPointerGetAttribute"}, .run = attributes },
    .{ .name = "page-locked memory is the host's and the device's", .calls = &.{ "cuMemHostAlloc", "cuMemFreeHost", "cuMemHostGetDevicePointer", "cuPointerGetAttribute" }, .run = pinned },
    .{ .name = "memory is registered once, in no part twice, and given back where it began", .calls = &.{ "cuMemHostRegister", "cuMemHostUnregister", "cuMemHostGetDevicePointer" }, .run = registration },
    .{ .name = "memory that cannot be written is registered as read-only, or not at all", .calls = &.{"cuMemHostRegister"}, .run = readOnly },
};

fn allocation(b: *Bench) !void {
    var free_before: usize = 0;
    var total: usize = 0;
    try b.ok(b.table.cuMemGetInfo(&free_before, &total));
    try b.require(free_before > 0 and free_before <= total, "free and total memory");
    const size = 64 << 20;
    const pointer = try b.allocate(size);
    try b.equal(@as(u64, 0), pointer % 256, "alignment");
    var free_after: usize = 0;
    try b.ok(b.table.cuMemGetInfo(&free_after, &total));
    try b.require(free_before - free_after >= size, "the memory is not counted");
    try b.ok(b.table.cuMemFree(pointer));
}

fn sizes(b: *Bench) !void {
    var pointer: types.Pointer = 0;
    try b.is(.invalid_value, b.table.cuMemAlloc(&pointer, 0));
    try b.is(.out_of_memory, b.table.cuMemAlloc(&pointer, 1 << 46));
}

fn frees(b: *Bench) !void {
    try b.ok(b.table.cuMemFree(0));
    const pointer = try b.allocate(4096);
    try b.is(.invalid_value, b.table.cuMemFree(pointer + 256));
    try b.ok(b.table.cuMemFree(pointer));
    try b.is(.invalid_value, b.table.cuMemFree(pointer));
}

fn ranges(b: *Bench) !void {
    const pointer = try b.allocate(4096);
    var base: types.Pointer = 0;
    var size: usize = 0;
    try b.ok(b.table.cuMemGetAddressRange(&base, &size, pointer + 100));
    try b.equal(pointer, base, "base");
    try b.equal(@as(usize, 4096), size, "size");
    try b.ok(b.table.cuMemGetAddressRange(null, null, pointer));
    try b.ok(b.table.cuMemFree(pointer));
    try b.oneOf(&.{ .not_found, .invalid_value }, b.table.cuMemGetAddressRange(&base, &size, pointer));
}

fn attributes(b: *Bench) !void {
    const pointer = try b.allocate(4096);
    defer _ = b.table.cuMemFree(pointer);
    var kind: c_uint = 0;
    try b.ok(b.table.cuPointerGetAttribute(&kind, .memory_type, pointer));
    try b.equal(@intFromEnum(types.MemoryType.device), kind, "memory type");
    var capable: c_int = 0;
    try b.ok(b.table.cuPointerGetAttribute(&capable, .is_legacy_cuda_ipc_capable, pointer));
    try b.equal(@as(c_int, 1), capable, "whether it can be exported");
    var ordinal: c_int = -1;
    try b.ok(b.table.cuPointerGetAttribute(&ordinal, .device_ordinal, pointer));
    try b.equal(@as(c_int, 0), ordinal, "ordinal");
    var context: ?*types.Context = null;
    try b.ok(b.table.cuPointerGetAttribute(@ptrCast(&context), .context, pointer));
    try b.require(context == b.context, "another context");
    var id: u64 = 0;
    try b.ok(b.table.cuPointerGetAttribute(&id, .buffer_id, pointer));
    const other = try b.allocate(4096);
    defer _ = b.table.cuMemFree(other);
    var other_id: u64 = 0;
    try b.ok(b.table.cuPointerGetAttribute(&other_id, .buffer_id, other));
    try b.require(id != other_id, "two allocations have one id");
    var nothing: u64 = 0;
    try b.is(.invalid_value, b.table.cuPointerGetAttribute(&kind, .memory_type, @intFromPtr(&nothing)));
}

fn pinned(b: *Bench) !void {
    const bytes = try b.pinned(8192);
    @memset(bytes, 7);
    var pointer: types.Pointer = 0;
    try b.ok(b.table.cuMemHostGetDevicePointer(&pointer, bytes.ptr, 0));
    try b.equal(@as(u64, @intFromPtr(bytes.ptr)), pointer, "with unified addressing the same address");
    var kind: c_uint = 0;
    try b.ok(b.table.cuPointerGetAttribute(&kind, .memory_type, @intFromPtr(bytes.ptr)));
    try b.equal(@intFromEnum(types.MemoryType.host), kind, "memory type");
    try b.is(.invalid_value, b.table.cuMemHostGetDevicePointer(&pointer, bytes.ptr, 1));
    try b.ok(b.table.cuMemFreeHost(bytes.ptr));
    var empty: ?*anyopaque = null;
    try b.is(.invalid_value, b.table.cuMemHostAlloc(&empty, 4096, 0x100));
    var ordinary: [64]u8 = @splat(0);
    try b.is(.invalid_value, b.table.cuMemFreeHost(&ordinary));
}

fn pages(size: usize) ![]align(4096) u8 {
    const result = linux.mmap(null, size, .{ .READ = true, .WRITE = true }, .{ .TYPE = .PRIVATE, .ANONYMOUS = true }, -1, 0);
    if (linux.errno(result) != .SUCCESS) return error.OutOfMemory;
    return @as([*]align(4096) u8, @ptrFromInt(result))[0..size];
}

fn registration(b: *Bench) !void {
    const bytes = try pages(4 * 4096);
    defer _ = linux.munmap(bytes.ptr, bytes.len);
    @memset(bytes, 1);
    try b.is(.invalid_value, b.table.cuMemHostRegister(bytes.ptr, 0, 0));
    try b.is(.host_memory_not_registered, b.table.cuMemHostUnregister(bytes.ptr));
    try b.ok(b.table.cuMemHostRegister(bytes.ptr + 4096, 2 * 4096, types.HostRegisterFlags.device_map));
    try b.is(.host_memory_already_registered, b.table.cuMemHostRegister(bytes.ptr + 4096, 2 * 4096, 0));
    try b.is(.host_memory_already_registered, b.table.cuMemHostRegister(bytes.ptr + 2 * 4096, 2 * 4096, 0));
    var pointer: types.Pointer = 0;
    try b.ok(b.table.cuMemHostGetDevicePointer(&pointer, bytes.ptr + 4096, 0));
    try b.ok(b.table.cuMemHostUnregister(bytes.ptr + 4096));
    try b.is(.host_memory_not_registered, b.table.cuMemHostUnregister(bytes.ptr + 4096));
}

fn readOnly(b: *Bench) !void {
    const bytes = try pages(4096);
    defer _ = linux.munmap(bytes.ptr, bytes.len);
    @memset(bytes, 1);
    if (linux.errno(linux.mprotect(bytes.ptr, bytes.len, .{ .READ = true })) != .SUCCESS) return b.skip("mprotect failed");
    try b.oneOf(&.{ .invalid_value, .operating_system, .not_permitted, .unknown }, b.table.cuMemHostRegister(bytes.ptr, bytes.len, 0));
    if (try b.attribute(.read_only_host_register_supported) == 0) {
        return b.is(.not_supported, b.table.cuMemHostRegister(bytes.ptr, bytes.len, types.HostRegisterFlags.read_only));
    }
    try b.ok(b.table.cuMemHostRegister(bytes.ptr, bytes.len, types.HostRegisterFlags.read_only));
    const pointer = try b.allocate(bytes.len);
    defer _ = b.table.cuMemFree(pointer);
    const on = try b.stream();
    defer _ = b.table.cuStreamDestroy(on);
    try b.ok(b.table.cuMemcpyHtoDAsync(pointer, bytes.ptr, bytes.len, on));
    var back: [16]u8 = @splat(0);
    try b.read(u8, &back, pointer + 100, on);
    try b.require(std.mem.allEqual(u8, &back, 1), "other bytes arrive");
    try b.ok(b.table.cuMemHostUnregister(bytes.ptr));
}
