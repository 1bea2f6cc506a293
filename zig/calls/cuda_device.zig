//! CUDA devices: the driver, which devices it has, opening one.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const job = @import("../abi/job.zig");
const asking = @import("cuda_asking.zig");
const devices = @import("../cuda/device.zig");
const facts = @import("../cuda/facts.zig");
const library = @import("../driver/cuda/library.zig");
const path = @import("path.zig");
const Counter = @import("../cuda/counters.zig").Counter;
const Device = devices.Device;
const Facts = facts.Facts;

const allocator = std.heap.smp_allocator;
/// How long closing waits for what goes with the device.
const close_ns = 100 * std.time.ns_per_ms;
const settle_ms_max = 100;

/// 1: a driver was chosen, or a simulation is under way.
pub fn ready(_: *Thread) !i32 {
    return @intFromBool(library.isReady());
}

/// Devices come from the library whose path or name is in `text`, unless another was chosen before. Returns its version.
pub fn driver(t: *Thread, path_length: u32) !i32 {
    var memory: [std.fs.max_path_bytes + 1]u8 = undefined;
    const opened = try library.open(try path.read(&memory, try t.block.input(0, path_length)));
    library.choose(opened);
    return @intCast(opened.version);
}

/// A job: how many devices the driver has.
pub fn count(t: *Thread) !i32 {
    return look(t, null);
}

/// A job: what device `ordinal` is, without opening it. As `info`.
pub fn describe(t: *Thread, ordinal: u32) !i32 {
    return look(t, ordinal);
}

fn look(t: *Thread, ordinal: ?u32) !i32 {
    const self = try allocator.create(Look);
    self.* = .{ .library = library.current() catch |err| {
        allocator.destroy(self);
        return err;
    }, .ordinal = ordinal };
    const started = try job.start(t, self, Look.run, Look.deliver, Look.destroy);
    t.block.results[0] = @floatFromInt(started.generation);
    return @intCast(started.slot);
}

/// Needs no context, hence no thread of a device's own.
const Look = struct {
    library: *const library.Library,
    ordinal: ?u32,
    found: u32 = 0,
    described: Facts = undefined,

    fn run(context: *anyopaque) !void {
        const self = of(context);
        if (self.ordinal) |ordinal| {
            self.described = try .of(&self.library.table, ordinal);
        } else self.found = try facts.count(&self.library.table);
    }

    fn deliver(context: *anyopaque, t: *Thread) !i32 {
        const self = of(context);
        return if (self.ordinal == null) @intCast(self.found) else show(t, &self.described);
    }

    fn destroy(context: *anyopaque) void {
        allocator.destroy(of(context));
    }

    fn of(context: *anyopaque) *Look {
        return @ptrCast(@alignCast(context));
    }
};

/// A job that makes a cuda_device.
pub fn open(t: *Thread, ordinal: u32) !i32 {
    const device = try Device.open(try library.current(), ordinal);
    defer device.release();
    return asking.ask(t, device, Open{ .device = device.retain() });
}

const Open = struct {
    device: ?*Device,

    pub fn run(_: *Open, _: *Device) !void {}

    pub fn deliver(self: *Open, t: *Thread) !i32 {
        const device = self.device.?;
        self.device = null;
        return asking.give(t, .cuda_device, device, Device.drop);
    }

    pub fn free(self: *Open) void {
        if (self.device) |device| device.release();
    }
};

/// Returns the bytes of the name, which is in `text`. Values: the attributes of `facts.zig`, the 16 bytes of the UUID, the least and
/// the greatest priority of a stream; results: bytes of memory.
pub fn info(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    const device = pinned.ptr;
    const end = facts.attributes.len + 16;
    t.block.values[end] = @floatFromInt(device.priorities.least);
    t.block.values[end + 1] = @floatFromInt(device.priorities.greatest);
    return show(t, &device.facts);
}

fn show(t: *Thread, described: *const Facts) i32 {
    t.block.results[0] = @floatFromInt(described.total_memory);
    for (described.values, t.block.values[0..facts.attributes.len]) |from, *to| to.* = @floatFromInt(from);
    for (described.uuid, t.block.values[facts.attributes.len..][0..16]) |from, *to| to.* = @floatFromInt(from);
    const name = described.nameText();
    @memcpy(t.block.text[0..name.len], name);
    return @intCast(name.len);
}

/// 0, or the error with which the device was lost.
pub fn require(_: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    try pinned.ptr.require();
    return 0;
}

/// A job. Results: bytes of the device's memory that are free, and all.
pub fn memoryInfo(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    return asking.ask(t, pinned.ptr, MemoryInfo{});
}

const MemoryInfo = struct {
    free_bytes: usize = 0,
    total_bytes: usize = 0,

    pub fn run(self: *MemoryInfo, device: *Device) !void {
        try device.demand("cuMemGetInfo", device.table.cuMemGetInfo(&self.free_bytes, &self.total_bytes));
    }

    pub fn deliver(self: *MemoryInfo, t: *Thread) !i32 {
        t.block.results[0] = @floatFromInt(self.free_bytes);
        t.block.results[1] = @floatFromInt(self.total_bytes);
        return 0;
    }

    pub fn free(_: *MemoryInfo) void {}
};

/// Results: the counters of `counters.zig`, in their order.
pub fn stats(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    for (std.enums.values(Counter), t.block.results[0..std.enums.values(Counter).len]) |counter, *result| result.* = @floatFromInt(pinned.ptr.counters.get(counter));
    return 0;
}

/// Waits until no device of the process has anything to do, and those that were closed are gone, for `ms` at most. 1: it is so.
pub fn settle(_: *Thread, ms: u32) !i32 {
    return @intFromBool(devices.settle(@as(u64, @min(ms, settle_ms_max)) * std.time.ns_per_ms));
}

/// The device goes when nothing of it is left.
pub fn close(_: *Thread, slot: u32, generation: u32) !i32 {
    try handle.close(.cuda_device, slot, generation);
    _ = devices.settle(close_ns);
    return 0;
}
