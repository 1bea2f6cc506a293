//! The JavaScript threads of the process. Each has a block, a queue of finished jobs and, once it has waited for
//! something, a socket through which it is woken. The block's `ArrayBuffer` ends with the thread's heap, so its
//! finalizer is where everything that the thread left open is closed.
const std = @import("std");
const Block = @import("block.zig").Block;
const block_layout = @import("block.zig");
const handle = @import("handle.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;
const Mutex = @import("../os/futex.zig").Mutex;
const Seat = @import("../os/seat.zig").Seat;
const Wake = @import("../wake/wake.zig").Wake;

const servants_max = 16;

pub const Thread = struct {
    block: Block,
    id: u32,
    /// One for the JavaScript heap, one for each job under way and each waiter that may still signal it.
    references: std.atomic.Value(u32) = .init(1),
    gone: std.atomic.Value(bool) = .init(false),
    /// Global objects that hold the block: one, or several where a test runner gives each file a fresh one.
    heaps: std.atomic.Value(u32) = .init(0),
    wake: Wake = .{},
    lock: Mutex = .{},
    finished: std.ArrayList(handle.Handle) = .empty,
    /// Jobs begun and not yet moved to the block: the capacity that `finished` must have.
    outstanding: usize = 0,
    /// The reference that the last call handed over.
    handed: ?*Mapping = null,
    /// Native threads that work for this one alone.
    servants: [servants_max]?*Seat = @splat(null),

    pub fn retain(self: *Thread) *Thread {
        _ = self.references.fetchAdd(1, .monotonic);
        return self;
    }

    pub fn release(self: *Thread) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        self.wake.close();
        self.finished.deinit(allocator);
        allocator.destroy(self);
    }

    /// From any thread: `job` has ended; JavaScript is woken if it sleeps.
    pub fn complete(self: *Thread, job: handle.Handle) void {
        if (self.gone.load(.acquire)) return;
        self.lock.lock();
        // Without memory for the queue the promise would never settle; the capacity was reserved when the job began.
        self.finished.appendAssumeCapacity(job);
        self.lock.unlock();
        self.wake.signal();
    }

    /// A reference to `mapping` goes to JavaScript, which owns it from when it sets `block.handed` to 0. A Worker can be
    /// terminated before it does: then the reference is still ours.
    pub fn hand(self: *Thread, mapping: *Mapping) void {
        self.dropHanded();
        self.handed = mapping;
        self.block.handed = 1;
    }

    fn dropHanded(self: *Thread) void {
        if (self.handed) |mapping| if (self.block.handed == 1) mapping.release();
        self.handed = null;
    }

    /// Until `dismiss`; beyond `servants_max` they are left to the scheduler.
    pub fn employ(self: *Thread, seat: *Seat) void {
        self.replaceServant(null, seat);
    }

    pub fn dismiss(self: *Thread, seat: *Seat) void {
        self.replaceServant(seat, null);
    }

    fn replaceServant(self: *Thread, from: ?*Seat, to: ?*Seat) void {
        self.lock.lock();
        defer self.lock.unlock();
        for (&self.servants) |*servant| if (servant.* == from) {
            servant.* = to;
            return;
        };
    }

    /// The thread is about to sleep: what it waits for may have its processor.
    pub fn giveWay(self: *Thread) void {
        self.lock.lock();
        defer self.lock.unlock();
        for (self.servants) |servant| if (servant) |seat| seat.invite();
    }

    pub fn reserveCompletion(self: *Thread) !void {
        self.lock.lock();
        defer self.lock.unlock();
        try self.finished.ensureTotalCapacity(allocator, self.outstanding + 1);
        self.outstanding += 1;
    }

    pub fn cancelReservation(self: *Thread) void {
        self.lock.lock();
        defer self.lock.unlock();
        self.outstanding -= 1;
    }

    /// Moves finished jobs into the block; returns how many.
    pub fn takeCompletions(self: *Thread) u32 {
        self.lock.lock();
        defer self.lock.unlock();
        const count = @min(self.finished.items.len, block_layout.completions_max);
        for (self.finished.items[0..count], self.block.completions[0..count]) |from, *to| {
            to.* = .{ .slot = from.slot, .generation = from.generation };
        }
        self.finished.replaceRangeAssumeCapacity(0, count, &.{});
        self.outstanding -= count;
        return @intCast(count);
    }

    pub fn hasCompletions(self: *Thread) bool {
        self.lock.lock();
        defer self.lock.unlock();
        return self.finished.items.len > 0;
    }
};

const allocator = std.heap.smp_allocator;

pub threadlocal var current: ?*Thread = null;
var next_id = std.atomic.Value(u32).init(1);

/// The calling JavaScript thread, made on its first call; pairs with `detach`. The block starts the struct, so its
/// address is the thread's.
pub fn attach() !*Thread {
    if (current) |thread| {
        _ = thread.heaps.fetchAdd(1, .monotonic);
        return thread;
    }
    const thread = try allocator.create(Thread);
    thread.* = .{ .block = std.mem.zeroes(Block), .id = next_id.fetchAdd(1, .monotonic), .heaps = .init(1) };
    current = thread;
    return thread;
}

/// Called by the garbage collector when a heap that attached is torn down, possibly on another thread. The last one
/// closes what the thread left open.
pub fn detach(thread: *Thread) void {
    if (thread.heaps.fetchSub(1, .acq_rel) != 1) return;
    thread.gone.store(true, .release);
    if (current == thread) current = null;
    handle.closeOwnedBy(thread.id);
    thread.dropHanded();
    thread.release();
}

test "a reference that JavaScript has not taken goes when the next is handed over, and with the thread; one that it took does not" {
    const Scene = struct {
        fn run(mappings: [3]*Mapping) void {
            const thread = attach() catch unreachable;
            for (mappings, 0..) |mapping, index| {
                thread.hand(mapping.retain());
                if (index == 1) thread.block.handed = 0;
            }
            detach(thread);
        }
    };
    var mappings: [3]*Mapping = undefined;
    for (&mappings) |*mapping| mapping.* = try .anonymous(64);
    // A thread of its own: this one may be attached already.
    (try std.Thread.spawn(.{}, Scene.run, .{mappings})).join();
    for (mappings, [_]u32{ 1, 2, 1 }) |mapping, references| try std.testing.expectEqual(references, mapping.references.load(.monotonic));
    mappings[1].release();
    for (mappings) |mapping| mapping.release();
}
