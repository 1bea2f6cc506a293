//! Handles: a slot and a generation. JavaScript holds two integers; every call checks them here, so nothing that it
//! passes can reach freed memory. A slot whose generation is used up retires; nothing wraps.
const std = @import("std");
const Mutex = @import("../os/futex.zig").Mutex;
const report = @import("report.zig");

pub const Kind = enum(u8) { none, context, allocation, memory, job, replica, session, queue, ring, stream, device, simulation, cuda_device, cuda_stream, cuda_event, cuda_memory, cuda_registration, cuda_simulation, cuda_publication };

pub const Handle = struct { slot: u32, generation: u32 };

/// One word per slot, so that a check and a pin are one compare-and-swap.
const State = packed struct(u64) { pins: u31 = 0, open: bool = false, generation: u32 = 1 };

const Entry = struct {
    state: std.atomic.Value(u64) = .init(@bitCast(State{})),
    kind: Kind = .none,
    owner: u32 = 0,
    object: *anyopaque = undefined,
    destroy: *const fn (*anyopaque) void = undefined,
    next_free: u32 = 0,
};

const chunk_size = 1024;
const chunks_max = 1024;

var chunks: [chunks_max]std.atomic.Value(?*[chunk_size]Entry) = @splat(.init(null));
var chunk_count: u32 = 0;
var free_head: u32 = 0; // slot + 1; 0 is the end of the list
var table_lock: Mutex = .{};
var live = std.atomic.Value(u32).init(0);

/// How many handles are open in this process, for leak checks.
pub fn liveCount() u32 {
    return live.load(.monotonic);
}

fn entryAt(slot: u32) ?*Entry {
    if (slot >= chunk_size * chunks_max) return null;
    // Acquire pairs with the release in `grow`.
    const chunk = chunks[slot / chunk_size].load(.acquire) orelse return null;
    return &chunk[slot % chunk_size];
}

fn grow() !void {
    if (chunk_count == chunks_max) return report.fail(error.out_of_handles, "{d} native objects are open.", .{liveCount()});
    const chunk = try std.heap.smp_allocator.create([chunk_size]Entry);
    for (chunk, 0..) |*entry, index| {
        entry.* = .{};
        // Slot 0 is never handed out: zeroed memory is not a handle.
        const slot = chunk_count * chunk_size + @as(u32, @intCast(index));
        if (slot == 0) continue;
        entry.next_free = free_head;
        free_head = slot + 1;
    }
    // Release pairs with the acquire in `entryAt`.
    chunks[chunk_count].store(chunk, .release);
    chunk_count += 1;
}

/// Makes a handle for `object`, which `destroy` frees when the handle is closed and no call is inside it any more.
/// `owner` is the JavaScript thread whose end closes it (0: none).
pub fn open(kind: Kind, owner: u32, object: *anyopaque, destroy: *const fn (*anyopaque) void) !Handle {
    table_lock.lock();
    defer table_lock.unlock();
    if (free_head == 0) try grow();
    const slot = free_head - 1;
    const entry = entryAt(slot).?;
    free_head = entry.next_free;
    entry.kind = kind;
    entry.owner = owner;
    entry.object = object;
    entry.destroy = destroy;
    var state: State = @bitCast(entry.state.load(.monotonic));
    std.debug.assert(!state.open and state.pins == 0);
    state.open = true;
    // Release pairs with the acquire in `pin`: the fields above are visible to whoever sees the handle open.
    entry.state.store(@bitCast(state), .release);
    _ = live.fetchAdd(1, .monotonic);
    return .{ .slot = slot, .generation = state.generation };
}

pub fn Pinned(comptime T: type) type {
    return struct {
        ptr: *T,
        slot: u32,

        pub fn release(self: @This()) void {
            unpin(self.slot);
        }
    };
}

/// Checks the handle and keeps its object alive until `release`, whatever other threads close meanwhile.
/// `T` names its kind: `pub const kind: Kind`.
pub fn pin(comptime T: type, slot: u32, generation: u32) !Pinned(T) {
    const entry = try pinEntry(slot, generation, T.kind);
    return .{ .ptr = @ptrCast(@alignCast(entry.object)), .slot = slot };
}

/// An object of the calling thread's own, for calls that are too short for a pin (two locked instructions): nobody but this
/// thread closes it, and this thread is in here. `owner` is the thread's id, as given to `open`.
pub inline fn own(comptime T: type, owner: u32, slot: u32, generation: u32) !*T {
    if (entryAt(slot)) |entry| {
        // Acquire pairs with the release in `open`.
        const state: State = @bitCast(entry.state.load(.acquire));
        if (state.open and state.generation == generation and entry.owner == owner and entry.kind == T.kind)
            return @ptrCast(@alignCast(entry.object));
    }
    return notOwn(T.kind, slot, generation);
}

fn notOwn(kind: Kind, slot: u32, generation: u32) anyerror {
    @branchHint(.cold);
    _ = try pinEntry(slot, generation, kind);
    unpin(slot);
    return report.fail(error.wrong_thread, "the {s} {d}.{d} belongs to another thread.", .{ @tagName(kind), slot, generation });
}

/// What the handle is of, for calls that take several kinds; `none` when it is nothing that is open. Whoever goes by it pins
/// afterwards: only that is proof.
pub fn kindOf(slot: u32, generation: u32) Kind {
    const entry = entryAt(slot) orelse return .none;
    // Acquire pairs with the release in `open`.
    const state: State = @bitCast(entry.state.load(.acquire));
    return if (state.open and state.generation == generation) entry.kind else .none;
}

fn pinEntry(slot: u32, generation: u32, kind: Kind) !*Entry {
    const entry = entryAt(slot) orelse return invalid(slot, generation);
    var raw = entry.state.load(.acquire);
    while (true) {
        var state: State = @bitCast(raw);
        try check(state, slot, generation);
        if (entry.kind != kind) return report.fail(error.wrong_kind, "handle {d}.{d} is a {s}, not a {s}.", .{ slot, generation, @tagName(entry.kind), @tagName(kind) });
        state.pins += 1;
        // Acquire pairs with the release in `open`.
        raw = entry.state.cmpxchgWeak(raw, @bitCast(state), .acquire, .acquire) orelse return entry;
    }
}

fn check(state: State, slot: u32, generation: u32) !void {
    if (generation == 0 or generation > state.generation or slot == 0) return invalid(slot, generation);
    if (generation == state.generation and state.open) return;
    if (generation < state.generation and state.open)
        return report.fail(error.stale_handle, "handle {d}.{d} is stale: its slot is in generation {d}.", .{ slot, generation, state.generation });
    if (generation == state.generation and state.pins == 0) return invalid(slot, generation);
    return report.fail(error.closed, "handle {d}.{d} was closed.", .{ slot, generation });
}

fn invalid(slot: u32, generation: u32) anyerror {
    return report.fail(error.invalid_argument, "{d}.{d} is no handle.", .{ slot, generation });
}

fn unpin(slot: u32) void {
    const entry = entryAt(slot).?;
    // Release pairs with the acquire of whoever drops the last pin and destroys.
    const before: State = @bitCast(entry.state.fetchSub(1, .acq_rel));
    std.debug.assert(before.pins > 0);
    if (before.pins == 1 and !before.open) retire(slot, entry);
}

/// Closes a handle: later calls get `closed`; the object goes when the last call inside it returns.
pub fn close(kind: Kind, slot: u32, generation: u32) !void {
    const entry = try pinEntry(slot, generation, kind);
    defer unpin(slot);
    var raw = entry.state.load(.acquire);
    while (true) {
        var state: State = @bitCast(raw);
        if (!state.open) return report.fail(error.closed, "handle {d}.{d} was closed.", .{ slot, generation });
        state.open = false;
        raw = entry.state.cmpxchgWeak(raw, @bitCast(state), .acq_rel, .acquire) orelse break;
    }
}

/// Closes the thread's open handles of a kind whose objects `matches` accepts.
pub fn closeMatching(kind: Kind, owner: u32, context: *anyopaque, matches: *const fn (object: *anyopaque, context: *anyopaque) bool) void {
    var slot: u32 = 1;
    while (entryAt(slot)) |entry| : (slot += 1) {
        const state: State = @bitCast(entry.state.load(.acquire));
        if (!state.open or entry.owner != owner or entry.kind != kind) continue;
        const held = pinEntry(slot, state.generation, kind) catch continue;
        defer unpin(slot);
        if (matches(held.object, context)) close(kind, slot, state.generation) catch {};
    }
}

fn retire(slot: u32, entry: *Entry) void {
    entry.destroy(entry.object);
    _ = live.fetchSub(1, .monotonic);
    table_lock.lock();
    defer table_lock.unlock();
    var state: State = @bitCast(entry.state.load(.monotonic));
    if (state.generation == std.math.maxInt(u32)) return;
    state.generation += 1;
    entry.state.store(@bitCast(state), .release);
    entry.next_free = free_head;
    free_head = slot + 1;
}

/// Closes everything that a JavaScript thread left open. Kinds close in the order given by `order` (users before
/// what they use).
pub fn closeOwnedBy(owner: u32) void {
    inline for (.{ Kind.job, .replica, .session, .queue, .ring, .stream, .device, .cuda_registration, .cuda_publication, .cuda_event, .cuda_stream, .cuda_memory, .cuda_device, .simulation, .cuda_simulation, .allocation, .memory, .context }) |kind| {
        var slot: u32 = 1;
        while (entryAt(slot)) |entry| : (slot += 1) {
            const state: State = @bitCast(entry.state.load(.acquire));
            if (state.open and entry.owner == owner and entry.kind == kind) close(kind, slot, state.generation) catch {};
        }
    }
}

const Probe = struct {
    const kind: Kind = .memory;
    destroyed: bool = false,
    fn destroy(object: *anyopaque) void {
        const self: *Probe = @ptrCast(@alignCast(object));
        self.destroyed = true;
    }
};

test "wrong kind, stale, closed and random handles are told apart" {
    var a: Probe = .{};
    const first = try open(.memory, 0, &a, Probe.destroy);
    try std.testing.expectError(error.wrong_kind, pinEntry(first.slot, first.generation, .context));
    try close(.memory, first.slot, first.generation);
    try std.testing.expect(a.destroyed);
    try std.testing.expectError(error.closed, close(.memory, first.slot, first.generation));
    var b: Probe = .{};
    const second = try open(.memory, 0, &b, Probe.destroy);
    try std.testing.expectEqual(first.slot, second.slot);
    try std.testing.expectError(error.stale_handle, pin(Probe, first.slot, first.generation));
    try std.testing.expectError(error.invalid_argument, pin(Probe, first.slot, 0));
    try std.testing.expectError(error.invalid_argument, pin(Probe, 0xffff_ffff, 1));
    try close(.memory, second.slot, second.generation);
}

test "a pinned object outlives its handle" {
    var a: Probe = .{};
    const handle = try open(.memory, 0, &a, Probe.destroy);
    const pinned = try pin(Probe, handle.slot, handle.generation);
    try close(.memory, handle.slot, handle.generation);
    try std.testing.expect(!a.destroyed);
    try std.testing.expectError(error.closed, pin(Probe, handle.slot, handle.generation));
    pinned.release();
    try std.testing.expect(a.destroyed);
}

test "handles behave as a reference model does, over seeded random steps" {
    for (0..16) |seed| {
        var random = std.Random.DefaultPrng.init(seed);
        var probes: [256]Probe = @splat(.{});
        var handles: [256]?Handle = @splat(null);
        var opened: usize = 0;
        for (0..256) |_| {
            if (opened < probes.len and random.random().boolean()) {
                handles[opened] = try open(.memory, 7, &probes[opened], Probe.destroy);
                opened += 1;
            } else if (opened > 0) {
                const index = random.random().uintLessThan(usize, opened);
                const handle = handles[index].?;
                if (probes[index].destroyed) {
                    try std.testing.expect(std.meta.isError(close(.memory, handle.slot, handle.generation)));
                } else try close(.memory, handle.slot, handle.generation);
                try std.testing.expect(probes[index].destroyed);
            }
        }
        closeOwnedBy(7);
        for (probes[0..opened]) |probe| try std.testing.expect(probe.destroyed);
    }
}
