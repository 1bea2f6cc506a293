//! Devices and their attributes.
const api = @import("../../../driver/cuda/api.zig");
const failure = @import("../failure.zig");
const system = @import("../system.zig");

const Device = api.types.Device;

pub fn cuDeviceGetCount(count: *c_int) failure.Failure!void {
    const present = try system.present();
    count.* = @intCast(present.devices);
}

pub fn cuDeviceGet(device: *Device, ordinal: c_int) failure.Failure!void {
    device.* = (try system.at(ordinal)).number;
}

pub fn cuDeviceGetName(name: [*]u8, size: c_int, device: Device) failure.Failure!void {
    const one = try system.numbered(device);
    if (size <= 0) return failure.fail(.invalid_value);
    var memory: [128]u8 = undefined;
    const text = one.name(&memory);
    const length = @min(text.len, @as(usize, @intCast(size)) - 1);
    @memcpy(name[0..length], text[0..length]);
    name[length] = 0;
}

pub fn cuDeviceGetUuid(uuid: *api.types.Uuid, device: Device) failure.Failure!void {
    uuid.bytes = (try system.numbered(device)).uuid();
}

pub fn cuDeviceTotalMem(bytes: *usize, device: Device) failure.Failure!void {
    bytes.* = @intCast((try system.numbered(device)).system.memory_bytes);
}

pub fn cuDeviceGetAttribute(value: *c_int, attribute: api.types.Attribute, device: Device) failure.Failure!void {
    const one = try system.numbered(device);
    value.* = one.attribute(attribute) orelse return failure.fail(.invalid_value);
}
