//! Primary contexts, and which one is current.
const abandon = @import("../abandon.zig");
const api = @import("../../../driver/cuda/api.zig");
const current = @import("../current.zig");
const devices = @import("../device.zig");
const failure = @import("../failure.zig");
const leaks = @import("../leaks.zig");
const system = @import("../system.zig");

const Context = api.types.Context;
const Device = api.types.Device;

pub fn cuDevicePrimaryCtxRetain(context: *?*Context, device: Device) failure.Failure!void {
    const one = try system.numbered(device);
    if (one.lost.load(.acquire)) return failure.fail(.device_unavailable);
    _ = one.retained.fetchAdd(1, .acq_rel);
    context.* = @ptrFromInt(one.context);
}

pub fn cuDevicePrimaryCtxRelease(device: Device) failure.Failure!void {
    const one = try system.numbered(device);
    var retained = one.retained.load(.monotonic);
    while (true) {
        if (retained == 0) return failure.fail(.invalid_context);
        retained = one.retained.cmpxchgWeak(retained, retained - 1, .acq_rel, .monotonic) orelse break;
    }
    if (retained > 1) return;
    const left = try abandon.all(one);
    // What cannot be given back is nobody's fault.
    if (!one.isBroken()) _ = leaks.abandoned.fetchAdd(left, .monotonic);
}

pub fn cuDevicePrimaryCtxSetFlags(device: Device, flags: c_uint) failure.Failure!void {
    const one = try system.numbered(device);
    if (flags & ~@as(c_uint, 0xff) != 0) return failure.fail(.invalid_value);
    one.flags.store(flags, .monotonic);
}

pub fn cuCtxSetCurrent(context: ?*Context) failure.Failure!void {
    if (context == null) return current.set(null);
    const one = system.ofContext(context) orelse return failure.fail(.invalid_context);
    if (one.retained.load(.acquire) == 0) return failure.fail(.invalid_context);
    current.set(one);
}

pub fn cuCtxGetCurrent(context: *?*Context) failure.Failure!void {
    context.* = if (current.get()) |one| @ptrFromInt(one.context) else null;
}

pub fn cuCtxGetStreamPriorityRange(least: ?*c_int, greatest: ?*c_int) failure.Failure!void {
    _ = try current.device();
    if (least) |number| number.* = devices.priority_least;
    if (greatest) |number| number.* = devices.priority_greatest;
}
