//! A stream: operations in order, done by a thread of its own. It lives until it was destroyed and has nothing left to do.
const std = @import("std");
const Mutex = @import("../../os/futex.zig").Mutex;
const futex = @import("../../os/futex.zig");
const stack = @import("../../os/stack.zig");
const Device = @import("device.zig").Device;
const failure = @import("failure.zig");
const handles = @import("handles.zig");
const Operation = @import("operation.zig").Operation;
const Work = @import("operation.zig").Work;

const allocator = std.heap.smp_allocator;

pub var open: handles.Table(Stream) = .{};

pub const Stream = struct {
    references: std.atomic.Value(u32) = .init(1),
    device: *Device,
    handle: usize,
    /// Goes with the legacy default stream, in both directions.
    blocking: bool,
    lock: Mutex = .{},
    first: ?*Operation = null,
    last: ?*Operation = null,
    /// Under the lock.
    issued: u64 = 0,
    asleep: bool = false,
    closing: bool = false,
    signal: std.atomic.Value(u32) = .init(0),
    completed: std.atomic.Value(u64) = .init(0),
    progress: std.atomic.Value(u32) = .init(0),
    waiters: std.atomic.Value(u32) = .init(0),

    /// With a reference for the caller; another is the thread's.
    pub fn create(device: *Device, blocking: bool) failure.Failure!*Stream {
        const self = try allocator.create(Stream);
        errdefer allocator.destroy(self);
        self.* = .{ .device = device, .handle = handles.fresh(), .blocking = blocking, .references = .init(2) };
        device.lock.lock();
        defer device.lock.unlock();
        try device.streams.append(allocator, self);
        const thread = std.Thread.spawn(.{ .stack_size = stack.small }, work, .{self}) catch {
            device.streams.items.len -= 1;
            return failure.say(.operating_system, "no thread for a stream", .{});
        };
        thread.detach();
        return self;
    }

    pub fn retain(self: *Stream) void {
        _ = self.references.fetchAdd(1, .monotonic);
    }

    pub fn release(self: *Stream) void {
        if (self.references.fetchSub(1, .acq_rel) == 1) allocator.destroy(self);
    }

    /// Puts work at the end, which owns what it refers to once this has succeeded. Gives its ticket.
    pub fn push(self: *Stream, task: Work) failure.Failure!u64 {
        try self.orderWithLegacy();
        return self.append(try Operation.create(task));
    }

    fn append(self: *Stream, operation: *Operation) u64 {
        self.lock.lock();
        if (self.last) |last| last.next = operation else self.first = operation;
        self.last = operation;
        self.issued += 1;
        const ticket = self.issued;
        const wake = self.asleep;
        self.asleep = false;
        self.lock.unlock();
        if (wake) self.wakeWorker();
        return ticket;
    }

    fn wakeWorker(self: *Stream) void {
        _ = self.signal.fetchAdd(1, .release);
        futex.wakePrivate(&self.signal, 1);
    }

    pub fn lastTicket(self: *Stream) u64 {
        self.lock.lock();
        defer self.lock.unlock();
        return self.issued;
    }

    pub fn isReached(self: *const Stream, ticket: u64) bool {
        // Acquire pairs with the release in `work`: what was done is there.
        return self.completed.load(.acquire) >= ticket;
    }

    pub fn waitFor(self: *Stream, ticket: u64) void {
        // Sequentially consistent, as in `work`: whoever completes sees the waiter, or the waiter sees the completion.
        _ = self.waiters.fetchAdd(1, .seq_cst);
        defer _ = self.waiters.fetchSub(1, .seq_cst);
        while (true) {
            const seen = self.progress.load(.seq_cst);
            if (self.isReached(ticket)) return;
            futex.waitPrivate(&self.progress, seen, null);
        }
    }

    pub fn drain(self: *Stream) void {
        self.waitFor(self.lastTicket());
    }

    /// The thread ends when it has done what there is.
    pub fn close(self: *Stream) void {
        self.lock.lock();
        self.closing = true;
        self.asleep = false;
        self.lock.unlock();
        self.wakeWorker();
        self.release();
    }

    /// A blocking stream goes after what the legacy default stream has, and that one after what blocking streams have.
    fn orderWithLegacy(self: *Stream) failure.Failure!void {
        if (!self.blocking) return;
        const device = self.device;
        device.lock.lock();
        defer device.lock.unlock();
        const default = device.legacy orelse return;
        if (self != default) return self.follow(default);
        for (device.streams.items) |other| if (other != self and other.blocking) try self.follow(other);
    }

    fn follow(self: *Stream, other: *Stream) failure.Failure!void {
        const ticket = other.lastTicket();
        if (other.isReached(ticket)) return;
        const operation = try allocator.create(Operation);
        other.retain();
        operation.* = .{ .fault = null, .work = .{ .follow = .{ .stream = other, .ticket = ticket } } };
        _ = self.append(operation);
    }

    /// The thread.
    fn work(self: *Stream) void {
        while (self.next()) |operation| {
            operation.run(self.device);
            operation.destroy();
            // Release pairs with the acquire in `isReached`.
            _ = self.completed.fetchAdd(1, .release);
            _ = self.progress.fetchAdd(1, .seq_cst);
            if (self.waiters.load(.seq_cst) != 0) futex.wakePrivate(&self.progress, std.math.maxInt(u31));
        }
        const device = self.device;
        device.lock.lock();
        for (device.streams.items, 0..) |one, index| if (one == self) {
            _ = device.streams.swapRemove(index);
            break;
        };
        device.lock.unlock();
        self.release();
    }

    /// Waits for one; null: the stream was closed, and nothing is left.
    fn next(self: *Stream) ?*Operation {
        while (true) {
            self.lock.lock();
            const seen = self.signal.load(.acquire);
            if (self.first) |operation| {
                self.first = operation.next;
                if (self.first == null) self.last = null;
                self.lock.unlock();
                return operation;
            }
            const done = self.closing;
            self.asleep = true;
            self.lock.unlock();
            if (done) return null;
            futex.waitPrivate(&self.signal, seen, null);
        }
    }
};

/// The stream of a handle, retained: of the device, whose legacy default stream 0, 1 and 2 stand for.
pub fn of(device: *Device, handle: ?*const anyopaque) failure.Failure!*Stream {
    if (@intFromPtr(handle) <= 2) return legacy(device);
    const stream = open.get(handle) orelse return failure.fail(.invalid_handle);
    if (stream.device == device) return stream;
    stream.release();
    return failure.fail(.invalid_handle);
}

fn legacy(device: *Device) failure.Failure!*Stream {
    device.lock.lock();
    const known = device.legacy;
    device.lock.unlock();
    const stream = known orelse made: {
        const fresh = try Stream.create(device, true);
        device.lock.lock();
        defer device.lock.unlock();
        if (device.legacy == null) {
            device.legacy = fresh;
            break :made fresh;
        }
        fresh.close();
        break :made device.legacy.?;
    };
    stream.retain();
    return stream;
}

/// Waits until every stream of the device has done what it was given before.
pub fn drainAll(device: *Device) failure.Failure!void {
    device.lock.lock();
    const streams = allocator.dupe(*Stream, device.streams.items) catch {
        device.lock.unlock();
        return error.OutOfMemory;
    };
    for (streams) |stream| stream.retain();
    device.lock.unlock();
    defer allocator.free(streams);
    for (streams) |stream| {
        stream.drain();
        stream.release();
    }
}

pub const OfDevice = struct {
    device: *Device,

    pub fn accepts(self: OfDevice, object: anytype) bool {
        return object.device == self.device;
    }
};

/// Closes what is open of the device; says how many.
pub fn abandon(device: *Device) u64 {
    var count: u64 = 0;
    while (open.takeAny(OfDevice{ .device = device })) |stream| : (count += 1) stream.close();
    device.lock.lock();
    const default = device.legacy;
    device.legacy = null;
    device.lock.unlock();
    if (default) |stream| stream.close();
    return count;
}
