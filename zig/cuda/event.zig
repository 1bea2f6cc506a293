//! Events: points in the work of a stream. Whether one has been passed is known from the stream's own progress; only one that
//! another process made has to be asked for.
const std = @import("std");
const handle = @import("../abi/handle.zig");
const job = @import("../abi/job.zig");
const futex = @import("../os/futex.zig");
const report = @import("../abi/report.zig");
const api = @import("../driver/cuda/api.zig");
const commands = @import("command.zig");
const Device = @import("device.zig").Device;
const Failure = @import("failure.zig").Failure;
const Progress = @import("progress.zig").Progress;
const Stream = @import("stream.zig").Stream;

const allocator = std.heap.smp_allocator;

pub const Event = struct {
    pub const kind: handle.Kind = .cuda_event;

    device: *Device,
    raw: ?*api.types.Event,
    flags: c_uint,
    imported: bool,
    references: std.atomic.Value(u32) = .init(1),
    /// Recordings asked for. Under the submitter's lock.
    asked: u64 = 0,
    /// Of recordings: those that the device has come to.
    progress: Progress = .{},
    trouble: futex.Mutex = .{},
    /// Of the last recording that was not made. Under `trouble`.
    failure: ?struct { kept: Failure, turn: u64 } = null,
    /// Who is told of a recording. Under `trouble`.
    waiting: std.ArrayList(Waiting) = .empty,
    ending: commands.Command = undefined,

    const Waiting = struct { turn: u64, job: *job.Job };

    /// On the device's thread.
    pub fn create(device: *Device, flags: c_uint) !*Event {
        var raw: ?*api.types.Event = null;
        try device.demand("cuEventCreate", device.table.cuEventCreate(&raw, flags));
        errdefer _ = device.table.cuEventDestroy(raw);
        return adopt(device, raw, flags, false);
    }

    /// On the device's thread: another process's event.
    pub fn import(device: *Device, exported: api.types.IpcEventHandle) !*Event {
        var raw: ?*api.types.Event = null;
        try device.demand("cuIpcOpenEventHandle", device.table.cuIpcOpenEventHandle(&raw, exported));
        errdefer _ = device.table.cuEventDestroy(raw);
        return adopt(device, raw, api.types.EventFlags.interprocess | api.types.EventFlags.disable_timing, true);
    }

    fn adopt(device: *Device, raw: ?*api.types.Event, flags: c_uint, imported: bool) !*Event {
        const self = try allocator.create(Event);
        self.* = .{ .device = device.retain(), .raw = raw, .flags = flags, .imported = imported };
        return self;
    }

    pub fn retain(self: *Event) *Event {
        _ = self.references.fetchAdd(1, .monotonic);
        return self;
    }

    pub fn release(self: *Event) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        self.ending = .{ .work = .{ .ending = .{ .context = self, .run = end } } };
        self.device.submitter.pushEmbedded(&self.ending);
    }

    pub fn drop(object: *anyopaque) void {
        @as(*Event, @ptrCast(@alignCast(object))).release();
    }

    fn end(context: *anyopaque, device: *Device) void {
        const self: *Event = @ptrCast(@alignCast(context));
        if (!device.isLost()) device.finding("cuEventDestroy", device.table.cuEventDestroy(self.raw));
        self.waiting.deinit(allocator);
        allocator.destroy(self);
        device.release();
    }

    /// Is it another process that records it?
    pub fn isForeign(self: *Event) bool {
        return self.imported and self.turn() == 0;
    }

    /// The last recording that was asked for; 0: none.
    pub fn turn(self: *Event) u64 {
        const submitter = &self.device.submitter;
        submitter.lock.lock();
        defer submitter.lock.unlock();
        return self.asked;
    }

    pub fn reached(self: *const Event, wanted: u64) bool {
        return self.progress.reached(wanted);
    }

    /// On the device's thread: the device has come to a recording, or never will.
    pub fn reach(self: *Event, of: u64, stream: *Stream, ticket: u64) void {
        if (stream.trouble.of(ticket)) |kept| {
            self.trouble.lock();
            self.failure = .{ .kept = kept, .turn = of };
            self.trouble.unlock();
        }
        self.progress.advance(of);
        self.trouble.lock();
        defer self.trouble.unlock();
        var kept: usize = 0;
        for (self.waiting.items) |one| {
            if (one.turn <= of) {
                self.tell(one);
                continue;
            }
            self.waiting.items[kept] = one;
            kept += 1;
        }
        self.waiting.shrinkRetainingCapacity(kept);
    }

    /// Ends `waiting` when the last recording that was asked for is reached. The job is the event's from here on, unless this fails.
    pub fn notify(self: *Event, waiting: *job.Job) !void {
        const one: Waiting = .{ .turn = self.turn(), .job = waiting };
        self.trouble.lock();
        defer self.trouble.unlock();
        if (self.reached(one.turn)) return self.tell(one);
        try self.waiting.append(allocator, one);
    }

    /// Under `trouble`.
    fn tell(self: *Event, one: Waiting) void {
        const failure: ?anyerror = if (self.failure) |*failure| if (failure.turn >= one.turn) failure.kept.raise() else null else null;
        job.end(one.job, failure);
    }

    /// Sleeps until the recording is reached, for `timeout_ns` at most. True: it is. Fails when it was never made.
    pub fn awaitTurn(self: *Event, wanted: u64, timeout_ns: u64) !bool {
        if (!self.progress.sleep(self.device, wanted, timeout_ns)) return false;
        self.trouble.lock();
        defer self.trouble.unlock();
        if (self.failure) |*failure| if (failure.turn >= wanted) return failure.kept.raise();
        return true;
    }

    /// On the device's thread: asks the driver. For events of other processes.
    pub fn query(self: *const Event) !bool {
        const result = self.device.table.cuEventQuery(self.raw);
        if (result == .not_ready) return false;
        try self.device.demand("cuEventQuery", result);
        return true;
    }

    /// On the device's thread: milliseconds from `start` to this.
    pub fn elapsed(self: *const Event, start: *const Event) !f64 {
        var milliseconds: f32 = 0;
        const result = self.device.table.cuEventElapsedTime(&milliseconds, start.raw, self.raw);
        if (result == .invalid_handle)
            return report.fail(error.no_timing, "one of the events was never recorded, or was created without timing.", .{});
        if (result == .not_ready) return report.fail(error.not_ready, "one of the events has not been reached yet.", .{});
        try self.device.demand("cuEventElapsedTime", result);
        return milliseconds;
    }

    /// On the device's thread: what another process opens it by.
    pub fn shared(self: *const Event) !api.types.IpcEventHandle {
        if (self.imported or self.flags & api.types.EventFlags.interprocess == 0)
            return report.fail(error.not_shareable, "the event was not created for other processes.", .{});
        var made: api.types.IpcEventHandle = undefined;
        try self.device.demand("cuIpcGetEventHandle", self.device.table.cuIpcGetEventHandle(&made, self.raw));
        return made;
    }
};
