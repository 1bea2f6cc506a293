//! The end of a context: what is open of it goes.
const Device = @import("device.zig").Device;
const events = @import("event.zig");
const failure = @import("failure.zig");
const memory = @import("memory.zig");
const modules = @import("module.zig");
const pools = @import("pool.zig");
const streams = @import("stream.zig");

/// Says how much there was. Streams first: what they were given is done, and then nobody uses the rest.
pub fn all(device: *Device) failure.Failure!u64 {
    try streams.drainAll(device);
    return streams.abandon(device) + events.abandon(device) + modules.abandon(device) + memory.abandon(device) + pools.abandon(device);
}
