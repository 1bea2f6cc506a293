//! The machine of `native.zig`, in a test's hands: every access is a step of `schedule.zig`. One word per atomic, whatever
//! its width.
const schedule = @import("schedule.zig");
const layout = @import("layout.zig");
const AtomicOrder = @import("std").builtin.AtomicOrder;

pub const Simulated = struct {
    /// The positions wrap in the middle of a scene.
    pub const laps_before_wrap: u64 = 1;

    light: bool,
    /// Defects, to see that the search finds them.
    defect: Defect = .none,

    pub const Defect = enum { none, no_fence, no_wake };

    pub fn Atomic(comptime T: type) type {
        return extern struct {
            const Self = @This();

            word: u64,

            pub fn init(value: T) Self {
                return .{ .word = value };
            }

            pub fn load(self: *const Self, comptime _: AtomicOrder) T {
                const scheduler = schedule.current orelse return @intCast(self.word);
                if (scheduler.running == null) return @intCast(self.word);
                return @intCast(scheduler.load(&self.word));
            }

            pub fn store(self: *Self, value: T, comptime order: AtomicOrder) void {
                schedule.current.?.store(&self.word, value, order == .seq_cst);
            }

            pub fn swap(self: *Self, value: T, comptime _: AtomicOrder) T {
                return self.modify(value, replace);
            }

            pub fn fetchAdd(self: *Self, value: T, comptime _: AtomicOrder) T {
                return self.modify(value, add);
            }

            pub fn fetchOr(self: *Self, value: T, comptime _: AtomicOrder) T {
                return self.modify(value, unite);
            }

            pub fn fetchAnd(self: *Self, value: T, comptime _: AtomicOrder) T {
                return self.modify(value, intersect);
            }

            pub fn cmpxchgWeak(self: *Self, expected: T, value: T, comptime _: AtomicOrder, comptime _: AtomicOrder) ?T {
                const before: T = @intCast(schedule.current.?.modify(&self.word, Compare{ .expected = expected, .value = value }, Compare.apply));
                return if (before == expected) null else before;
            }

            fn modify(self: *Self, value: T, comptime change: fn (u64, u64) u64) T {
                return @intCast(schedule.current.?.modify(&self.word, @as(u64, value), change));
            }
        };
    }

    pub fn spins(_: Simulated) usize {
        return 0;
    }

    pub fn relax() void {}

    pub fn compilerFence() void {}

    pub fn fenceOthers(self: Simulated) void {
        if (self.defect != .no_fence) schedule.current.?.fenceAll();
    }

    pub fn sleep(_: Simulated, bell: *Atomic(u32), expected: u32, _: u64) void {
        schedule.current.?.sleep(&bell.word, expected);
    }

    pub fn wake(self: Simulated, bell: *Atomic(u32), _: layout.Side, _: u32) void {
        if (self.defect != .no_wake) schedule.current.?.wake(&bell.word);
    }
};

const Compare = struct {
    expected: u64,
    value: u64,

    fn apply(self: Compare, before: u64) u64 {
        return if (before == self.expected) self.value else before;
    }
};

fn replace(value: u64, _: u64) u64 {
    return value;
}

fn add(value: u64, before: u64) u64 {
    return before +% value;
}

fn unite(value: u64, before: u64) u64 {
    return before | value;
}

fn intersect(value: u64, before: u64) u64 {
    return before & value;
}
