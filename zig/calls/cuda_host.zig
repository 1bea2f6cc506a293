//! Memory of the host that devices reach by themselves: page-locked by the driver, or registered with it.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const block = @import("../abi/block.zig");
const report = @import("../abi/report.zig");
const asking = @import("cuda_asking.zig");
const memory = @import("memory.zig");
const pages = @import("../cuda/pinned.zig");
const registrations = @import("../cuda/registration.zig");
const segment = @import("../shm/segment.zig");
const Allocation = @import("allocation.zig").Allocation;
const Device = @import("../cuda/device.zig").Device;
const Mapping = @import("../shm/mapping.zig").Mapping;
const Stream = @import("../cuda/stream.zig").Stream;
const Registration = registrations.Registration;

const allocator = std.heap.smp_allocator;

/// A job that makes a memory of `size` bytes, page-locked and zeroed, on a cuda_device or that of a cuda_stream.
pub fn allocate(t: *Thread, slot: u32, generation: u32, size: f64) !i32 {
    const device = try of(slot, generation);
    defer device.release();
    const length = try block.toInteger(size);
    if (length > std.math.maxInt(u32)) return report.fail(error.too_large, "{d} bytes were asked for.", .{length});
    return asking.ask(t, device, Allocate{ .size = length });
}

fn of(slot: u32, generation: u32) !*Device {
    if (handle.kindOf(slot, generation) == .cuda_stream) {
        const stream = try handle.pin(Stream, slot, generation);
        defer stream.release();
        return stream.ptr.device.retain();
    }
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    return pinned.ptr.retain();
}

const Allocate = struct {
    size: u64,
    mapping: ?*Mapping = null,

    pub fn run(self: *Allocate, device: *Device) !void {
        self.mapping = try pages.allocate(device, self.size);
    }

    pub fn deliver(self: *Allocate, t: *Thread) !i32 {
        const mapping = self.mapping.?;
        self.mapping = null;
        return memory.give(t, mapping);
    }

    pub fn free(self: *Allocate) void {
        if (self.mapping) |mapping| mapping.release();
    }
};

/// A job that makes a cuda_registration on a cuda_device, of a memory or an allocation. Results: generation, bytes that are
/// page-locked, 1 if somebody else had done it before.
pub fn register(t: *Thread, slot: u32, generation: u32, of_slot: u32, of_generation: u32, read_only: u32) !i32 {
    const pinned = try handle.pin(Device, slot, generation);
    defer pinned.release();
    const source: registrations.Source = switch (handle.kindOf(of_slot, of_generation)) {
        .allocation => try shared(of_slot, of_generation),
        else => own: {
            const held = try memory.pin(of_slot, of_generation);
            defer held.release();
            break :own .{ .mapping = held.ptr.retain() };
        },
    };
    return asking.ask(t, pinned.ptr, Register{ .source = source, .read_only = read_only != 0 });
}

/// The whole segment, whose reference is kept as long as the mapping: without it the creator might recycle the memory.
fn shared(slot: u32, generation: u32) !registrations.Source {
    const pinned = try handle.pin(Allocation, slot, generation);
    errdefer pinned.release();
    const reference = pinned.ptr.reference;
    const mapping = try segment.view(pinned.ptr.context, reference, false, 0, reference.size);
    errdefer mapping.release();
    const keeper = try allocator.create(Keeper);
    keeper.* = .{ .pinned = pinned };
    return .{
        .mapping = mapping,
        .segment = .{ .context = pinned.ptr.context, .slot = reference.slot, .generation = reference.generation },
        .keeper = .{ .context = keeper, .release = Keeper.release },
    };
}

const Keeper = struct {
    pinned: handle.Pinned(Allocation),

    fn release(context: *anyopaque) void {
        const self: *Keeper = @ptrCast(@alignCast(context));
        self.pinned.release();
        allocator.destroy(self);
    }
};

const Register = struct {
    source: ?registrations.Source,
    read_only: bool,
    registration: ?*Registration = null,

    pub fn run(self: *Register, device: *Device) !void {
        self.registration = try .open(device, self.source.?, self.read_only);
        self.source = null;
    }

    pub fn deliver(self: *Register, t: *Thread) !i32 {
        const registration = self.registration.?;
        self.registration = null;
        t.block.results[1] = @floatFromInt(registration.bytes.len);
        t.block.results[2] = @floatFromInt(@intFromBool(registration.foreign));
        return asking.give(t, .cuda_registration, registration, Registration.drop);
    }

    pub fn free(self: *Register) void {
        if (self.source) |source| source.release();
        if (self.registration) |registration| registration.release();
    }
};

/// Ends this registration; the pages are unlocked with the last one, and when no copy uses them.
pub fn unregister(_: *Thread, slot: u32, generation: u32) !i32 {
    try handle.close(.cuda_registration, slot, generation);
    return 0;
}
