//! Page-locked memory of the host: the driver's own, and what a process registers.
const std = @import("std");
const linux = std.os.linux;
const api = @import("../../driver/cuda/api.zig");
const Block = @import("block.zig").Block;
const Device = @import("device.zig").Device;
const failure = @import("failure.zig");
const handles = @import("handles.zig");
const interface = @import("interface.zig");
const mapped = @import("mapped.zig");
const ranges = @import("ranges.zig");
const streams = @import("stream.zig");

const Flags = api.types.HostRegisterFlags;
const allocator = std.heap.smp_allocator;

pub fn allocate(device: *Device, size: usize, flags: c_uint) failure.Failure!*anyopaque {
    if (size == 0 or flags & ~@as(c_uint, 7) != 0) return failure.fail(.invalid_value);
    if (size > std.math.maxInt(u48)) return failure.fail(.out_of_memory);
    const length = std.mem.alignForward(usize, size, 4096);
    const result = linux.mmap(null, length, .{ .READ = true, .WRITE = true }, .{ .TYPE = .PRIVATE, .ANONYMOUS = true }, -1, 0);
    if (linux.errno(result) != .SUCCESS) return failure.fail(.out_of_memory);
    const pages = @as([*]align(4096) u8, @ptrFromInt(result))[0..length];
    const block = allocator.create(Block) catch {
        _ = linux.munmap(pages.ptr, pages.len);
        return error.OutOfMemory;
    };
    block.* = .{ .kind = .host, .device = device, .address = @intFromPtr(pages.ptr), .size = size, .id = handles.fresh(), .flags = flags, .pages = pages };
    errdefer block.release();
    if (!try ranges.add(block)) return failure.fail(.unknown);
    return @ptrFromInt(block.address);
}

pub fn register(device: *Device, address: usize, size: usize, flags: c_uint) failure.Failure!void {
    if (address == 0 or size == 0 or flags & ~@as(c_uint, 15) != 0) return failure.fail(.invalid_value);
    _ = std.math.add(usize, address, size) catch return failure.fail(.invalid_value);
    if (flags & Flags.io_memory != 0) return failure.say(.not_supported, "memory of other devices is not simulated", .{});
    const read_only = flags & Flags.read_only != 0;
    if (read_only and !device.hasFeature(interface.Feature.read_only_registration)) return failure.fail(.not_supported);
    const block = try allocator.create(Block);
    block.* = .{ .kind = .registered, .device = device, .address = address, .size = size, .id = handles.fresh(), .flags = flags, .read_only = read_only };
    errdefer block.release();
    if (!try ranges.add(block)) return failure.fail(.host_memory_already_registered);
    if (mapped.allows(address, size, !read_only)) return;
    // The table's reference is the block's only one.
    _ = ranges.take(address, OfKind{ .kind = .registered });
    return failure.say(.invalid_value, "{d} bytes at 0x{x} are not mapped{s}", .{ size, address, if (read_only) "" else ", or cannot be written: CU_MEMHOSTREGISTER_READ_ONLY is for that" });
}

pub const OfKind = struct {
    kind: @import("block.zig").Kind,

    pub fn accepts(self: OfKind, block: *const Block) bool {
        return block.kind == self.kind;
    }
};

/// What streams have been given is done first.
pub fn giveBack(device: *Device, address: usize, kind: @import("block.zig").Kind, otherwise: api.Result) failure.Failure!void {
    const block = ranges.find(address) orelse return failure.fail(otherwise);
    defer block.release();
    if (block.kind != kind or block.address != address) return failure.fail(otherwise);
    try streams.drainAll(block.device);
    if (device != block.device) try streams.drainAll(device);
    const taken = ranges.take(address, OfKind{ .kind = kind }) orelse return failure.fail(otherwise);
    end(taken);
}

/// With the table's reference.
pub fn end(block: *Block) void {
    block.state.store(.dead, .release);
    block.release();
}
