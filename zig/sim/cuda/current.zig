//! Which context is current to a thread. A thread begins with none.
const api = @import("../../driver/cuda/api.zig");
const failure = @import("failure.zig");
const interface = @import("interface.zig");
const Device = @import("device.zig").Device;

/// Devices are never freed.
threadlocal var current: ?*Device = null;

pub fn set(wanted: ?*Device) void {
    current = wanted;
}

pub fn get() ?*Device {
    return current;
}

/// The device whose context is current, if it can be used.
pub fn device() failure.Failure!*Device {
    const one = current orelse return failure.fail(.invalid_context);
    if (one.retained.load(.acquire) == 0) return failure.fail(.context_is_destroyed);
    try one.mustWork();
    return one;
}

/// As `device`, whatever state it is in: for what gives something back.
pub fn any() failure.Failure!*Device {
    const one = current orelse return failure.fail(.invalid_context);
    if (one.retained.load(.acquire) == 0) return failure.fail(.context_is_destroyed);
    return one;
}

pub fn ordinal() u32 {
    const one = current orelse return interface.any_device;
    return @intCast(one.ordinal);
}
