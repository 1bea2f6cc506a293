//! How the two ends of a ring tell each other: publishing a position, sleeping until the other end publishes one, and what
//! concerns both (invalid, reset, rewind).
//!
//! Sleeping is Dekker's handshake: the sleeper sets its bell, then looks at the position once more; the publisher stores
//! the position, then looks at the bell. A full fence between the two steps on both sides makes sure that one of them
//! sees the other. `world.light` moves the publisher's fence to the sleeper, which makes every other thread of the
//! process pass one (`membarrier`): publishing is then a plain store and a load, and going to sleep the costly part.
const layout = @import("layout.zig");
const Side = layout.Side;

pub inline fn publish(
    comptime World: type,
    world: World,
    position: *World.Atomic(u64),
    value: u64,
    header: *layout.Header(World),
    reader: Side,
) void {
    const bell = header.bell(reader);
    if (world.light) {
        // Release pairs with the acquire of the end that reads the position. The order of this store and the load
        // below is the compiler's only; `world.fenceOthers` in `sleep` makes it the processor's when it matters.
        position.store(value, .release);
        World.compilerFence();
        if (bell.load(.monotonic) == 0) return;
    } else {
        // Sequentially consistent, store and load: pairs with `sleep`, see above.
        position.store(value, .seq_cst);
        if (bell.load(.seq_cst) == 0) return;
    }
    ring(World, world, header, reader);
}

/// Wakes whoever sleeps on that side.
pub fn ring(comptime World: type, world: World, header: *layout.Header(World), side: Side) void {
    @branchHint(.cold);
    const bell = header.bell(side);
    const sleepers = bell.swap(0, .seq_cst);
    if (sleepers != 0) world.wake(bell, side, sleepers);
}

pub fn wait(comptime World: type, world: World, end: anytype, side: Side, timeout_ns: u64) void {
    for (0..world.spins()) |_| {
        if (end.ready()) return;
        World.relax();
    }
    sleep(World, world, end, side, timeout_ns);
}

fn sleep(comptime World: type, world: World, end: anytype, side: Side, timeout_ns: u64) void {
    const bell = end.header.bell(side);
    const before = announce(World, world, end.header, side, layout.asleep_native);
    if (end.ready()) {
        _ = bell.fetchAnd(~layout.asleep_native, .monotonic);
        return;
    }
    // A bell that stays set after the time has run out costs the next publisher one call for nothing.
    world.sleep(bell, before | layout.asleep_native, timeout_ns);
}

/// From here on publishing wakes `sleeper`, or what was published is seen by a look after this. Returns the bell before.
pub fn announce(comptime World: type, world: World, header: *layout.Header(World), side: Side, sleeper: u32) u32 {
    // Sequentially consistent: pairs with `publish`.
    const before = header.bell(side).fetchOr(sleeper, .seq_cst);
    if (world.light) world.fenceOthers();
    return before;
}

/// Every call ends now, and later ones do not wait. Returns whether the ring was valid.
pub fn invalidate(comptime World: type, world: World, header: *layout.Header(World)) bool {
    // Sequentially consistent: pairs with `ready` after `announce`.
    const before = header.state.fetchOr(layout.invalid, .seq_cst);
    for ([_]Side{ .producer, .consumer }) |side| ring(World, world, header, side);
    return before & layout.invalid == 0;
}

/// Back to an empty, valid ring. Both ends should have let go: what they publish meanwhile may be lost.
pub fn reset(comptime World: type, world: World, header: *layout.Header(World), slot_count: u64) void {
    var before = header.state.fetchOr(layout.invalid, .seq_cst) | layout.invalid;
    header.write.store(layout.start(World, slot_count), .monotonic);
    header.read.store(layout.start(World, slot_count), .monotonic);
    // Release pairs with the acquire in `follow` of both ends.
    while (header.state.cmpxchgWeak(before, (before +% layout.epoch) & ~layout.invalid, .seq_cst, .seq_cst)) |now| before = now;
    for ([_]Side{ .producer, .consumer }) |side| ring(World, world, header, side);
}

/// From any thread: the consumer's locked slots go back to the front, as its next call will find.
pub fn rewind(comptime World: type, world: World, header: *layout.Header(World)) void {
    // Sequentially consistent: pairs with `ready` after `announce`.
    _ = header.state.fetchAdd(layout.epoch, .seq_cst);
    ring(World, world, header, .consumer);
}

pub fn isValid(comptime World: type, header: *layout.Header(World)) bool {
    return header.state.load(.acquire) & layout.invalid == 0;
}
