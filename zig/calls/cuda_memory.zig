//! Memory of devices.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const block = @import("../abi/block.zig");
const report = @import("../abi/report.zig");
const api = @import("../driver/cuda/api.zig");
const asking = @import("cuda_asking.zig");
const Device = @import("../cuda/device.zig").Device;
const Memory = @import("../cuda/memory.zig").Memory;
const Stream = @import("../cuda/stream.zig").Stream;

/// A job that makes a cuda_memory of `size` bytes on a cuda_device: of the pool, in the order of the stream, unless that is 0.
pub fn allocate(t: *Thread, slot: u32, generation: u32, size: f64, stream_slot: u32, stream_generation: u32) !i32 {
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    const length = try block.toInteger(size);
    if (stream_slot == 0) return asking.ask(t, pinned.ptr, Allocate{ .size = length, .stream = null });
    const stream = try handle.pin(Stream, stream_slot, stream_generation);
    defer stream.release();
    if (stream.ptr.device != pinned.ptr) return report.fail(error.wrong_device, "the stream is of GPU {d}, the memory of GPU {d}.", .{ stream.ptr.device.ordinal, pinned.ptr.ordinal });
    return asking.ask(t, pinned.ptr, Allocate{ .size = length, .stream = stream.ptr.retain() });
}

const Allocate = struct {
    size: u64,
    stream: ?*Stream,
    memory: ?*Memory = null,

    pub fn run(self: *Allocate, device: *Device) !void {
        self.memory = if (self.stream) |stream| try .allocatePooled(stream, self.size) else try .allocate(device, self.size);
    }

    pub fn deliver(self: *Allocate, t: *Thread) !i32 {
        return give(t, &self.memory);
    }

    pub fn free(self: *Allocate) void {
        if (self.memory) |memory| memory.release();
        if (self.stream) |stream| stream.release();
    }
};

fn give(t: *Thread, made: *?*Memory) !i32 {
    const memory = made.*.?;
    made.* = null;
    return asking.give(t, .cuda_memory, memory, Memory.drop);
}

/// A job that makes a cuda_memory of the first `size` bytes of another process's memory, whose 64 bytes of handle are in `text`.
pub fn import(t: *Thread, slot: u32, generation: u32, size: f64) !i32 {
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    var shared: api.types.IpcMemHandle = undefined;
    @memcpy(&shared.reserved, try t.block.input(0, shared.reserved.len));
    return asking.ask(t, pinned.ptr, Import{ .size = try block.toInteger(size), .shared = shared });
}

const Import = struct {
    size: u64,
    shared: api.types.IpcMemHandle,
    memory: ?*Memory = null,

    pub fn run(self: *Import, device: *Device) !void {
        self.memory = try .import(device, self.shared, self.size, null);
    }

    pub fn deliver(self: *Import, t: *Thread) !i32 {
        return give(t, &self.memory);
    }

    pub fn free(self: *Import) void {
        if (self.memory) |memory| memory.release();
    }
};

/// The memory behind a handle, retained.
pub fn find(slot: u32, generation: u32) !*Memory {
    const pinned = try handle.pin(Memory, slot, generation);
    defer pinned.release();
    return pinned.ptr.retain();
}

/// A job: the 64 bytes by which another process opens the memory, in `text`.
pub fn exportHandle(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Memory, slot, generation);
    defer pinned.release();
    return asking.ask(t, pinned.ptr.device, Export{ .memory = pinned.ptr.retain() });
}

const Export = struct {
    memory: *Memory,
    shared: api.types.IpcMemHandle = undefined,

    pub fn run(self: *Export, _: *Device) !void {
        self.shared = try self.memory.shared();
    }

    pub fn deliver(self: *Export, t: *Thread) !i32 {
        @memcpy(t.block.text[0..self.shared.reserved.len], &self.shared.reserved);
        return self.shared.reserved.len;
    }

    pub fn free(self: *Export) void {
        self.memory.release();
    }
};

/// Another handle to the same memory.
pub fn share(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Memory, slot, generation);
    defer pinned.release();
    return asking.give(t, .cuda_memory, pinned.ptr.retain(), Memory.drop);
}

/// Results: address on the device, bytes, the device's number; the result says where it comes from: 0 plain, 1 the pool, 2 another
/// process. Results[3]: 1 when it is for reading only.
pub fn info(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Memory, slot, generation);
    defer pinned.release();
    t.block.results[0] = @floatFromInt(pinned.ptr.address);
    t.block.results[1] = @floatFromInt(pinned.ptr.size);
    t.block.results[2] = @floatFromInt(pinned.ptr.device.ordinal);
    t.block.results[3] = @floatFromInt(@intFromBool(pinned.ptr.read_only));
    return switch (pinned.ptr.origin) {
        .plain => 0,
        .pooled, .counted => 1,
        .imported => 2,
        .original => |original| if (original.origin == .plain) 0 else 1,
    };
}

/// Fails when the process that published the memory has ended. `fresh` 0: when somebody found that out a moment ago.
pub fn requireOwner(_: *Thread, slot: u32, generation: u32, fresh: u32) !i32 {
    const pinned = try handle.pin(Memory, slot, generation);
    defer pinned.release();
    try pinned.ptr.requireOwner(fresh != 0);
    return 0;
}

pub fn close(_: *Thread, slot: u32, generation: u32) !i32 {
    try handle.close(.cuda_memory, slot, generation);
    return 0;
}
