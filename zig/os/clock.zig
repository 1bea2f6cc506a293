//! Moments that cost little to note: the processor's own counter (10 ns), where the system's clock takes 45 to 200 on a
//! virtual machine. They become nanoseconds of that clock later, on a thread with time for it. For measuring only: the
//! counters of two cores may differ by some nanoseconds.
const std = @import("std");
const builtin = @import("builtin");
const futex = @import("futex.zig");

/// The counter's value now.
pub inline fn ticks() u64 {
    return switch (builtin.cpu.arch) {
        .x86_64 => {
            var low: u32 = undefined;
            var high: u32 = undefined;
            asm volatile ("rdtsc"
                : [low] "={eax}" (low),
                  [high] "={edx}" (high),
            );
            return @as(u64, high) << 32 | low;
        },
        .aarch64 => asm volatile ("mrs %[value], cntvct_el0"
            : [value] "=r" (-> u64),
        ),
        else => futex.now(),
    };
}

/// The first moment at which both clocks were read; the longer ago, the better the rate is known.
var first_ticks = std.atomic.Value(u64).init(0);
var first_ns = std.atomic.Value(u64).init(0);

/// Notes the first moment. To be called some time before the first `Reference`.
pub fn start() void {
    if (first_ns.load(.acquire) != 0) return;
    const counter = ticks();
    if (first_ticks.cmpxchgStrong(0, counter, .monotonic, .monotonic) != null) return;
    // Release pairs with the acquire above and in `Reference.now`.
    first_ns.store(futex.now(), .release);
}

/// Now, in both clocks.
pub const Reference = struct {
    ticks: u64,
    ns: u64,
    ns_per_tick: f64,

    pub fn now() Reference {
        const counter = ticks();
        const ns = futex.now();
        const origin = first_ns.load(.acquire);
        const counted = counter -| first_ticks.load(.monotonic);
        if (origin == 0 or ns <= origin or counted == 0) return .{ .ticks = counter, .ns = ns, .ns_per_tick = 0 };
        return .{ .ticks = counter, .ns = ns, .ns_per_tick = @as(f64, @floatFromInt(ns - origin)) / @as(f64, @floatFromInt(counted)) };
    }

    /// The system's clock at an earlier moment.
    pub fn nsAt(self: Reference, earlier: u64) u64 {
        return self.ns -| @as(u64, @intFromFloat(@as(f64, @floatFromInt(self.ticks -| earlier)) * self.ns_per_tick));
    }
};

test "a moment that was noted becomes the clock's time at that moment" {
    start();
    for (0..5) |_| futex.pause();
    const before = futex.now();
    const noted = ticks();
    const after = futex.now();
    for (0..5) |_| futex.pause();
    const ns = Reference.now().nsAt(noted);
    // The rate is known to some parts in ten thousand after a few milliseconds.
    try std.testing.expect(ns + 50_000 >= before and ns <= after + 50_000);
    try std.testing.expect(Reference.now().nsAt(std.math.maxInt(u64)) <= futex.now());
}
