//! A mutex between threads of one process. `std`'s lives behind `std.Io` now, which a library loaded into a foreign
//! process has no instance of. The three states are Drepper's ("Futexes Are Tricky", mutex 2).
const std = @import("std");
const builtin = @import("builtin");
const linux = std.os.linux;

pub const Mutex = struct {
    state: std.atomic.Value(u32) = .init(free),

    const free = 0;
    const taken = 1;
    const contended = 2;

    pub fn lock(self: *Mutex) void {
        // Acquire pairs with the release in `unlock`.
        if (self.state.cmpxchgWeak(free, taken, .acquire, .monotonic) == null) return;
        for (0..100) |_| {
            std.atomic.spinLoopHint();
            if (self.state.load(.monotonic) == free and self.state.cmpxchgWeak(free, taken, .acquire, .monotonic) == null) return;
        }
        while (self.state.swap(contended, .acquire) != free) waitPrivate(&self.state, contended, null);
    }

    pub fn unlock(self: *Mutex) void {
        // Release pairs with the acquire in `lock`.
        if (self.state.swap(free, .release) == contended) wakePrivate(&self.state, 1);
    }
};

/// Sleeps while `word` holds `expected`; `timeout_ns` null waits for ever. Spurious wake-ups happen.
pub fn waitPrivate(word: *const std.atomic.Value(u32), expected: u32, timeout_ns: ?u64) void {
    wait(word, expected, timeout_ns, true);
}

pub fn wakePrivate(word: *const std.atomic.Value(u32), count: u31) void {
    _ = linux.futex_3arg(word, .{ .cmd = .WAKE, .private = true }, count);
}

/// Across processes: the futex is looked up by file and offset, not by address.
pub fn waitShared(word: *const std.atomic.Value(u32), expected: u32, timeout_ns: ?u64) void {
    wait(word, expected, timeout_ns, false);
}

pub fn wakeShared(word: *const std.atomic.Value(u32), count: u31) void {
    _ = linux.futex_3arg(word, .{ .cmd = .WAKE, .private = false }, count);
}

fn wait(word: *const std.atomic.Value(u32), expected: u32, timeout_ns: ?u64, private: bool) void {
    var spec: linux.timespec = undefined;
    const limit: ?*const linux.timespec = if (timeout_ns) |ns| blk: {
        spec = .{ .sec = @intCast(ns / std.time.ns_per_s), .nsec = @intCast(ns % std.time.ns_per_s) };
        break :blk &spec;
    } else null;
    _ = linux.futex_4arg(word, .{ .cmd = .WAIT, .private = private }, expected, limit);
}

/// A millisecond, for the few waits that have nothing to sleep on.
pub fn pause() void {
    const spec: linux.timespec = .{ .sec = 0, .nsec = std.time.ns_per_ms };
    _ = linux.nanosleep(&spec, null);
}

/// Monotonic nanoseconds.
pub fn now() u64 {
    return read(.MONOTONIC);
}

/// The same in a fifth of the time (14 against 70 ns), exact to a tick of the system: 1 to 10 ms.
pub fn nowByTick() u64 {
    return read(if (builtin.os.tag == .linux) .MONOTONIC_COARSE else .MONOTONIC);
}

/// Through libc: `std.os.linux` does not find the vDSO in a process that libc started, and makes a system call (230 ns).
fn read(clock: std.c.clockid_t) u64 {
    var spec: std.c.timespec = undefined;
    _ = std.c.clock_gettime(clock, &spec);
    return @as(u64, @intCast(spec.sec)) * std.time.ns_per_s + @as(u64, @intCast(spec.nsec));
}

test "a mutex excludes" {
    const Shared = struct {
        var mutex: Mutex = .{};
        var count: u64 = 0;
        fn run() void {
            for (0..20_000) |_| {
                mutex.lock();
                defer mutex.unlock();
                count += 1;
            }
        }
    };
    var threads: [4]std.Thread = undefined;
    for (&threads) |*thread| thread.* = try std.Thread.spawn(.{}, Shared.run, .{});
    for (threads) |thread| thread.join();
    try std.testing.expectEqual(80_000, Shared.count);
}
