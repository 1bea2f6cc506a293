//! Events.
const api = @import("../../../driver/cuda/api.zig");
const current = @import("../current.zig");
const events = @import("../event.zig");
const failure = @import("../failure.zig");
const interface = @import("../interface.zig");
const pools = @import("../pool.zig");
const streams = @import("../stream.zig");

const Event = api.types.Event;
const Flags = api.types.EventFlags;
const Stream = api.types.Stream;

pub fn cuEventCreate(event: *?*Event, flags: c_uint) failure.Failure!void {
    const device = try current.device();
    if (flags & ~@as(c_uint, 7) != 0) return failure.fail(.invalid_value);
    const timed = flags & Flags.disable_timing == 0;
    const interprocess = flags & Flags.interprocess != 0;
    if (interprocess and timed) return failure.fail(.invalid_value);
    if (interprocess and !device.hasFeature(interface.Feature.ipc)) return failure.fail(.not_supported);
    const made = try events.Event.create(device, timed);
    errdefer made.release();
    if (interprocess) made.shared = try (try device.memory()).directory.addEvent();
    try events.open.add(made.handle, made);
    event.* = @ptrFromInt(made.handle);
}

pub fn cuEventDestroy(event: ?*Event) failure.Failure!void {
    _ = try current.any();
    const taken = events.open.take(event) orelse return failure.fail(.invalid_handle);
    taken.release();
}

pub fn cuEventRecord(event: ?*Event, stream: ?*Stream) failure.Failure!void {
    const device = try current.device();
    const recorded = try events.of(event);
    defer recorded.release();
    const target = try streams.of(device, stream);
    defer target.release();
    if (recorded.device != device) return failure.fail(.invalid_handle);
    try recorded.record(target);
}

pub fn cuEventQuery(event: ?*Event) failure.Failure!void {
    const device = try current.device();
    const asked = try events.of(event);
    defer asked.release();
    const reached = asked.isReached();
    try device.mustWork();
    if (!reached) return failure.fail(.not_ready);
    try device.account();
}

pub fn cuEventSynchronize(event: ?*Event) failure.Failure!void {
    const device = try current.device();
    const awaited = try events.of(event);
    defer awaited.release();
    awaited.synchronize();
    pools.trimAll(device);
    try device.account();
}

/// Both must have been recorded with timing, and reached.
pub fn cuEventElapsedTime(milliseconds: *f32, start: ?*Event, end: ?*Event) failure.Failure!void {
    const device = try current.device();
    const first = try events.of(start);
    defer first.release();
    const second = try events.of(end);
    defer second.release();
    if (!first.timed or !second.timed) return failure.fail(.invalid_handle);
    const from = first.point() orelse return failure.fail(.invalid_handle);
    defer from.release();
    const to = second.point() orelse return failure.fail(.invalid_handle);
    defer to.release();
    const reached = from.isReached() and to.isReached();
    try device.mustWork();
    if (!reached) return failure.fail(.not_ready);
    const nanoseconds: f64 = @floatFromInt(@as(i128, to.at_ns) - from.at_ns);
    milliseconds.* = @floatCast(nanoseconds / 1e6);
}
