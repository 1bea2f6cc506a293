//! Device memory: windows of the device's file, mapped where the simulated kernels and copies find them.
const std = @import("std");
const linux = std.os.linux;
const Arena = @import("arena.zig").Arena;
const mapFile = @import("arena.zig").mapFile;
const Block = @import("block.zig").Block;
const Device = @import("device.zig").Device;
const Window = @import("block.zig").Window;
const failure = @import("failure.zig");
const handles = @import("handles.zig");
const host = @import("host_memory.zig");
const imported = @import("imported_memory.zig");
const pools = @import("pool.zig");
const ranges = @import("ranges.zig");
const streams = @import("stream.zig");

const allocator = std.heap.smp_allocator;
const granularity = 512;

pub var freed_while_imported = std.atomic.Value(u64).init(0);

pub fn openWindow(device: *Device, length: u64) failure.Failure!Window {
    const arena = try device.memory();
    const offset = try arena.reserve(length);
    return .{ .arena = arena, .offset = offset, .bytes = try mapFile(arena.fd, offset, @intCast(length)) };
}

/// Bytes of the device that an allocation of this size takes.
pub fn rounded(size: u64) failure.Failure!u64 {
    if (size > std.math.maxInt(u48)) return failure.fail(.out_of_memory);
    return std.mem.alignForward(u64, size, granularity);
}

pub fn allocate(device: *Device, size: u64) failure.Failure!u64 {
    if (size == 0) return failure.fail(.invalid_value);
    const bytes = try rounded(size);
    device.take(bytes) catch |err| {
        // What streams have still to free is not there yet; a pool that is trimmed next then has it.
        try streams.drainAll(device);
        device.take(bytes) catch return err;
    };
    errdefer device.give(bytes);
    const block = try allocator.create(Block);
    const window = openWindow(device, bytes) catch |err| {
        allocator.destroy(block);
        return err;
    };
    block.* = .{ .kind = .plain, .device = device, .address = @intFromPtr(window.bytes.ptr), .size = @intCast(size), .id = handles.fresh(), .window = window };
    errdefer block.release();
    if (!try ranges.add(block)) return failure.fail(.unknown);
    return block.address;
}

pub const Plain = struct {
    pub fn accepts(_: Plain, block: *const Block) bool {
        return block.kind == .plain;
    }
};

/// What streams have been given is done first.
pub fn free(address: u64) failure.Failure!void {
    const block = ranges.find(address) orelse return failure.fail(.invalid_value);
    defer block.release();
    if (block.kind != .plain or block.address != address) return failure.fail(.invalid_value);
    try streams.drainAll(block.device);
    const taken = ranges.take(address, Plain{}) orelse return failure.fail(.invalid_value);
    end(taken);
}

/// With the table's reference.
pub fn end(block: *Block) void {
    block.state.store(.dead, .release);
    block.device.give(std.mem.alignForward(u64, block.size, granularity));
    const window = block.window.?;
    const in_use = if (block.exported) |index| withdraw(window.arena, index) else false;
    // Pages that somebody else looks at stay with that process.
    if (in_use) _ = freed_while_imported.fetchAdd(1, .monotonic) else window.arena.punch(window.offset, window.bytes.len);
    block.release();
}

/// Nobody opens it any more. Says whether somebody has it open.
fn withdraw(arena: *Arena, index: u32) bool {
    const entry = &arena.directory.memories[index];
    const in_use = entry.isImported();
    entry.id.store(0, .release);
    return in_use;
}

/// Ends what is left of the device; says how much.
pub fn abandon(device: *Device) u64 {
    var count: u64 = 0;
    while (ranges.takeOf(device)) |block| : (count += 1) switch (block.kind) {
        .plain => end(block),
        .pooled => pools.abandonBlock(block),
        .imported => imported.abandon(block),
        .host, .registered => host.end(block),
    };
    return count;
}
