//! A device of the fake driver, as JavaScript would have it: through the calls, with handles.
const std = @import("std");
const threads = @import("../abi/thread.zig");
const job = @import("../abi/job.zig");
const handle = @import("../abi/handle.zig");
const asking = @import("../calls/cuda_asking.zig");
const streams = @import("../calls/cuda_stream.zig");
const events = @import("../calls/cuda_event.zig");
const memories = @import("../calls/cuda_memory.zig");
const hosts = @import("../calls/cuda_host.zig");
const devices = @import("device.zig");
const fake = @import("fake_driver.zig");
const Handle = handle.Handle;

pub const Scene = struct {
    t: *threads.Thread,
    device: *devices.Device,
    gpu: Handle,

    pub fn create() !Scene {
        fake.reset();
        return open();
    }

    /// With what the fake driver was told before.
    pub fn open() !Scene {
        const t = try threads.attach();
        const device = try devices.Device.openTable(&fake.table, 0, 0);
        const slot = try asking.give(t, .cuda_device, device.retain(), devices.Device.drop);
        return .{ .t = t, .device = device, .gpu = of(t, slot) };
    }

    /// Closes what the thread has open, and waits until the device is gone.
    pub fn destroy(self: *Scene) !void {
        self.device.release();
        handle.closeOwnedBy(self.t.id);
        _ = self.t.takeCompletions();
        fake.hold(false);
        try std.testing.expect(devices.settle(5 * std.time.ns_per_s));
        threads.detach(self.t);
    }

    /// What the call that began a job made.
    pub fn made(self: *Scene, slot: i32) !Handle {
        return of(self.t, try self.finished(slot));
    }

    pub fn finished(self: *Scene, slot: i32) !i32 {
        return self.finish(of(self.t, slot));
    }

    pub fn finish(self: *Scene, begun: Handle) !i32 {
        while (!try job.wait(self.t, begun.slot, begun.generation, std.time.ns_per_s)) {}
        _ = self.t.takeCompletions();
        return job.finish(self.t, begun.slot, begun.generation);
    }

    pub fn stream(self: *Scene) !Handle {
        return self.made(try streams.create(self.t, self.gpu.slot, self.gpu.generation, 0, 1));
    }

    pub fn event(self: *Scene) !Handle {
        return self.made(try events.create(self.t, self.gpu.slot, self.gpu.generation, 1, 0));
    }

    pub fn memory(self: *Scene, size: f64) !Handle {
        return self.made(try memories.allocate(self.t, self.gpu.slot, self.gpu.generation, size, 0, 0));
    }

    pub fn pooled(self: *Scene, size: f64, on: Handle) !Handle {
        return self.made(try memories.allocate(self.t, self.gpu.slot, self.gpu.generation, size, on.slot, on.generation));
    }

    pub fn pinned(self: *Scene, size: f64) !Handle {
        return self.made(try hosts.allocate(self.t, self.gpu.slot, self.gpu.generation, size));
    }

    pub const At = struct { Handle, u32 };

    pub fn copy(self: *Scene, on: Handle, to: At, from: At, size: u32) !f64 {
        const values = [_]u32{ to[0].slot, to[0].generation, to[1], from[0].slot, from[0].generation, from[1], size };
        for (values, self.t.block.values[0..values.len]) |value, *place| place.* = @floatFromInt(value);
        _ = try streams.copy(self.t, on.slot, on.generation);
        return self.t.block.results[0];
    }

    pub fn fill(self: *Scene, on: Handle, memory_: Handle, pattern: u32, count: u32) !f64 {
        for ([_]u32{ 0, 4, pattern, count }, self.t.block.values[0..4]) |value, *place| place.* = @floatFromInt(value);
        _ = try streams.fill(self.t, on.slot, on.generation, memory_.slot, memory_.generation);
        return self.t.block.results[0];
    }

    pub fn wait(self: *Scene, on: Handle, ticket: f64) !void {
        while (try streams.wait(self.t, on.slot, on.generation, ticket, 100, 0) == 0) {}
    }

    pub fn waitEvent(self: *Scene, on: Handle) !void {
        _ = try events.progress(self.t, on.slot, on.generation);
        const turn = self.t.block.results[0];
        while (try events.wait(self.t, on.slot, on.generation, turn, 100) == 0) {}
    }

    pub fn elapsed(self: *Scene, end: Handle, start: Handle) !f64 {
        _ = try self.finished(try events.elapsed(self.t, end.slot, end.generation, start.slot, start.generation));
        return self.t.block.results[0];
    }

    pub fn synchronize(self: *Scene, on: Handle) !void {
        _ = try streams.progress(self.t, on.slot, on.generation);
        try self.wait(on, self.t.block.results[0]);
    }
};

pub fn of(t: *threads.Thread, slot: i32) Handle {
    return .{ .slot = @intCast(slot), .generation = @intFromFloat(t.block.results[0]) };
}
