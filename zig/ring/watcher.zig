//! A native thread that sleeps on a shared ring's bell in place of a JavaScript thread, which sleeps in its event loop and
//! can be reached from this process only. It also looks whether the process at the other end is alive.
const std = @import("std");
const futex = @import("../os/futex.zig");
const stack = @import("../os/stack.zig");
const report = @import("../abi/report.zig");
const layout = @import("layout.zig");
const signal = @import("signal.zig");
const Native = @import("native.zig").Native;
const Ring = @import("ring.zig").Ring;

const slice_ns = 100 * std.time.ns_per_ms;

pub const Watcher = struct {
    running: ?std.Thread = null,
    stopping: std.atomic.Value(bool) = .init(false),
    /// Grows with each `follow`: the native thread sleeps on it while the bell has rung and nobody has set it again.
    begun: std.atomic.Value(u32) = .init(0),

    /// The JavaScript thread at that end is about to sleep.
    pub fn follow(self: *Watcher, ring: *Ring, side: layout.Side) !void {
        _ = signal.announce(Native, ring.world(), ring.header, side, layout.asleep_native);
        if (self.running == null) {
            self.running = std.Thread.spawn(.{ .stack_size = stack.small }, run, .{ self, ring, side }) catch
                return report.fail(error.out_of_memory, "no thread to wait with.", .{});
            return;
        }
        // Release pairs with the acquire in `run`: the bell was set before.
        _ = self.begun.fetchAdd(1, .release);
        futex.wakePrivate(&self.begun, 1);
    }

    /// By whoever drops the last reference to the ring.
    pub fn stop(self: *Watcher, ring: *Ring) void {
        const running = self.running orelse return;
        self.stopping.store(true, .release);
        _ = self.begun.fetchAdd(1, .release);
        futex.wakePrivate(&self.begun, 1);
        for (&ring.header.bells) |*bell| futex.wakeShared(bell, std.math.maxInt(u31));
        running.join();
        self.running = null;
    }

    fn run(self: *Watcher, ring: *Ring, side: layout.Side) void {
        const bell = ring.header.bell(side);
        while (true) {
            // Read first: a `stop` or `follow` after this changes it, and the sleep ends at once.
            const ticket = self.begun.load(.acquire);
            if (self.stopping.load(.acquire)) return;
            const rung = bell.load(.seq_cst);
            if (rung & layout.asleep_native != 0 and ring.hasSleeper(side)) {
                futex.waitShared(bell, rung, slice_ns);
                ring.probe(side.other());
            } else {
                Ring.wakeLoop(ring, side);
                futex.waitPrivate(&self.begun, ticket, null);
            }
        }
    }
};
