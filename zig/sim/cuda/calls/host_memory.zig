//! Page-locked memory of the host. It is given back on a device in error too, which the call then says.
const api = @import("../../../driver/cuda/api.zig");
const current = @import("../current.zig");
const failure = @import("../failure.zig");
const host = @import("../host_memory.zig");
const ranges = @import("../ranges.zig");

pub fn cuMemHostAlloc(pointer: *?*anyopaque, size: usize, flags: c_uint) failure.Failure!void {
    pointer.* = try host.allocate(try current.device(), size, flags);
}

pub fn cuMemFreeHost(pointer: ?*anyopaque) failure.Failure!void {
    const device = try current.any();
    if (pointer != null) try host.giveBack(device, @intFromPtr(pointer), .host, .invalid_value);
    try device.mustWork();
}

pub fn cuMemHostRegister(pointer: ?*anyopaque, size: usize, flags: c_uint) failure.Failure!void {
    try host.register(try current.device(), @intFromPtr(pointer), size, flags);
}

pub fn cuMemHostUnregister(pointer: ?*anyopaque) failure.Failure!void {
    const device = try current.any();
    try host.giveBack(device, @intFromPtr(pointer), .registered, .host_memory_not_registered);
    try device.mustWork();
}

pub fn cuMemHostGetDevicePointer(device: *api.types.Pointer, pointer: ?*anyopaque, flags: c_uint) failure.Failure!void {
    _ = try current.device();
    if (flags != 0) return failure.fail(.invalid_value);
    const block = ranges.find(@intFromPtr(pointer)) orelse return failure.fail(.invalid_value);
    defer block.release();
    if (!block.isHost()) return failure.fail(.invalid_value);
    device.* = @intFromPtr(pointer);
}
