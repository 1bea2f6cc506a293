//! The machine as a ring sees it: atomics, fences, sleeping and waking. The tests have another one, in which a scheduler
//! decides (`explore.zig`).
const std = @import("std");
const builtin = @import("builtin");
const linux = std.os.linux;
const futex = @import("../os/futex.zig");
const layout = @import("layout.zig");

/// A pause is some 40 ns here, so about 10 us: longer than most answers take, shorter than a sleep and a wake.
const spins_usual = 250;

pub const Native = struct {
    pub const Atomic = std.atomic.Value;
    /// Debug builds begin shortly before the positions wrap.
    pub const laps_before_wrap: u64 = if (builtin.mode == .Debug) 2 else 0;

    /// Reachable by other processes: their threads cannot be fenced, and the futex is the file's.
    shared: bool,
    light: bool,
    /// Looks before a sleep; none on one processor, where who looks keeps the other end from running.
    spins_max: u32 = spins_usual,
    /// Wakes JavaScript threads.
    loops: ?*const Loops = null,

    pub const Loops = struct {
        context: *anyopaque,
        wake: *const fn (context: *anyopaque, side: layout.Side) void,
    };

    pub fn private() Native {
        return of(.{ .shared = false, .light = canFenceOthers() });
    }

    pub fn betweenProcesses() Native {
        return of(.{ .shared = true, .light = false });
    }

    fn of(self: Native) Native {
        // Counted now: who uses the ring may be kept on one processor by then, and the other end on another.
        _ = processors();
        return self;
    }

    pub fn spins(self: Native) usize {
        return if (processors() > 1) self.spins_max else 0;
    }

    pub inline fn relax() void {
        std.atomic.spinLoopHint();
    }

    pub inline fn compilerFence() void {
        asm volatile ("" ::: .{ .memory = true });
    }

    pub fn fenceOthers(_: Native) void {
        if (linux.errno(membarrier(private_expedited)) != .SUCCESS) unreachable; // registered by `canFenceOthers`
    }

    pub fn sleep(self: Native, bell: *Atomic(u32), expected: u32, timeout_ns: u64) void {
        if (self.shared) futex.waitShared(bell, expected, timeout_ns) else futex.waitPrivate(bell, expected, timeout_ns);
    }

    pub fn wake(self: Native, bell: *Atomic(u32), side: layout.Side, sleepers: u32) void {
        if (sleepers & layout.asleep_native != 0) {
            if (self.shared) futex.wakeShared(bell, std.math.maxInt(u31)) else futex.wakePrivate(bell, std.math.maxInt(u31));
        }
        if (sleepers & layout.asleep_loop != 0) if (self.loops) |loops| loops.wake(loops.context, side);
    }
};

const private_expedited = 1 << 3;
const register_private_expedited = 1 << 4;

fn membarrier(command: usize) usize {
    return linux.syscall2(.membarrier, command, 0);
}

const Ability = enum(u8) { unknown, yes, no };
var ability = std.atomic.Value(Ability).init(.unknown);

/// Old kernels and strict sandboxes have no `membarrier`; the publisher then pays for its own fence.
fn canFenceOthers() bool {
    // ThreadSanitizer's model of memory has no such fence.
    if (builtin.sanitize_thread) return false;
    const known = ability.load(.monotonic);
    if (known != .unknown) return known == .yes;
    const registered = linux.errno(membarrier(register_private_expedited)) == .SUCCESS;
    ability.store(if (registered) .yes else .no, .monotonic);
    return registered;
}

var processor_count = std.atomic.Value(u32).init(0);

fn processors() u32 {
    const known = processor_count.load(.monotonic);
    if (known != 0) return known;
    var set: linux.cpu_set_t = @splat(0);
    _ = linux.sched_getaffinity(0, @sizeOf(linux.cpu_set_t), &set);
    const count: u32 = @max(1, linux.CPU_COUNT(set));
    processor_count.store(count, .monotonic);
    return count;
}

test "a thread that was put on one processor after the ring was made looks for a while before it sleeps" {
    var whole: linux.cpu_set_t = @splat(0);
    _ = linux.sched_getaffinity(0, @sizeOf(linux.cpu_set_t), &whole);
    if (linux.CPU_COUNT(whole) < 2) return error.SkipZigTest;
    processor_count.store(0, .monotonic);
    const world: Native = .private();
    var one: linux.cpu_set_t = @splat(0);
    for (whole, &one) |word, *kept| if (word != 0) {
        kept.* = word & (~word +% 1);
        break;
    };
    try linux.sched_setaffinity(0, &one);
    defer linux.sched_setaffinity(0, &whole) catch {};
    try std.testing.expectEqual(spins_usual, world.spins());
}
