//! Memory of the device, and what addresses are.
const api = @import("../../../driver/cuda/api.zig");
const Block = @import("../block.zig").Block;
const current = @import("../current.zig");
const failure = @import("../failure.zig");
const memory = @import("../memory.zig");
const pools = @import("../pool.zig");
const ranges = @import("../ranges.zig");

const Attribute = api.types.PointerAttribute;
const Pointer = api.types.Pointer;

pub fn cuMemGetInfo(free: *usize, total: *usize) failure.Failure!void {
    const device = try current.device();
    total.* = @intCast(device.system.memory_bytes);
    free.* = @intCast(device.system.memory_bytes - device.used.load(.monotonic));
}

pub fn cuMemAlloc(pointer: *Pointer, size: usize) failure.Failure!void {
    pointer.* = try memory.allocate(try current.device(), size);
}

/// On a device in error too, which it then says.
pub fn cuMemFree(pointer: Pointer) failure.Failure!void {
    const device = try current.any();
    if (pointer != 0) try end(pointer);
    try device.mustWork();
}

fn end(pointer: Pointer) failure.Failure!void {
    if (ranges.find(pointer)) |block| {
        defer block.release();
        if (block.kind == .pooled) return pools.free(block, pointer);
    }
    return memory.free(pointer);
}

pub fn cuMemGetAddressRange(base: ?*Pointer, size: ?*usize, pointer: Pointer) failure.Failure!void {
    _ = try current.device();
    const block = ranges.find(pointer) orelse return failure.fail(.not_found);
    defer block.release();
    if (base) |into| into.* = block.address;
    if (size) |into| into.* = block.size;
}

pub fn cuPointerGetAttribute(data: *anyopaque, attribute: Attribute, pointer: Pointer) failure.Failure!void {
    _ = try current.device();
    const block = ranges.find(pointer) orelse return failure.fail(.invalid_value);
    defer block.release();
    switch (attribute) {
        .context => put(data, usize, block.device.context),
        .memory_type => put(data, c_uint, @intFromEnum(@as(api.types.MemoryType, if (block.isHost()) .host else .device))),
        .device_pointer => put(data, u64, pointer),
        .host_pointer => if (block.isHost()) put(data, u64, pointer) else return failure.fail(.invalid_value),
        .buffer_id => put(data, u64, block.id),
        .device_ordinal => put(data, c_int, block.device.ordinal),
        .is_legacy_cuda_ipc_capable => put(data, c_int, @intFromBool(block.kind == .plain)),
        .range_start_addr => put(data, u64, block.address),
        .range_size => put(data, usize, block.size),
        .mapped => put(data, c_int, 1),
        .mempool_handle => put(data, usize, if (block.pool) |pool| pool.handle else 0),
        _ => return failure.fail(.invalid_value),
    }
}

fn put(data: *anyopaque, comptime T: type, value: T) void {
    @as(*align(1) T, @ptrCast(data)).* = value;
}
