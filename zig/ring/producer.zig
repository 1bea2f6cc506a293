//! The writing end. One thread at a time uses it; what it keeps here the other end never sees.
const layout = @import("layout.zig");
const signal = @import("signal.zig");

/// Neighbouring slots, `first` of all.
pub const Slots = struct { first: u64, count: u64 };

pub fn Producer(comptime World: type) type {
    return struct {
        const Self = @This();

        header: *layout.Header(World),
        world: World,
        capacity: u64,
        slot_count: u64,
        /// Of the next slot to be published.
        next: u64 = 0,
        /// Where the writing must stop: the last known read position, one ring further. Looked up only when reached.
        limit: u64 = 0,
        state: u64 = layout.unknown,
        /// Slots handed out and not published.
        locked: u64 = 0,

        pub fn init(header: *layout.Header(World), world: World, num_buffers: u32) Self {
            return .{ .header = header, .world = world, .capacity = num_buffers, .slot_count = layout.slotCount(num_buffers) };
        }

        /// Takes the ring as it is: another thread or process was the producer before.
        pub fn take(self: *Self) void {
            self.state = layout.unknown;
            self.locked = 0;
        }

        /// Up to `wanted` neighbouring slots to write to; none: `count` 0. Again before `commit`: the same ones.
        pub inline fn reserve(self: *Self, wanted: u64) !Slots {
            try self.follow();
            var free = self.limit -% self.next;
            if (free < wanted) {
                // Acquire pairs with the release in `Consumer.release`: the slot was read before it is written again.
                self.limit = self.header.read.load(.acquire) +% self.capacity;
                free = self.limit -% self.next;
                if (free > self.capacity) return self.corrupt();
            }
            const first = self.next & (self.slot_count - 1);
            self.locked = @min(wanted, free, self.slot_count - first);
            return .{ .first = first, .count = self.locked };
        }

        /// Publishes the first `count` reserved slots. Nothing happens once the ring is invalid.
        pub inline fn commit(self: *Self, count: u64) !void {
            self.follow() catch return;
            if (count > self.locked) return error.not_locked;
            self.locked -= count;
            self.next +%= count;
            // Pairs with the acquire in `Consumer.claim`: what was written in the slot is seen by who sees the position.
            signal.publish(World, self.world, &self.header.write, self.next, self.header, .consumer);
        }

        /// Returns when `reserve` may find more than nothing or the state has changed, at the latest after `timeout_ns`.
        pub fn wait(self: *Self, timeout_ns: u64) void {
            signal.wait(World, self.world, self, .producer, timeout_ns);
        }

        /// Is there something to look at?
        pub inline fn ready(self: *Self) bool {
            if (self.header.state.load(.seq_cst) != self.state) return true;
            return self.header.read.load(.seq_cst) +% self.capacity != self.next;
        }

        inline fn follow(self: *Self) !void {
            // Acquire pairs with the release in `signal.reset`: who sees the new state sees the positions it set.
            const state = self.header.state.load(.acquire);
            if (state != self.state) try self.adopt(state);
        }

        fn adopt(self: *Self, state: u64) !void {
            @branchHint(.cold);
            if (state & layout.invalid != 0) return error.invalidated;
            self.state = state;
            const write = self.header.write.load(.monotonic);
            if (write != self.next) self.locked = 0;
            self.next = write;
            // As in `reserve`.
            self.limit = self.header.read.load(.acquire) +% self.capacity;
            if (self.limit -% self.next > self.capacity) return self.corrupt();
        }

        /// Not a position that the other end can have. The next call looks again.
        fn corrupt(self: *Self) error{corrupt} {
            @branchHint(.cold);
            self.limit = self.next;
            self.locked = 0;
            return error.corrupt;
        }
    };
}
