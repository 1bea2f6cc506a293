//! Memory of other processes, mapped here; and memory of this one that others may map.
const std = @import("std");
const linux = std.os.linux;
const arena = @import("arena.zig");
const Block = @import("block.zig").Block;
const Device = @import("device.zig").Device;
const failure = @import("failure.zig");
const Handle = @import("import.zig").Handle;
const handles = @import("handles.zig");
const Import = @import("import.zig").Import;
const Mutex = @import("../../os/futex.zig").Mutex;
const OfKind = @import("host_memory.zig").OfKind;
const ranges = @import("ranges.zig");
const streams = @import("stream.zig");

const allocator = std.heap.smp_allocator;

/// What is open; the blocks keep it.
var lock: Mutex = .{};
var opened: std.ArrayList(*Block) = .empty;

/// A handle of the block: the same as long as the block lives.
pub fn exported(block: *Block) failure.Failure!Handle {
    lock.lock();
    defer lock.unlock();
    const window = block.window.?;
    const index = block.exported orelse made: {
        const index = try window.arena.directory.addMemory(window.offset, block.size);
        block.exported = index;
        break :made index;
    };
    return Handle.of(window.arena, .memory, index, window.arena.directory.memories[index].id.load(.acquire), block.device.ordinal);
}

/// A second time it is the same address, to be closed as often.
pub fn open(device: *Device, bytes: *const [64]u8) failure.Failure!u64 {
    lock.lock();
    defer lock.unlock();
    for (opened.items) |block| {
        const import = block.import.?;
        if (block.device != device or !import.isSame(bytes)) continue;
        import.opened += 1;
        return block.address;
    }
    const import = try Import.open(bytes, .memory);
    errdefer import.release();
    const entry = try import.memory();
    const size = entry.size;
    const offset = entry.offset;
    if (!entry.enter(linux.getpid())) return failure.say(.map_failed, "too many processes have the memory open for the simulator", .{});
    errdefer entry.leave(linux.getpid());
    // The owner may have freed it before it could see us.
    _ = try import.memory();
    const mapping = try arena.mapFile(import.fd, offset, @intCast(size));
    errdefer _ = linux.munmap(mapping.ptr, mapping.len);
    try opened.ensureUnusedCapacity(allocator, 1);
    const block = try allocator.create(Block);
    errdefer allocator.destroy(block);
    block.* = .{ .kind = .imported, .device = device, .address = @intFromPtr(mapping.ptr), .size = @intCast(size), .id = handles.fresh(), .pages = mapping, .import = import };
    if (!try ranges.add(block)) return failure.fail(.unknown);
    opened.appendAssumeCapacity(block);
    return block.address;
}

pub fn close(address: u64) failure.Failure!void {
    const block = ranges.find(address) orelse return failure.fail(.invalid_value);
    defer block.release();
    if (block.kind != .imported or block.address != address) return failure.fail(.invalid_value);
    {
        lock.lock();
        defer lock.unlock();
        // Another thread is about to end it.
        if (block.import.?.opened == 0) return failure.fail(.invalid_value);
        block.import.?.opened -= 1;
        if (block.import.?.opened > 0) return;
        forget(block);
    }
    try streams.drainAll(block.device);
    end(ranges.take(address, OfKind{ .kind = .imported }) orelse return failure.fail(.invalid_value));
}

fn forget(block: *Block) void {
    for (opened.items, 0..) |one, index| if (one == block) {
        _ = opened.swapRemove(index);
        return;
    };
}

/// With the table's reference.
pub fn end(block: *Block) void {
    block.state.store(.dead, .release);
    if (block.import.?.memory()) |entry| entry.leave(linux.getpid()) else |_| {}
    block.release();
}

/// When the context goes.
pub fn abandon(block: *Block) void {
    lock.lock();
    forget(block);
    lock.unlock();
    end(block);
}
