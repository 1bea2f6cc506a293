//! One recording of an event: a point of a stream.
const std = @import("std");
const futex = @import("../../os/futex.zig");

const allocator = std.heap.smp_allocator;

pub const Record = struct {
    references: std.atomic.Value(u32) = .init(1),
    reached: std.atomic.Value(u32) = .init(0),
    at_ns: u64 = 0,

    pub fn create() !*Record {
        const self = try allocator.create(Record);
        self.* = .{};
        return self;
    }

    pub fn retain(self: *Record) *Record {
        _ = self.references.fetchAdd(1, .monotonic);
        return self;
    }

    pub fn release(self: *Record) void {
        if (self.references.fetchSub(1, .acq_rel) == 1) allocator.destroy(self);
    }

    pub fn reach(self: *Record) void {
        self.at_ns = futex.now();
        // Release pairs with the acquire in `isReached`: what the stream did before is there, and the time.
        self.reached.store(1, .release);
        futex.wakePrivate(&self.reached, std.math.maxInt(u31));
    }

    pub fn isReached(self: *const Record) bool {
        return self.reached.load(.acquire) != 0;
    }

    pub fn wait(self: *const Record) void {
        while (!self.isReached()) futex.waitPrivate(&self.reached, 0, null);
    }
};
