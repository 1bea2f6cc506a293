//! Where native threads ask for JavaScript callbacks, and the JavaScript thread finds what is asked: it calls the function
//! on its own and answers. The asking thread waits; nothing ever calls into JavaScript from outside.
const std = @import("std");
const futex = @import("../os/futex.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;
const Thread = @import("../abi/thread.zig").Thread;
const UserStream = @import("user_stream.zig").UserStream;

const allocator = std.heap.smp_allocator;

/// A callback that JavaScript is to make. `memory` is a reference for it.
pub const Request = struct { number: u32, key: u32, memory: *Mapping };

pub const Exchange = struct {
    references: std.atomic.Value(u32) = .init(1),
    owner: *Thread,
    lock: futex.Mutex = .{},
    /// Streams whose callback is wanted, in the order of asking; linked by `next`.
    first: ?*UserStream = null,
    /// Whose callback JavaScript is in, or was in when its thread ended; a reference.
    current: ?*UserStream = null,
    current_number: u32 = 0,
    /// Counts whatever the JavaScript thread may wait for; it sleeps on this word.
    events: std.atomic.Value(u32) = .init(0),
    /// Numbers the requests.
    asked: u32 = 0,

    pub fn create(owner: *Thread) !*Exchange {
        const self = try allocator.create(Exchange);
        self.* = .{ .owner = owner.retain() };
        return self;
    }

    pub fn retain(self: *Exchange) *Exchange {
        _ = self.references.fetchAdd(1, .monotonic);
        return self;
    }

    pub fn release(self: *Exchange) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        self.owner.release();
        allocator.destroy(self);
    }

    /// Something happened that the JavaScript thread wants to know.
    pub fn announce(self: *Exchange) void {
        // Release pairs with the acquire load before a poller looks at what happened.
        _ = self.events.fetchAdd(1, .release);
        futex.wakePrivate(&self.events, std.math.maxInt(u31));
        self.owner.wake.signal();
    }

    pub fn ask(self: *Exchange, stream: *UserStream) void {
        {
            self.lock.lock();
            defer self.lock.unlock();
            self.asked +%= 1;
            stream.request = self.asked;
            stream.next = null;
            var place = &self.first;
            while (place.*) |other| place = &other.next;
            place.* = stream;
        }
        self.announce();
    }

    /// The stream waits no longer, answered or not.
    pub fn withdraw(self: *Exchange, stream: *UserStream) void {
        self.lock.lock();
        defer self.lock.unlock();
        var place = &self.first;
        while (place.*) |other| : (place = &other.next) if (other == stream) {
            place.* = stream.next;
            return;
        };
    }

    pub fn wanted(self: *Exchange) bool {
        self.lock.lock();
        defer self.lock.unlock();
        return self.first != null;
    }

    /// The oldest request, to be answered. Null: nothing is wanted any more.
    pub fn take(self: *Exchange) ?Request {
        self.finish();
        self.lock.lock();
        defer self.lock.unlock();
        const stream = self.first orelse return null;
        self.first = stream.next;
        _ = stream.stream.retain();
        self.current = stream;
        self.current_number = stream.request;
        return .{ .number = stream.request, .key = stream.key, .memory = stream.memory.retain() };
    }

    /// The callback has returned; a request that was withdrawn meanwhile stays without consequence.
    pub fn answer(self: *Exchange, number: u32) void {
        {
            self.lock.lock();
            defer self.lock.unlock();
            const stream = self.current orelse return;
            if (self.current_number != number) return;
            if (stream.request == number) stream.answer();
        }
        self.finish();
    }

    /// JavaScript is in no callback any more.
    pub fn finish(self: *Exchange) void {
        self.lock.lock();
        const stream = self.current;
        self.current = null;
        self.lock.unlock();
        if (stream) |one| one.stream.release();
    }
};
