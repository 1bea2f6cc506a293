//! Calls of the host: what reads and writes the streams that are connected to callbacks. They may wait, so they are timed
//! against `target.hostSyncTimeout`, to a tick of the system (1 to 10 ms), and another thread can end them.
const std = @import("std");
const futex = @import("../../os/futex.zig");
const report = @import("../../abi/report.zig");
const Endpoint = @import("endpoint.zig").Endpoint;
const Watchdog = @import("watchdog.zig").Watchdog;

pub const Host = struct {
    timeout_ns: u64,
    /// Time that calls of the sync under way took.
    used_ns: u64 = 0,
    /// Why the run has to end.
    ending: std.atomic.Value(Ending) = .init(.no),
    /// What a call is under way for.
    current: std.atomic.Value(?*Endpoint) = .init(null),
    /// Held while somebody interrupts the current call: its context must not go meanwhile.
    interrupting: futex.Mutex = .{},
    watchdog: Watchdog,
    watched: bool = false,

    pub const Ending = enum(u8) { no, stopped, timed_out };

    /// Lets calls be interrupted at the timeout; without, one that is late is noticed when it returns.
    pub fn watch(self: *Host) void {
        if (self.watched) return;
        self.watchdog = .{ .context = self, .expire = timeOut };
        self.watchdog.start() catch return;
        self.watched = true;
    }

    pub fn close(self: *Host) void {
        if (self.watched) self.watchdog.end();
    }

    /// Any thread: the run ends at its next step, or with the call under way if that can be interrupted.
    pub fn end(self: *Host, why: Ending) void {
        // seq_cst, as in `begin`: either the call sees it, or this sees the call.
        if (self.ending.cmpxchgStrong(.no, why, .seq_cst, .monotonic) != null) return;
        self.interrupt();
    }

    fn interrupt(self: *Host) void {
        self.interrupting.lock();
        defer self.interrupting.unlock();
        const endpoint = self.current.load(.seq_cst) orelse return;
        const connected = endpoint.connection.callbacks;
        if (connected.calls.interrupt) |call| call(connected.context);
    }

    /// After a run: nobody is inside an `interrupt` of its.
    pub fn settle(self: *Host) void {
        self.interrupting.lock();
        self.interrupting.unlock();
    }

    fn timeOut(context: *anyopaque) void {
        const self: *Host = @ptrCast(@alignCast(context));
        self.end(.timed_out);
    }

    /// True when `buffer` was filled.
    pub fn prefetch(self: *Host, endpoint: *Endpoint, buffer: []u8, handle: []const u8) !bool {
        const connected = endpoint.connection.callbacks;
        const began = try self.begin(endpoint, handle);
        const result = connected.calls.prefetch.?(connected.context, buffer.ptr);
        // Counted before the error, so that what the host gave is offered again.
        if (result == 0) endpoint.buffered += 1;
        try self.ended(began, handle);
        return result == 0;
    }

    pub fn fetch(self: *Host, endpoint: *Endpoint, buffer: []u8, handle: []const u8) !void {
        const connected = endpoint.connection.callbacks;
        const began = try self.begin(endpoint, handle);
        endpoint.fetching = true;
        connected.calls.fetch(connected.context, buffer.ptr);
        try self.ended(began, handle);
        connected.calls.complete(connected.context);
        endpoint.fetching = false;
    }

    fn begin(self: *Host, endpoint: *Endpoint, handle: []const u8) !u64 {
        self.current.store(endpoint, .seq_cst);
        if (self.ending.load(.seq_cst) != .no) {
            self.current.store(null, .release);
            return self.failure(handle);
        }
        const now = futex.nowByTick();
        if (self.watched) self.watchdog.arm(now +| (self.timeout_ns -| self.used_ns));
        return now;
    }

    fn ended(self: *Host, began: u64, handle: []const u8) !void {
        // Release: what `interrupt` sees of the endpoint is what it was during the call.
        self.current.store(null, .release);
        self.used_ns += futex.nowByTick() - began;
        const late = (self.watched and self.watchdog.disarm()) or self.used_ns > self.timeout_ns;
        if (late) _ = self.ending.cmpxchgStrong(.no, .timed_out, .monotonic, .monotonic);
        if (self.ending.load(.monotonic) != .no) return self.failure(handle);
    }

    /// Between steps.
    pub inline fn proceed(self: *Host) !void {
        if (self.ending.load(.monotonic) != .no) return self.failure("none");
    }

    fn failure(self: *Host, handle: []const u8) anyerror {
        @branchHint(.cold);
        if (self.ending.load(.monotonic) != .timed_out) return report.fail(error.stopped, "the run was stopped.", .{});
        const seconds = @as(f64, @floatFromInt(self.timeout_ns)) / std.time.ns_per_s;
        return report.fail(error.host_sync_timeout, "the host took longer than target.hostSyncTimeout, {d} s, for one sync; the last stream was {s}.", .{ seconds, handle });
    }
};
