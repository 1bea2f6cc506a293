//! The ring that JavaScript sees: slots of bytes, in memory of this process or in a FastIO allocation. One object for each
//! opening of the memory; every thread that uses it holds an `Attachment`.
const std = @import("std");
const linux = std.os.linux;
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const futex = @import("../os/futex.zig");
const Thread = @import("../abi/thread.zig").Thread;
const Mapping = @import("../shm/mapping.zig").Mapping;
const layout = @import("layout.zig");
const signal = @import("signal.zig");
const Native = @import("native.zig").Native;
const Watcher = @import("watcher.zig").Watcher;
const Home = @import("home.zig").Home;

pub const Header = layout.Header(Native);
pub const Side = layout.Side;
pub const Producer = @import("producer.zig").Producer(Native);
pub const Consumer = @import("consumer.zig").Consumer(Native);

const allocator = std.heap.smp_allocator;

pub const Ring = struct {
    references: std.atomic.Value(u32) = .init(1),
    header: *Header,
    /// Header and slots.
    whole: *Mapping,
    /// What JavaScript is shown.
    slots: *Mapping,
    // Copies: what lies in shared memory may change under our feet.
    num_buffers: u32,
    buffer_size: u64,
    label: [layout.label_max]u8,
    label_length: u32,
    home: ?Home,
    loops: Native.Loops,
    id: u32,
    secret: [2]u32,
    next: ?*Ring = null,

    lock: futex.Mutex = .{},
    /// JavaScript threads that sleep in their event loops, by the end they wait at.
    sleepers: [2]?*Thread = .{ null, null },
    watchers: [2]Watcher = .{ .{}, .{} },

    // Each end on lines of its own; padding fields would be moved elsewhere.
    producer: Producer align(layout.line),
    consumer: Consumer align(layout.line),
    after: u8 align(layout.line) = 0,

    pub const Shape = struct { num_buffers: u32, buffer_size: u64, label: []const u8 };

    /// In memory of this process.
    pub fn create(shape: Shape) !*Ring {
        const size = layout.byteSize(shape.num_buffers, shape.buffer_size).?;
        // A line behind the last slot, so that a neighbour in the heap does not share it.
        const whole = try Mapping.anonymous(@intCast(size + layout.line));
        errdefer whole.release();
        @as(*Header, @ptrCast(@alignCast(whole.address))).* = .init(shape.num_buffers, shape.buffer_size, shape.label);
        return over(whole, shape, null);
    }

    /// Takes the references to `whole` and to the home over, unless it fails.
    pub fn over(whole: *Mapping, shape: Shape, home: ?Home) !*Ring {
        const self = try allocator.create(Ring);
        errdefer allocator.destroy(self);
        const length: usize = @intCast(layout.byteSize(shape.num_buffers, shape.buffer_size).? - layout.slots_offset);
        const bytes: []align(64) u8 = @alignCast(whole.address[layout.slots_offset..][0..length]);
        const slots = try Mapping.borrowed(bytes, .{ .context = whole, .release = releaseWhole });
        _ = whole.retain();
        const header: *Header = @ptrCast(@alignCast(whole.address));
        var machine: Native = if (home == null) .private() else .betweenProcesses();
        self.* = .{
            .header = header,
            .whole = whole,
            .slots = slots,
            .num_buffers = shape.num_buffers,
            .buffer_size = shape.buffer_size,
            .label = @splat(0),
            .label_length = @intCast(shape.label.len),
            .home = home,
            .loops = .{ .context = self, .wake = wakeLoop },
            .id = undefined,
            .secret = undefined,
            .producer = undefined,
            .consumer = undefined,
        };
        @memcpy(self.label[0..shape.label.len], shape.label);
        machine.loops = &self.loops;
        self.producer = .init(header, machine, shape.num_buffers);
        self.consumer = .init(header, machine, shape.num_buffers);
        enroll(self);
        return self;
    }

    fn releaseWhole(context: *anyopaque) void {
        @as(*Mapping, @ptrCast(@alignCast(context))).release();
    }

    pub fn release(self: *Ring) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        strike(self);
        for (&self.watchers) |*watcher| watcher.stop(self);
        self.slots.release();
        self.whole.release();
        if (self.home) |*home| home.leave();
        allocator.destroy(self);
    }

    pub fn world(self: *const Ring) Native {
        return self.producer.world;
    }

    pub fn labelText(self: *const Ring) []const u8 {
        return self.label[0..self.label_length];
    }

    // Who holds the ends.

    /// What an end's owner word says while `thread` holds it.
    fn ownerWord(self: *const Ring, thread: *const Thread) u64 {
        return layout.first_owner +% if (self.home) |*home| home.process() else thread.id;
    }

    /// Makes the end `thread`'s, if nobody alive has it.
    pub fn take(self: *Ring, side: Side, thread: *const Thread) !void {
        const word = self.header.owner(side);
        var now = word.load(.monotonic);
        while (true) {
            if (now >= layout.first_owner and !self.isDead(now))
                return report.fail(error.role_taken, "the {s}'s end of the ring \"{s}\" belongs to another {s}.", .{ @tagName(side), self.labelText(), if (self.home == null) "thread" else "thread or process" });
            // Acquire pairs with the release in `vacate`: what the last owner did is done.
            now = word.cmpxchgWeak(now, self.ownerWord(thread), .acquire, .monotonic) orelse break;
        }
        switch (side) {
            .producer => self.producer.take(),
            .consumer => self.consumer.take(),
        }
    }

    pub fn vacate(self: *Ring, side: Side) void {
        // Release pairs with the acquire in `take` and in `isAbandoned`.
        self.header.owner(side).store(layout.vacated, .release);
        self.ringBoth();
    }

    /// Does the end belong to nobody any more? One that nobody has taken yet may still come.
    pub fn isAbandoned(self: *Ring, side: Side) bool {
        return self.header.owner(side).load(.acquire) == layout.vacated;
    }

    fn isDead(self: *Ring, word: u64) bool {
        const home = if (self.home) |*home| home else return false;
        return !home.isAlive(word -% layout.first_owner);
    }

    /// Looks whether the process at that end is alive; if not, whoever waits is told.
    pub fn probe(self: *Ring, side: Side) void {
        if (self.home == null) return;
        const word = self.header.owner(side);
        const now = word.load(.monotonic);
        if (now < layout.first_owner or !self.isDead(now)) return;
        // Release as in `vacate`: what the dead published was published before.
        if (word.cmpxchgStrong(now, layout.vacated, .release, .monotonic) == null) self.ringBoth();
    }

    /// Both ends may be taken by others from now on.
    pub fn forgetOwners(self: *Ring) void {
        for ([_]Side{ .producer, .consumer }) |side| {
            _ = self.header.owner(side).cmpxchgStrong(layout.vacated, layout.never_owned, .monotonic, .monotonic);
        }
    }

    fn ringBoth(self: *Ring) void {
        for ([_]Side{ .producer, .consumer }) |side| signal.ring(Native, self.world(), self.header, side);
    }

    // Sleeping in an event loop.

    /// `thread` is woken when there is something to do at that end. Again before each sleep; then it looks once more.
    pub fn sleepAt(self: *Ring, side: Side, thread: *Thread) !void {
        self.setSleeper(side, thread);
        if (self.home != null) return self.watchers[@intFromEnum(side)].follow(self, side);
        if (self.header.bell(side).load(.seq_cst) & layout.asleep_loop != 0) return;
        _ = signal.announce(Native, self.world(), self.header, side, layout.asleep_loop);
    }

    pub fn stopSleeping(self: *Ring, side: Side) void {
        self.setSleeper(side, null);
    }

    fn setSleeper(self: *Ring, side: Side, thread: ?*Thread) void {
        self.lock.lock();
        const before = self.sleepers[@intFromEnum(side)];
        self.sleepers[@intFromEnum(side)] = if (thread) |one| one.retain() else null;
        self.lock.unlock();
        if (before) |one| one.release();
    }

    pub fn hasSleeper(self: *Ring, side: Side) bool {
        self.lock.lock();
        defer self.lock.unlock();
        return self.sleepers[@intFromEnum(side)] != null;
    }

    pub fn wakeLoop(context: *anyopaque, side: Side) void {
        const self: *Ring = @ptrCast(@alignCast(context));
        self.lock.lock();
        defer self.lock.unlock();
        if (self.sleepers[@intFromEnum(side)]) |thread| thread.wake.signal();
    }
};

// Tokens: how another thread of this process finds a ring.

var registry_lock: futex.Mutex = .{};
var registry: ?*Ring = null;
var next_id: u32 = 1;

fn enroll(ring: *Ring) void {
    _ = linux.getrandom(@ptrCast(&ring.secret), @sizeOf([2]u32), 0);
    registry_lock.lock();
    defer registry_lock.unlock();
    ring.id = next_id;
    next_id +%= 1;
    ring.next = registry;
    registry = ring;
}

fn strike(ring: *Ring) void {
    registry_lock.lock();
    defer registry_lock.unlock();
    var link = &registry;
    while (link.*) |one| : (link = &one.next) {
        if (one != ring) continue;
        link.* = ring.next;
        return;
    }
}

/// The ring that a token names, retained; null when all its handles are closed.
pub fn find(id: u64, secret: [2]u64) ?*Ring {
    registry_lock.lock();
    defer registry_lock.unlock();
    var cursor = registry;
    while (cursor) |ring| : (cursor = ring.next) {
        if (ring.id != id or ring.secret[0] != secret[0] or ring.secret[1] != secret[1]) continue;
        var count = ring.references.load(.monotonic);
        // Without references it is just going away.
        while (count > 0) count = ring.references.cmpxchgWeak(count, count + 1, .monotonic, .monotonic) orelse return ring;
    }
    return null;
}
