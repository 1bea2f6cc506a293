//! Events of devices.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const job = @import("../abi/job.zig");
const block = @import("../abi/block.zig");
const report = @import("../abi/report.zig");
const api = @import("../driver/cuda/api.zig");
const asking = @import("cuda_asking.zig");
const Device = @import("../cuda/device.zig").Device;
const Event = @import("../cuda/event.zig").Event;

const wait_ms_max = 100;

/// A job that makes a cuda_event on a cuda_device.
pub fn create(t: *Thread, slot: u32, generation: u32, timing: u32, interprocess: u32) !i32 {
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    if (timing != 0 and interprocess != 0) return report.fail(error.invalid_argument, "events for other processes take no time.", .{});
    const flags = api.types.EventFlags;
    const untimed = if (timing != 0) flags.default else flags.disable_timing;
    return asking.ask(t, pinned.ptr, Create{ .flags = untimed | if (interprocess != 0) flags.interprocess else 0 });
}

const Create = struct {
    flags: c_uint = 0,
    shared: ?api.types.IpcEventHandle = null,
    event: ?*Event = null,

    pub fn run(self: *Create, device: *Device) !void {
        self.event = if (self.shared) |shared| try .import(device, shared) else try .create(device, self.flags);
    }

    pub fn deliver(self: *Create, t: *Thread) !i32 {
        const event = self.event.?;
        self.event = null;
        return asking.give(t, .cuda_event, event, Event.drop);
    }

    pub fn free(self: *Create) void {
        if (self.event) |event| event.release();
    }
};

/// A job that makes a cuda_event of another process's, whose 64 bytes of handle are in `text`.
pub fn import(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    var shared: api.types.IpcEventHandle = undefined;
    @memcpy(&shared.reserved, try t.block.input(0, shared.reserved.len));
    return asking.ask(t, pinned.ptr, Create{ .shared = shared });
}

/// A job: the 64 bytes by which another process opens the event, in `text`.
pub fn exportHandle(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Event, slot, generation);
    defer pinned.release();
    return asking.ask(t, pinned.ptr.device, Export{ .event = pinned.ptr.retain() });
}

const Export = struct {
    event: *Event,
    shared: api.types.IpcEventHandle = undefined,

    pub fn run(self: *Export, _: *Device) !void {
        self.shared = try self.event.shared();
    }

    pub fn deliver(self: *Export, t: *Thread) !i32 {
        @memcpy(t.block.text[0..self.shared.reserved.len], &self.shared.reserved);
        return self.shared.reserved.len;
    }

    pub fn free(self: *Export) void {
        self.event.release();
    }
};

/// Results: the last recording that was asked for, the last one reached. 1: they are the same; 2: only the driver knows, since
/// another process records the event.
pub fn progress(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Event, slot, generation);
    defer pinned.release();
    const passed = pinned.ptr.progress.value.load(.acquire);
    const asked = pinned.ptr.turn();
    t.block.results[0] = @floatFromInt(asked);
    t.block.results[1] = @floatFromInt(passed);
    return if (pinned.ptr.isForeign()) 2 else @intFromBool(passed >= asked);
}

/// Sleeps until a recording is reached, for `ms` at most. 1: it is.
pub fn wait(_: *Thread, slot: u32, generation: u32, turn: f64, ms: u32) !i32 {
    const pinned = try handle.pin(Event, slot, generation);
    defer pinned.release();
    const wanted = try block.toInteger(turn);
    return @intFromBool(try pinned.ptr.awaitTurn(wanted, @as(u64, @min(ms, wait_ms_max)) * std.time.ns_per_ms));
}

/// A job that ends when the last recording that was asked for is reached.
pub fn notify(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Event, slot, generation);
    defer pinned.release();
    const waiting = try job.announce(t, pinned.ptr.retain(), Notice.deliver, Event.drop);
    const made = waiting.handle;
    pinned.ptr.notify(waiting) catch |err| {
        job.end(waiting, err);
        handle.close(.job, made.slot, made.generation) catch {};
        return err;
    };
    t.block.results[0] = @floatFromInt(made.generation);
    return @intCast(made.slot);
}

const Notice = struct {
    fn deliver(_: *anyopaque, _: *Thread) !i32 {
        return 0;
    }
};

/// A job that asks the driver: 1 when the event was reached.
pub fn query(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Event, slot, generation);
    defer pinned.release();
    return asking.ask(t, pinned.ptr.device, Query{ .event = pinned.ptr.retain() });
}

const Query = struct {
    event: *Event,
    reached: bool = false,

    pub fn run(self: *Query, _: *Device) !void {
        self.reached = try self.event.query();
    }

    pub fn deliver(self: *Query, _: *Thread) !i32 {
        return @intFromBool(self.reached);
    }

    pub fn free(self: *Query) void {
        self.event.release();
    }
};

/// A job. Results: milliseconds from the event `start` to this one.
pub fn elapsed(t: *Thread, slot: u32, generation: u32, start_slot: u32, start_generation: u32) !i32 {
    const pinned = try handle.pin(Event, slot, generation);
    defer pinned.release();
    const start = try handle.pin(Event, start_slot, start_generation);
    defer start.release();
    if (start.ptr.device != pinned.ptr.device) return report.fail(error.wrong_device, "the events are of GPU {d} and GPU {d}.", .{ start.ptr.device.ordinal, pinned.ptr.device.ordinal });
    return asking.ask(t, pinned.ptr.device, Elapsed{ .start = start.ptr.retain(), .end = pinned.ptr.retain() });
}

const Elapsed = struct {
    start: *Event,
    end: *Event,
    milliseconds: f64 = 0,

    pub fn run(self: *Elapsed, _: *Device) !void {
        self.milliseconds = try self.end.elapsed(self.start);
    }

    pub fn deliver(self: *Elapsed, t: *Thread) !i32 {
        t.block.results[0] = self.milliseconds;
        return 0;
    }

    pub fn free(self: *Elapsed) void {
        self.start.release();
        self.end.release();
    }
};

pub fn close(_: *Thread, slot: u32, generation: u32) !i32 {
    try handle.close(.cuda_event, slot, generation);
    return 0;
}
