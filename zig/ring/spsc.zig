//! A ring of values between two threads of this process, with the blocking calls of the original. Native code uses it;
//! what JavaScript sees is `ring.zig`, over the same two ends.
const std = @import("std");
const layout = @import("layout.zig");
const signal = @import("signal.zig");
const Native = @import("native.zig").Native;
const Producer = @import("producer.zig").Producer;
const Consumer = @import("consumer.zig").Consumer;
const futex = @import("../os/futex.zig");

const Header = layout.Header(Native);
/// How long a wait lasts between two looks; woken earlier, as a rule.
const slice_ns = 100 * std.time.ns_per_ms;

/// Called each time that a reader has waited `timeout_ns` for nothing; 0: never.
pub const Patience = struct {
    timeout_ns: u64 = 0,
    context: ?*anyopaque = null,
    call: ?*const fn (context: ?*anyopaque) void = null,
};

pub fn Spsc(comptime T: type) type {
    return struct {
        const Self = @This();

        header: *Header,
        slots: [*]T,
        allocator: std.mem.Allocator,
        // Each end on lines of its own; padding fields would be moved elsewhere.
        producer: Producer(Native) align(layout.line),
        consumer: Consumer(Native) align(layout.line),
        after: u8 align(layout.line) = 0,

        /// Slots are uninitialized.
        pub fn create(allocator: std.mem.Allocator, num_buffers: u32, name: []const u8) !*Self {
            std.debug.assert(num_buffers > 0 and num_buffers <= layout.num_buffers_max and name.len <= layout.label_max);
            const self = try allocator.create(Self);
            errdefer allocator.destroy(self);
            const header = try allocator.create(Header);
            errdefer allocator.destroy(header);
            header.* = .init(num_buffers, @sizeOf(T), name);
            const slots = try allocator.alloc(T, @intCast(layout.slotCount(num_buffers)));
            const world = Native.private();
            self.* = .{
                .header = header,
                .slots = slots.ptr,
                .allocator = allocator,
                .producer = .init(header, world, num_buffers),
                .consumer = .init(header, world, num_buffers),
            };
            return self;
        }

        pub fn destroy(self: *Self) void {
            self.allocator.free(self.slots[0..@intCast(self.producer.slot_count)]);
            self.allocator.destroy(self.header);
            self.allocator.destroy(self);
        }

        pub fn numBuffers(self: *const Self) u32 {
            return self.header.num_buffers;
        }

        pub fn label(self: *const Self) []const u8 {
            return self.header.label[0..self.header.label_length];
        }

        // The producer's.

        /// Neighbouring slots to fill, `wanted` at most, none when there is no room; `error.invalidated`.
        pub inline fn reserve(self: *Self, wanted: usize) ![]T {
            const slots = try self.producer.reserve(wanted);
            return (self.slots + slots.first)[0..slots.count];
        }

        /// Publishes the first `count` of them.
        pub inline fn commit(self: *Self, count: usize) !void {
            return self.producer.commit(count);
        }

        /// The slot to write to; waits for one. Null once the ring is invalid.
        pub fn writeLock(self: *Self) ?*T {
            while (true) {
                const slots = self.reserve(1) catch return null;
                if (slots.len > 0) return &slots[0];
                self.producer.wait(slice_ns);
            }
        }

        pub fn writeComplete(self: *Self) !void {
            return self.producer.commit(1);
        }

        /// False once the ring is invalid.
        pub fn write(self: *Self, value: T) bool {
            const slot = self.writeLock() orelse return false;
            slot.* = value;
            self.writeComplete() catch return false;
            return true;
        }

        // The consumer's.

        /// Locks neighbouring slots to read, `wanted` at most, none when there is nothing; `error.invalidated`.
        pub inline fn claim(self: *Self, wanted: usize) ![]const T {
            const slots = try self.consumer.claim(wanted);
            return (self.slots + slots.first)[0..slots.count];
        }

        /// Gives the oldest `count` locked slots back.
        pub inline fn release(self: *Self, count: usize) !void {
            return self.consumer.release(count);
        }

        /// A further slot, locked; waits for one. Null once the ring is invalid.
        pub fn readLock(self: *Self, patience: Patience) ?*const T {
            var since: u64 = 0;
            while (true) {
                const slots = self.claim(1) catch return null;
                if (slots.len > 0) return &slots[0];
                const call = patience.call orelse {
                    self.consumer.wait(slice_ns);
                    continue;
                };
                const now = futex.now();
                if (since == 0) since = now;
                if (patience.timeout_ns > 0 and now - since >= patience.timeout_ns) {
                    call(patience.context);
                    since = now;
                    continue;
                }
                const left = if (patience.timeout_ns > 0) patience.timeout_ns - (now - since) else slice_ns;
                self.consumer.wait(@min(left, slice_ns));
            }
        }

        pub fn readComplete(self: *Self) !void {
            return self.consumer.release(1);
        }

        pub fn readAvailable(self: *Self) bool {
            return self.consumer.available() catch false;
        }

        // Anybody's.

        /// The slots that are locked for reading will be locked again, oldest first; a blocked `readLock` gets them.
        pub fn readReset(self: *Self) void {
            signal.rewind(Native, self.consumer.world, self.header);
        }

        pub fn invalidate(self: *Self) void {
            _ = signal.invalidate(Native, self.producer.world, self.header);
        }

        pub fn reset(self: *Self) void {
            signal.reset(Native, self.producer.world, self.header, self.producer.slot_count);
        }

        pub fn isValid(self: *const Self) bool {
            return signal.isValid(Native, self.header);
        }
    };
}
