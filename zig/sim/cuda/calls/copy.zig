//! Copies and sets, on streams. Copies from and to pageable memory go through memory of the driver's: of what is copied to
//! the device a copy is taken before the call returns, and a copy to the host is waited for.
const std = @import("std");
const api = @import("../../../driver/cuda/api.zig");
const Block = @import("../block.zig").Block;
const current = @import("../current.zig");
const failure = @import("../failure.zig");
const ranges = @import("../ranges.zig");
const streams = @import("../stream.zig");
const transfers = @import("../transfers.zig");
const Value = @import("../operation.zig").Work.Value;

const Pointer = api.types.Pointer;
const Stream = api.types.Stream;
const allocator = std.heap.smp_allocator;

pub fn cuMemcpyHtoDAsync(to: Pointer, from: *const anyopaque, size: usize, stream: ?*Stream) failure.Failure!void {
    const target = try streams.of(try current.device(), stream);
    defer target.release();
    if (size == 0) return;
    const to_block = try ranges.operand(to, size);
    errdefer to_block.release();
    if (try pinned(@intFromPtr(from), size)) |from_block| {
        errdefer from_block.release();
        _ = try target.push(.{ .copy = .{ .to = to, .to_block = to_block, .from = @intFromPtr(from), .from_block = from_block, .size = size } });
        return transfers.count(&transfers.to_device_direct, size);
    }
    const bytes = try allocator.dupe(u8, @as([*]const u8, @ptrCast(from))[0..size]);
    errdefer allocator.free(bytes);
    _ = try target.push(.{ .staged = .{ .to = to, .to_block = to_block, .bytes = bytes } });
    transfers.count(&transfers.to_device_staged, size);
}

pub fn cuMemcpyDtoHAsync(to: *anyopaque, from: Pointer, size: usize, stream: ?*Stream) failure.Failure!void {
    const device = try current.device();
    const target = try streams.of(device, stream);
    defer target.release();
    if (size == 0) return;
    const from_block = try ranges.operand(from, size);
    errdefer from_block.release();
    const to_block = try pinned(@intFromPtr(to), size);
    errdefer if (to_block) |block| block.release();
    const ticket = try target.push(.{ .copy = .{ .to = @intFromPtr(to), .to_block = to_block, .from = from, .from_block = from_block, .size = size } });
    if (to_block != null) return transfers.count(&transfers.to_host_direct, size);
    transfers.count(&transfers.to_host_staged, size);
    target.waitFor(ticket);
}

pub fn cuMemcpyDtoDAsync(to: Pointer, from: Pointer, size: usize, stream: ?*Stream) failure.Failure!void {
    const target = try streams.of(try current.device(), stream);
    defer target.release();
    if (size == 0) return;
    const to_block = try ranges.operand(to, size);
    errdefer to_block.release();
    const from_block = try ranges.operand(from, size);
    errdefer from_block.release();
    _ = try target.push(.{ .copy = .{ .to = to, .to_block = to_block, .from = from, .from_block = from_block, .size = size } });
    transfers.count(&transfers.within_device, size);
}

pub fn cuMemsetD8Async(to: Pointer, value: u8, count: usize, stream: ?*Stream) failure.Failure!void {
    return set(to, .{ .one = value }, 1, count, stream);
}

pub fn cuMemsetD16Async(to: Pointer, value: u16, count: usize, stream: ?*Stream) failure.Failure!void {
    return set(to, .{ .two = value }, 2, count, stream);
}

pub fn cuMemsetD32Async(to: Pointer, value: u32, count: usize, stream: ?*Stream) failure.Failure!void {
    return set(to, .{ .four = value }, 4, count, stream);
}

fn set(to: Pointer, value: Value, width: usize, count: usize, stream: ?*Stream) failure.Failure!void {
    const target = try streams.of(try current.device(), stream);
    defer target.release();
    if (count == 0) return;
    if (to % width != 0) return failure.fail(.invalid_value);
    const size = std.math.mul(usize, count, width) catch return failure.fail(.invalid_value);
    const to_block = try ranges.operand(to, size);
    errdefer to_block.release();
    _ = try target.push(.{ .set = .{ .to = to, .to_block = to_block, .count = count, .value = value } });
}

/// The page-locked memory that the bytes are in, retained; null: they are pageable. Half of each is neither.
fn pinned(address: usize, size: usize) failure.Failure!?*Block {
    const block = ranges.find(address) orelse return null;
    if (block.holds(address, size)) return block;
    block.release();
    return failure.fail(.invalid_value);
}
