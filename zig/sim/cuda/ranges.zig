//! Which addresses belong to which block: of device memory, and of page-locked host memory. They are one address space, as
//! they are on cards with unified addressing.
const std = @import("std");
const Mutex = @import("../../os/futex.zig").Mutex;
const Block = @import("block.zig").Block;
const Device = @import("device.zig").Device;
const failure = @import("failure.zig");

const allocator = std.heap.smp_allocator;

var lock: Mutex = .{};
/// By address; each with a reference. They do not overlap.
var blocks: std.ArrayList(*Block) = .empty;

/// Where a block of this address is, or would be put.
fn place(address: usize) usize {
    return std.sort.lowerBound(*Block, blocks.items, address, struct {
        fn compare(wanted: usize, block: *Block) std.math.Order {
            return std.math.order(wanted, block.address);
        }
    }.compare);
}

/// False: a part of it is somebody's already.
pub fn add(block: *Block) failure.Failure!bool {
    lock.lock();
    defer lock.unlock();
    const index = place(block.address);
    if (index > 0 and blocks.items[index - 1].end() > block.address) return false;
    if (index < blocks.items.len and blocks.items[index].address < block.end()) return false;
    try blocks.insert(allocator, index, block);
    return true;
}

/// The block that the address lies in, retained.
pub fn find(address: usize) ?*Block {
    lock.lock();
    defer lock.unlock();
    const block = at(address) orelse return null;
    block.retain();
    return block;
}

fn at(address: usize) ?*Block {
    const index = std.sort.upperBound(*Block, blocks.items, address, struct {
        fn compare(wanted: usize, block: *Block) std.math.Order {
            return std.math.order(wanted, block.address);
        }
    }.compare);
    if (index == 0) return null;
    const block = blocks.items[index - 1];
    return if (address < block.end()) block else null;
}

/// Takes the block out that begins at the address and that `wanted` accepts; with the table's reference.
pub fn take(address: usize, wanted: anytype) ?*Block {
    lock.lock();
    defer lock.unlock();
    const index = place(address);
    if (index == blocks.items.len or blocks.items[index].address != address or !wanted.accepts(blocks.items[index])) return null;
    return blocks.orderedRemove(index);
}

/// Takes a block of the device out, whichever.
pub fn takeOf(device: *Device) ?*Block {
    lock.lock();
    defer lock.unlock();
    for (blocks.items, 0..) |block, index| if (block.device == device) return blocks.orderedRemove(index);
    return null;
}

/// What streams may touch of the device's memory, or of page-locked host memory, at this address; retained.
pub fn operand(address: u64, size: usize) failure.Failure!*Block {
    const block = find(address) orelse return failure.fail(.invalid_value);
    if (!block.holds(address, size)) {
        block.release();
        return failure.fail(.invalid_value);
    }
    return block;
}

pub const Counts = struct { memory: u64 = 0, bytes: u64 = 0, host: u64 = 0, registrations: u64 = 0, imports: u64 = 0 };

/// What was not given back, and could be, of devices from this number on.
pub fn count(from: c_int) Counts {
    lock.lock();
    defer lock.unlock();
    var counts: Counts = .{};
    for (blocks.items) |block| {
        if (block.device.number < from or block.given_back.load(.monotonic) or block.device.isBroken()) continue;
        switch (block.kind) {
            .plain, .pooled => {
                counts.memory += 1;
                counts.bytes += block.size;
            },
            .host => counts.host += 1,
            .registered => counts.registrations += 1,
            .imported => counts.imports += 1,
        }
    }
    return counts;
}
