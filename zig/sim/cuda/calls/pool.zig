//! Stream-ordered pools.
const api = @import("../../../driver/cuda/api.zig");
const current = @import("../current.zig");
const Device = @import("../device.zig").Device;
const failure = @import("../failure.zig");
const interface = @import("../interface.zig");
const pools = @import("../pool.zig");
const streams = @import("../stream.zig");
const system = @import("../system.zig");

const MemPool = api.types.MemPool;
const Pointer = api.types.Pointer;
const Stream = api.types.Stream;

fn mustHavePools(device: *const Device) failure.Failure!void {
    if (!device.hasFeature(interface.Feature.memory_pools)) return failure.fail(.not_supported);
}

pub fn cuMemAllocAsync(pointer: *Pointer, size: usize, stream: ?*Stream) failure.Failure!void {
    const device = try current.device();
    try mustHavePools(device);
    const target = try streams.of(device, stream);
    defer target.release();
    pointer.* = try (try pools.defaultOf(device)).allocate(size, target);
}

pub fn cuMemAllocFromPoolAsync(pointer: *Pointer, size: usize, pool: ?*MemPool, stream: ?*Stream) failure.Failure!void {
    const device = try current.device();
    const from = try pools.of(pool);
    defer from.release();
    const target = try streams.of(device, stream);
    defer target.release();
    if (from.device != device) return failure.fail(.invalid_value);
    pointer.* = try from.allocate(size, target);
}

pub fn cuMemFreeAsync(pointer: Pointer, stream: ?*Stream) failure.Failure!void {
    const device = try current.any();
    const target = try streams.of(device, stream);
    defer target.release();
    if (pointer != 0) try pools.freeAsync(pointer, target);
    try device.mustWork();
}

pub fn cuDeviceGetDefaultMemPool(pool: *?*MemPool, device: api.types.Device) failure.Failure!void {
    const one = try system.numbered(device);
    try mustHavePools(one);
    pool.* = @ptrFromInt((try pools.defaultOf(one)).handle);
}

pub fn cuMemPoolCreate(pool: *?*MemPool, props: *const api.types.MemPoolProps) failure.Failure!void {
    if (props.alloc_type != .pinned or props.location.type != .device) return failure.fail(.invalid_value);
    if (props.handle_types != .none) return failure.say(.not_supported, "pools that can be exported are not simulated", .{});
    const device = try system.numbered(props.location.id);
    try mustHavePools(device);
    const made = try pools.Pool.create(device, props.max_size);
    errdefer made.close();
    try pools.open.add(made.handle, made);
    pool.* = @ptrFromInt(made.handle);
}

pub fn cuMemPoolDestroy(pool: ?*MemPool) failure.Failure!void {
    const taken = pools.open.take(pool) orelse return failure.fail(.invalid_value);
    taken.close();
}

pub fn cuMemPoolSetAttribute(pool: ?*MemPool, attribute: api.types.MemPoolAttribute, value: *anyopaque) failure.Failure!void {
    const one = try pools.of(pool);
    defer one.release();
    try one.setAttribute(attribute, value);
}

pub fn cuMemPoolGetAttribute(pool: ?*MemPool, attribute: api.types.MemPoolAttribute, value: *anyopaque) failure.Failure!void {
    const one = try pools.of(pool);
    defer one.release();
    try one.attribute(attribute, value);
}

pub fn cuMemPoolTrimTo(pool: ?*MemPool, keep: usize) failure.Failure!void {
    const one = try pools.of(pool);
    defer one.release();
    one.trimTo(keep);
}
