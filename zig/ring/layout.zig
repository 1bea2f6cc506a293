//! What a ring is in memory, byte for byte, private or shared: `docs/ring.md` tells it in words. Positions are free-running
//! 64-bit counts of slots; the slot of a position is its low bits, so nothing happens when they wrap.
const std = @import("std");

pub const magic = "MILLRING".*;
/// Raised whenever a byte below moves.
pub const version: u32 = 1;
/// Two lines, for the adjacent-line prefetcher. Fixed: what the build machine's lines are must not move shared bytes.
pub const line = 128;
pub const label_max = 96;
pub const num_buffers_max = 1 << 30;

pub const Side = enum(u1) {
    producer = 0,
    consumer = 1,

    pub fn other(self: Side) Side {
        return if (self == .producer) .consumer else .producer;
    }
};

/// Bits of a bell: who sleeps and wants to be woken.
pub const asleep_native: u32 = 1;
/// A JavaScript thread, in its event loop; woken through its socket.
pub const asleep_loop: u32 = 2;

/// Bit 0 of the state; the rest counts what makes both ends look at their positions anew.
pub const invalid: u64 = 1;
pub const epoch: u64 = 2;
/// No ring's state: what an end that has not looked yet compares with.
pub const unknown: u64 = std.math.maxInt(u64);

/// What is written in an end's owner word besides its owner.
pub const never_owned: u64 = 0;
pub const vacated: u64 = 1;
pub const first_owner: u64 = 2;

pub fn Header(comptime World: type) type {
    return extern struct {
        const Self = @This();

        // Written once, before anybody else looks.
        magic: [8]u8,
        version: u32,
        num_buffers: u32,
        buffer_size: u64,
        label_length: u32,
        reserved: u32 = 0,
        label: [label_max]u8,

        /// Slots before this position were written. Only the producer writes it.
        write: World.Atomic(u64),
        write_padding: [line - 8]u8 = @splat(0),

        /// Slots before this position may be written again. Only the consumer writes it.
        read: World.Atomic(u64),
        read_padding: [line - 8]u8 = @splat(0),

        // Rarely written, read with every operation: stays in both sides' caches.
        state: World.Atomic(u64),
        /// Of the sleeping side. A futex, 1 while it sleeps.
        bells: [2]World.Atomic(u32),
        owners: [2]World.Atomic(u64),
        quiet_padding: [line - 32]u8 = @splat(0),

        pub fn init(num_buffers: u32, buffer_size: u64, label: []const u8) Self {
            var self: Self = .{
                .magic = magic,
                .version = version,
                .num_buffers = num_buffers,
                .buffer_size = buffer_size,
                .label_length = @intCast(label.len),
                .label = @splat(0),
                .write = .init(start(World, slotCount(num_buffers))),
                .read = .init(start(World, slotCount(num_buffers))),
                .state = .init(0),
                .bells = .{ .init(0), .init(0) },
                .owners = .{ .init(never_owned), .init(never_owned) },
            };
            @memcpy(self.label[0..label.len], label);
            return self;
        }

        pub fn bell(self: *Self, side: Side) *World.Atomic(u32) {
            return &self.bells[@intFromEnum(side)];
        }

        pub fn owner(self: *Self, side: Side) *World.Atomic(u64) {
            return &self.owners[@intFromEnum(side)];
        }
    };
}

/// The slots begin here, behind the header.
pub const slots_offset = 4 * line;

/// A power of two, so that a position's slot is its low bits also when the position wraps.
pub fn slotCount(num_buffers: u64) u64 {
    return std.math.ceilPowerOfTwoAssert(u64, num_buffers);
}

/// The position of the first slot that is written. Where the world wants the wrap seen, the positions are about to wrap.
pub fn start(comptime World: type, slot_count: u64) u64 {
    return 0 -% World.laps_before_wrap * slot_count;
}

/// Bytes of header and slots, or null when no memory is that large.
pub fn byteSize(num_buffers: u64, buffer_size: u64) ?u64 {
    if (num_buffers == 0 or num_buffers > num_buffers_max or buffer_size == 0) return null;
    const slots = std.math.mul(u64, slotCount(num_buffers), buffer_size) catch return null;
    const size = std.math.add(u64, slots_offset, slots) catch return null;
    return if (size > std.math.maxInt(u48)) null else size;
}

comptime {
    const H = Header(@import("native.zig").Native);
    std.debug.assert(@sizeOf(H) == slots_offset);
    std.debug.assert(@offsetOf(H, "write") == line and @offsetOf(H, "read") == 2 * line and @offsetOf(H, "state") == 3 * line);
}
