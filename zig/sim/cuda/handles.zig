//! What a driver hands out: numbers in the place of pointers. None is given twice, so one that is used after its object was
//! destroyed is found out.
const std = @import("std");
const Mutex = @import("../../os/futex.zig").Mutex;

const allocator = std.heap.smp_allocator;

/// Small numbers have meanings of their own: 1 and 2 are streams.
var next = std.atomic.Value(usize).init(0x1000);

pub fn fresh() usize {
    return next.fetchAdd(0x10, .monotonic);
}

/// Open objects of a kind, each with a reference of the table's. `T` has `retain` and `release`, and is made with a number.
pub fn Table(comptime T: type) type {
    return struct {
        lock: Mutex = .{},
        objects: std.AutoHashMapUnmanaged(usize, *T) = .empty,

        const Self = @This();

        pub fn add(self: *Self, number: usize, object: *T) !void {
            self.lock.lock();
            defer self.lock.unlock();
            try self.objects.put(allocator, number, object);
        }

        /// Retained; null: there is no such object, or none any more.
        pub fn get(self: *Self, pointer: ?*const anyopaque) ?*T {
            self.lock.lock();
            defer self.lock.unlock();
            const object = self.objects.get(@intFromPtr(pointer)) orelse return null;
            object.retain();
            return object;
        }

        /// With the table's reference.
        pub fn take(self: *Self, pointer: ?*const anyopaque) ?*T {
            self.lock.lock();
            defer self.lock.unlock();
            const entry = self.objects.fetchRemove(@intFromPtr(pointer)) orelse return null;
            return entry.value;
        }

        /// One that `wanted` accepts, with the table's reference.
        pub fn takeAny(self: *Self, wanted: anytype) ?*T {
            self.lock.lock();
            defer self.lock.unlock();
            var entries = self.objects.iterator();
            while (entries.next()) |entry| {
                if (!wanted.accepts(entry.value_ptr.*)) continue;
                const object = entry.value_ptr.*;
                self.objects.removeByPtr(entry.key_ptr);
                return object;
            }
            return null;
        }

        /// Those of devices from this number on that could be given back: with a device in error nothing can be done about
        /// what is left.
        pub fn count(self: *Self, from: c_int) u64 {
            self.lock.lock();
            defer self.lock.unlock();
            var found: u64 = 0;
            var objects = self.objects.valueIterator();
            while (objects.next()) |object| if (object.*.device.number >= from and !object.*.device.isBroken()) {
                found += 1;
            };
            return found;
        }
    };
}
