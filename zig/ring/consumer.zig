//! The reading end. One thread at a time uses it. Slots from `done` to before `next` are locked for reading.
const layout = @import("layout.zig");
const signal = @import("signal.zig");
const Slots = @import("producer.zig").Slots;

pub fn Consumer(comptime World: type) type {
    return struct {
        const Self = @This();

        header: *layout.Header(World),
        world: World,
        capacity: u64,
        slot_count: u64,
        /// The oldest slot that has not been given back; what `header.read` says.
        done: u64 = 0,
        /// The next slot to be locked.
        next: u64 = 0,
        /// Slots before it are known to be written. Looked up only when reached.
        end: u64 = 0,
        state: u64 = layout.unknown,

        pub fn init(header: *layout.Header(World), world: World, num_buffers: u32) Self {
            return .{ .header = header, .world = world, .capacity = num_buffers, .slot_count = layout.slotCount(num_buffers) };
        }

        /// Takes the ring as it is: what another consumer had locked and not given back comes again.
        pub fn take(self: *Self) void {
            self.state = layout.unknown;
        }

        /// Locks up to `wanted` further neighbouring slots; none: `count` 0.
        pub inline fn claim(self: *Self, wanted: u64) !Slots {
            try self.follow();
            const there = try self.look(wanted);
            const first = self.next & (self.slot_count - 1);
            const count = @min(wanted, there, self.slot_count - first);
            self.next +%= count;
            return .{ .first = first, .count = count };
        }

        /// Gives the oldest `count` locked slots back. Nothing happens once the ring is invalid.
        pub inline fn release(self: *Self, count: u64) !void {
            self.follow() catch return;
            if (count > self.next -% self.done) return error.not_locked;
            self.done +%= count;
            // Pairs with the acquire in `Producer.reserve`: the slot was read before it is written again.
            signal.publish(World, self.world, &self.header.read, self.done, self.header, .producer);
        }

        /// The locked slots will be locked again, oldest first. By the thread that uses this end; others: `signal.rewind`.
        pub fn rewind(self: *Self) void {
            self.follow() catch return;
            self.next = self.done;
        }

        pub fn available(self: *Self) !bool {
            try self.follow();
            return try self.look(1) > 0;
        }

        pub fn lockedCount(self: *const Self) u64 {
            return self.next -% self.done;
        }

        /// Returns when `claim` may find more than nothing or the state has changed, at the latest after `timeout_ns`.
        pub fn wait(self: *Self, timeout_ns: u64) void {
            signal.wait(World, self.world, self, .consumer, timeout_ns);
        }

        /// Is there something to look at?
        pub inline fn ready(self: *Self) bool {
            if (self.header.state.load(.seq_cst) != self.state) return true;
            return self.header.write.load(.seq_cst) != self.next;
        }

        inline fn look(self: *Self, wanted: u64) !u64 {
            if (self.end -% self.next >= wanted) return self.end -% self.next;
            // Acquire pairs with the release in `Producer.commit`: who sees the position sees what is in the slot.
            self.end = self.header.write.load(.acquire);
            try self.check();
            return self.end -% self.next;
        }

        /// Can the other end be there? If not, the next call looks again.
        inline fn check(self: *Self) !void {
            if (self.end -% self.done <= self.capacity and self.end -% self.next <= self.capacity) return;
            self.end = self.next;
            return error.corrupt;
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
            self.done = self.header.read.load(.monotonic);
            self.next = self.done;
            // As in `look`.
            self.end = self.header.write.load(.acquire);
            try self.check();
        }
    };
}
