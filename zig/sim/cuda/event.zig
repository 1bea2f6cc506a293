//! An event: the latest recording of it. One for other processes also counts recordings where these can see it.
const std = @import("std");
const futex = @import("../../os/futex.zig");
const Mutex = @import("../../os/futex.zig").Mutex;
const Device = @import("device.zig").Device;
const exports = @import("exports.zig");
const failure = @import("failure.zig");
const handles = @import("handles.zig");
const Import = @import("import.zig").Import;
const OfDevice = @import("stream.zig").OfDevice;
const Record = @import("record.zig").Record;
const Stream = @import("stream.zig").Stream;

const allocator = std.heap.smp_allocator;

pub var open: handles.Table(Event) = .{};

pub const Event = struct {
    references: std.atomic.Value(u32) = .init(1),
    device: *Device,
    handle: usize,
    timed: bool,
    lock: Mutex = .{},
    latest: ?*Record = null,
    shared: ?*exports.Event = null,
    /// Whose event it is, when it is another process's.
    import: ?*Import = null,

    pub fn create(device: *Device, timed: bool) failure.Failure!*Event {
        const self = try allocator.create(Event);
        self.* = .{ .device = device, .handle = handles.fresh(), .timed = timed };
        return self;
    }

    pub fn retain(self: *Event) void {
        _ = self.references.fetchAdd(1, .monotonic);
    }

    pub fn release(self: *Event) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        if (self.latest) |latest| latest.release();
        if (self.import) |import| {
            import.release();
        } else if (self.shared) |shared| shared.id.store(0, .release);
        allocator.destroy(self);
    }

    pub fn record(self: *Event, stream: *Stream) failure.Failure!void {
        const fresh = try Record.create();
        errdefer fresh.release();
        self.lock.lock();
        defer self.lock.unlock();
        const ticket = if (self.shared) |shared| shared.issued.load(.monotonic) + 1 else 0;
        self.retain();
        _ = stream.push(.{ .record = .{ .record = fresh.retain(), .event = self, .ticket = ticket } }) catch |err| {
            fresh.release();
            self.release();
            return err;
        };
        // Of two processes that record at the same time one may be waited for too early; so it is on a card.
        if (self.shared) |shared| _ = shared.issued.fetchMax(ticket, .acq_rel);
        if (self.latest) |before| before.release();
        self.latest = fresh;
    }

    /// The stream waits for the latest recording; for none, if there is none.
    pub fn waitedForBy(self: *Event, stream: *Stream) failure.Failure!void {
        if (self.shared) |shared| {
            const ticket = shared.issued.load(.acquire);
            self.retain();
            errdefer self.release();
            _ = try stream.push(.{ .wait_shared = .{ .event = self, .ticket = ticket } });
            return;
        }
        const awaited = self.point() orelse return;
        errdefer awaited.release();
        _ = try stream.push(.{ .wait = awaited });
    }

    /// The latest recording, retained.
    pub fn point(self: *Event) ?*Record {
        self.lock.lock();
        defer self.lock.unlock();
        return (self.latest orelse return null).retain();
    }

    pub fn isReached(self: *Event) bool {
        if (self.shared) |shared| return shared.isReached(shared.issued.load(.acquire));
        const latest = self.point() orelse return true;
        defer latest.release();
        return latest.isReached();
    }

    pub fn synchronize(self: *Event) void {
        if (self.shared) |shared| return shared.wait(shared.issued.load(.acquire), 100 * std.time.ns_per_ms);
        const latest = self.point() orelse return;
        defer latest.release();
        latest.wait();
    }

    pub fn reachShared(self: *Event, ticket: u64) void {
        if (self.shared) |shared| shared.reach(ticket);
    }

    pub fn waitShared(self: *Event, ticket: u64, slice_ns: u64) void {
        self.shared.?.wait(ticket, slice_ns);
    }
};

/// The event of a handle, retained.
pub fn of(handle: ?*const anyopaque) failure.Failure!*Event {
    return open.get(handle) orelse failure.fail(.invalid_handle);
}

pub fn abandon(device: *Device) u64 {
    var count: u64 = 0;
    while (open.takeAny(OfDevice{ .device = device })) |event| : (count += 1) event.release();
    return count;
}
