//! GPU tensors by name: an ordinary publication of a job, whose few bytes say how another process opens the memory.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const futex = @import("../os/futex.zig");
const layout = @import("../shm/layout.zig");
const names = @import("../shm/publication.zig");
const process = @import("../shm/process.zig");
const segment = @import("../shm/segment.zig");
const shm = @import("../shm/context.zig");
const api = @import("../driver/cuda/api.zig");
const asking = @import("cuda_asking.zig");
const contexts = @import("context.zig");
const descriptors = @import("../cuda/descriptor.zig");
const publications = @import("../cuda/publication.zig");
const Descriptor = descriptors.Descriptor;
const Device = @import("../cuda/device.zig").Device;
const Lease = @import("../cuda/lease.zig").Lease;
const Memory = @import("../cuda/memory.zig").Memory;
const Opened = contexts.Opened;
const Publication = publications.Publication;

/// A Worker that is terminated while it waits ends with the slice.
const wait_ms_max = 100;

/// A job that publishes a cuda_memory through a context, under the name in `text`; attributes follow it there. `form`: element type,
/// rank in the next byte, the top bit replaces, the one below makes it for reading only. Values: bytes of the attributes, the offset
/// in bytes, dimensions, strides in elements. Makes a cuda_publication.
pub fn publish(t: *Thread, slot: u32, generation: u32, memory_slot: u32, memory_generation: u32, name_length: u32, form: u32) !i32 {
    const opened = try handle.pin(Opened, slot, generation);
    defer opened.release();
    const memory = try handle.pin(Memory, memory_slot, memory_generation);
    defer memory.release();
    const rank: u8 = @truncate(form >> 8);
    if (rank > layout.rank_max) return report.fail(error.invalid_shape, "{d} dimensions exceed the {d} that a publication holds.", .{ rank, layout.rank_max });
    const name = try contexts.nameIn(t, name_length);
    const attributes_length = try t.block.value(0);
    if (attributes_length > layout.attributes_max) return report.fail(error.attributes_too_large, "the attributes have {d} bytes.", .{attributes_length});
    var task: Publish = .{
        .opened_slot = slot,
        .opened_generation = generation,
        .memory = memory.ptr,
        .replace = form >> 31 != 0,
        .name_length = @intCast(name.len),
        .element_type = @truncate(form & 0x7f),
        .tensor = .{ .byte_offset = try t.block.value(1), .rank = rank, .strides = @splat(0), .read_only = form >> 30 & 1 != 0 },
        .attributes_length = @intCast(attributes_length),
    };
    try memory.ptr.require(task.tensor.byte_offset, 0);
    @memcpy(task.text[0..name.len], name);
    @memcpy(task.text[name.len..][0..@intCast(attributes_length)], try t.block.input(name_length, @intCast(attributes_length)));
    for (task.dimensions[0..rank], 0..) |*dimension, axis| dimension.* = try t.block.value(2 + axis);
    for (task.tensor.strides[0..rank], 0..) |*stride, axis| stride.* = try signed(t.block.values[2 + rank + axis]);
    task.memory = memory.ptr.retain();
    return asking.ask(t, memory.ptr.device, task);
}

const Publish = struct {
    opened_slot: u32,
    opened_generation: u32,
    memory: *Memory,
    replace: bool,
    name_length: u32,
    attributes_length: u32,
    element_type: u8,
    tensor: descriptors.Tensor,
    dimensions: [layout.rank_max]u64 = @splat(0),
    text: [layout.name_max + layout.attributes_max]u8 = undefined,
    exported: api.types.IpcMemHandle = undefined,

    pub fn run(self: *Publish, _: *Device) !void {
        self.exported = try self.memory.shared();
    }

    /// On the thread that asked: tables are changed and memory is made where nobody else waits for it.
    pub fn deliver(self: *Publish, t: *Thread) !i32 {
        const opened = try handle.pin(Opened, self.opened_slot, self.opened_generation);
        defer opened.release();
        const context = opened.ptr.context;
        const reference = try segment.create(context, .{ .size = descriptors.size, .uninitialized = true });
        const publication = made: {
            errdefer segment.drop(context, reference) catch {};
            const descriptor: Descriptor = .of(self.memory.device.facts.uuid, self.exported, self.memory.size, self.tensor);
            try descriptor.write(context, reference);
            // Known here before anybody can find it.
            break :made try Publication.create(context, opened.ptr, reference, self.memory, self.tensor.read_only);
        };
        self.show(context, reference) catch |err| {
            Publication.drop(publication);
            return err;
        };
        return asking.give(t, .cuda_publication, publication, Publication.drop);
    }

    fn show(self: *const Publish, context: *shm.Context, reference: segment.Reference) !void {
        const name = self.text[0..self.name_length];
        const metadata: names.Metadata = .{
            .element_type = self.element_type | layout.on_gpu,
            .rank = self.tensor.rank,
            .dimensions = self.dimensions,
            .attributes = self.text[self.name_length..][0..self.attributes_length],
        };
        names.publish(context, reference, name, metadata, self.replace) catch |err| {
            if (err != error.exists or !clearLost(context, name)) return err;
            try names.publish(context, reference, name, metadata, self.replace);
        };
    }

    pub fn free(self: *Publish) void {
        self.memory.release();
    }
};

/// A negative number stays one.
fn signed(value: f64) !i64 {
    const size: i64 = @intCast(try @import("../abi/block.zig").toInteger(@abs(value)));
    return if (value < 0) -size else size;
}

/// Takes the name away that a dead process left; true when there was one.
fn clearLost(context: *shm.Context, name: []const u8) bool {
    var attributes: [layout.attributes_max]u8 align(8) = undefined;
    const found = names.get(context, name, &attributes) catch return false;
    defer segment.drop(context, found.reference) catch {};
    if (found.element_type & layout.on_gpu == 0 or isOwnerAlive(context, found.reference)) return false;
    names.free(context, found.reference) catch return false;
    return true;
}

fn ownerOf(context: *shm.Context, reference: segment.Reference) u64 {
    return @atomicLoad(u64, &context.control.segments[reference.slot].creator_file, .monotonic);
}

fn isOwnerAlive(context: *shm.Context, reference: segment.Reference) bool {
    const owner = ownerOf(context, reference);
    return owner == context.process_file or process.fileAlive(context, owner);
}

/// A job that makes a cuda_memory of what is published as the name in `text`, on the device that it lies on. Fails at once when
/// there is no such name. Results: generation, bytes of the memory, element type, rank, offset in bytes, 1 for reading only, length
/// of the attributes (left in `text`); values: dimensions, then strides in elements.
pub fn get(t: *Thread, slot: u32, generation: u32, context_slot: u32, context_generation: u32, name_length: u32) !i32 {
    const device = try handle.pin(Device, slot, generation);
    defer device.release();
    const opened = try handle.pin(Opened, context_slot, context_generation);
    defer opened.release();
    const context = opened.ptr.context;
    const name = try contexts.nameIn(t, name_length);
    var task: Get = .{};
    task.found = try names.get(context, name, &task.attributes);
    task.find(context, device.ptr, name) catch |err| {
        segment.drop(context, task.found.reference) catch {};
        return err;
    };
    return asking.ask(t, device.ptr, task);
}

const Get = struct {
    found: names.Found = undefined,
    attributes: [layout.attributes_max]u8 align(8) = undefined,
    descriptor: Descriptor = undefined,
    /// What keeps the owner from freeing it, until the memory has that.
    lease: ?*Lease = null,
    memory: ?*Memory = null,

    /// Takes the reference over, unless it fails.
    fn find(self: *Get, context: *shm.Context, device: *Device, name: []const u8) !void {
        const reference = self.found.reference;
        if (self.found.element_type & layout.on_gpu == 0) return report.fail(error.host_tensor, "\"{s}\" is a tensor in host memory.", .{name});
        self.descriptor = try .read(context, reference, self.found.rank);
        const owner = ownerOf(context, reference);
        const own = owner == context.process_file;
        if (!own and !process.fileAlive(context, owner)) {
            // Nobody can ever open it: the name is free for whoever comes next.
            try names.free(context, reference);
            return report.fail(error.owner_lost, "the process that published \"{s}\" has ended.", .{name});
        }
        if (own) return self.findOwn(context, device, name);
        try self.requireDevice(device, name);
        self.lease = try .create(context, reference, owner);
    }

    fn findOwn(self: *Get, context: *shm.Context, device: *Device, name: []const u8) !void {
        const original = publications.find(context, self.found.reference) orelse {
            // The name of one that has ended, which could not be hidden then.
            try names.free(context, self.found.reference);
            return report.fail(error.not_found, "nothing is published as \"{s}\" any more.", .{name});
        };
        defer original.memory.release();
        if (original.memory.device != device) return report.fail(error.wrong_device, "\"{s}\" lies on GPU {d}, this is GPU {d}.", .{ name, original.memory.device.ordinal, device.ordinal });
        self.memory = try original.memory.again(original.read_only);
        // The memory itself is kept: importers are other processes.
        segment.drop(context, self.found.reference) catch {};
    }

    fn requireDevice(self: *const Get, device: *Device, name: []const u8) !void {
        const uuid = &self.descriptor.uuid;
        if (std.mem.eql(u8, uuid, &device.facts.uuid)) return;
        return report.fail(error.wrong_device, "\"{s}\" lies on GPU-{x}, this is GPU-{x}.", .{ name, uuid, &device.facts.uuid });
    }

    pub fn run(self: *Get, device: *Device) !void {
        if (self.memory != null) return;
        const lease = self.lease.?;
        const memory = Memory.import(device, .{ .reserved = self.descriptor.handle }, self.descriptor.memory_size, lease) catch |err| {
            // The driver's words for memory of a process that has just ended are many.
            try lease.require(true);
            return err;
        };
        self.lease = null;
        memory.read_only = self.descriptor.tensor().read_only;
        self.memory = memory;
    }

    pub fn deliver(self: *Get, t: *Thread) !i32 {
        const memory = self.memory.?;
        self.memory = null;
        const tensor = self.descriptor.tensor();
        const rank = self.found.rank;
        const results = [_]u64{ memory.size, self.found.element_type & ~layout.on_gpu, rank, tensor.byte_offset, @intFromBool(tensor.read_only), self.found.attributes_length };
        for (results, t.block.results[1..][0..results.len]) |from, *to| to.* = @floatFromInt(from);
        for (self.found.dimensions[0..rank], t.block.values[0..rank]) |from, *to| to.* = @floatFromInt(from);
        for (tensor.strides[0..rank], t.block.values[rank..][0..rank]) |from, *to| to.* = @floatFromInt(from);
        @memcpy(t.block.text[0..self.found.attributes_length], self.attributes[0..self.found.attributes_length]);
        return asking.give(t, .cuda_memory, memory, Memory.drop);
    }

    pub fn free(self: *Get) void {
        if (self.memory) |memory| memory.release();
        if (self.lease) |lease| lease.end();
    }
};

/// Hides every name of the tensor. Returns how many other processes hold it.
pub fn hide(_: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Publication, slot, generation);
    defer pinned.release();
    try pinned.ptr.hide();
    return @intCast(pinned.ptr.importers());
}

/// How many other processes hold it.
pub fn importers(_: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Publication, slot, generation);
    defer pinned.release();
    return @intCast(pinned.ptr.importers());
}

/// Sleeps until no other process holds it, for `ms` at most. 1: it is so.
pub fn wait(_: *Thread, slot: u32, generation: u32, ms: u32) !i32 {
    const pinned = try handle.pin(Publication, slot, generation);
    defer pinned.release();
    const until = futex.now() + @as(u64, @min(ms, wait_ms_max)) * std.time.ns_per_ms;
    while (pinned.ptr.importers() > 0) {
        if (futex.now() >= until) return 0;
        futex.pause();
    }
    return 1;
}

/// Hides its names. The memory is kept as long as other processes hold it.
pub fn close(_: *Thread, slot: u32, generation: u32) !i32 {
    try handle.close(.cuda_publication, slot, generation);
    return 0;
}
