//! A model's input or output as a stream of an executable, for one of the executable's replicas: element n has this replica's
//! rows of batch n. Keeps the model, whose memory it uses, for as long as a session is connected to it.
const std = @import("std");
const DeviceEngine = @import("device_engine.zig").DeviceEngine;
const Stream = @import("../session/stream.zig").Stream;

const allocator = std.heap.smp_allocator;

pub const BatchStream = struct {
    stream: Stream,
    engine: *DeviceEngine,
    port: usize,
    replica: u32,
    /// Elements that the device was given, or gave.
    handed: u64 = 0,
    /// Of those, how many it is done with.
    consumed: u64 = 0,

    pub fn create(engine: *DeviceEngine, port: usize, replica: u32, to_device: bool) !*BatchStream {
        const self = try allocator.create(BatchStream);
        self.* = .{ .stream = .{ .calls = if (to_device) &input_calls else &output_calls }, .engine = engine, .port = port, .replica = replica };
        engine.model.retain();
        return self;
    }
};

const input_calls: Stream.Calls = .{ .prefetch = &prefetch, .fetch = &fetch, .complete = &complete, .invalidate = &invalidate, .interrupt = &interrupt, .proceed = &proceed, .destroy = &destroy };
const output_calls: Stream.Calls = .{ .fetch = &take, .complete = &complete, .invalidate = &invalidate, .interrupt = &interrupt, .proceed = &proceed, .destroy = &destroy };

fn of(stream: *Stream) *BatchStream {
    return @fieldParentPtr("stream", stream);
}

/// Waits for rows, as `fetch` does: a device that looks ahead takes batches in order, and the one that it needs now comes after.
fn prefetch(stream: *Stream, buffer: []u8) bool {
    const self = of(stream);
    const flight = self.engine.flightOf(self.handed) orelse return false;
    self.engine.gather(&flight.plan, self.port, self.replica, buffer);
    self.handed += 1;
    return true;
}

fn fetch(stream: *Stream, buffer: []u8) void {
    // Interrupted: the run ends, whatever the device reads.
    if (!prefetch(stream, buffer)) @memset(buffer, 0);
}

fn take(stream: *Stream, buffer: []u8) void {
    const self = of(stream);
    const flight = self.engine.flightOf(self.handed) orelse return;
    self.engine.scatter(&flight.plan, self.port, self.replica, buffer);
    self.handed += 1;
    self.engine.took(flight);
}

fn complete(stream: *Stream) void {
    of(stream).consumed += 1;
}

fn invalidate(stream: *Stream) void {
    const self = of(stream);
    // An output that was taken is answered already.
    if (stream.calls == &input_calls) self.handed = @min(self.handed, self.consumed);
}

fn interrupt(stream: *Stream) void {
    of(stream).engine.interrupt();
}

fn proceed(stream: *Stream) void {
    of(stream).engine.proceed();
}

fn destroy(stream: *Stream) void {
    const self = of(stream);
    const model = self.engine.model;
    allocator.destroy(self);
    model.release();
}
