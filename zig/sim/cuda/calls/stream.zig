//! Streams.
const api = @import("../../../driver/cuda/api.zig");
const current = @import("../current.zig");
const devices = @import("../device.zig");
const events = @import("../event.zig");
const failure = @import("../failure.zig");
const pools = @import("../pool.zig");
const streams = @import("../stream.zig");

const Event = api.types.Event;
const Stream = api.types.Stream;
const Flags = api.types.StreamFlags;

/// Priorities beyond the range are the nearest ones. Here they change nothing: threads are the system's to schedule.
pub fn cuStreamCreateWithPriority(stream: *?*Stream, flags: c_uint, _: c_int) failure.Failure!void {
    const device = try current.device();
    if (flags & ~Flags.non_blocking != 0) return failure.fail(.invalid_value);
    const made = try streams.Stream.create(device, flags & Flags.non_blocking == 0);
    streams.open.add(made.handle, made) catch |err| {
        made.close();
        return err;
    };
    stream.* = @ptrFromInt(made.handle);
}

pub fn cuStreamDestroy(stream: ?*Stream) failure.Failure!void {
    _ = try current.any();
    const taken = streams.open.take(stream) orelse return failure.fail(.invalid_handle);
    taken.close();
}

pub fn cuStreamSynchronize(stream: ?*Stream) failure.Failure!void {
    const device = try current.device();
    const target = try streams.of(device, stream);
    defer target.release();
    target.drain();
    pools.trimAll(device);
    try device.account();
}

pub fn cuStreamQuery(stream: ?*Stream) failure.Failure!void {
    const device = try current.device();
    const target = try streams.of(device, stream);
    defer target.release();
    const reached = target.isReached(target.lastTicket());
    try device.mustWork();
    if (!reached) return failure.fail(.not_ready);
    try device.account();
}

pub fn cuStreamWaitEvent(stream: ?*Stream, event: ?*Event, flags: c_uint) failure.Failure!void {
    const device = try current.device();
    if (flags & ~@as(c_uint, 1) != 0) return failure.fail(.invalid_value);
    const target = try streams.of(device, stream);
    defer target.release();
    const awaited = try events.of(event);
    defer awaited.release();
    try awaited.waitedForBy(target);
}
