//! A stream: what is asked of it is done in order, by the device's thread. Each command has a ticket, from 1; tickets are
//! reached in order. A command that fails takes those behind it with it, until somebody has been told.
const std = @import("std");
const handle = @import("../abi/handle.zig");
const job = @import("../abi/job.zig");
const report = @import("../abi/report.zig");
const api = @import("../driver/cuda/api.zig");
const commands = @import("command.zig");
const Device = @import("device.zig").Device;
const Event = @import("event.zig").Event;
const Flight = @import("flight.zig").Flight;
const Image = @import("module.zig").Image;
const Memory = @import("memory.zig").Memory;
const places = @import("place.zig");
const Progress = @import("progress.zig").Progress;
const Trouble = @import("trouble.zig").Trouble;

pub const Place = places.Place;
pub const Extent = commands.Extent;

const allocator = std.heap.smp_allocator;

pub const Stream = struct {
    pub const kind: handle.Kind = .cuda_stream;

    device: *Device,
    raw: ?*api.types.Stream,
    references: std.atomic.Value(u32) = .init(1),
    /// The last ticket given. Under the submitter's lock.
    asked: u64 = 0,
    /// Of tickets.
    progress: Progress = .{},
    trouble: Trouble = .{},
    flight: Flight = .{},
    ending: commands.Command = undefined,

    /// On the device's thread.
    pub fn create(device: *Device, flags: c_uint, priority: i32) !*Stream {
        const self = try allocator.create(Stream);
        errdefer allocator.destroy(self);
        var raw: ?*api.types.Stream = null;
        try device.demand("cuStreamCreateWithPriority", device.table.cuStreamCreateWithPriority(&raw, flags, priority));
        self.* = .{ .device = device.retain(), .raw = raw };
        return self;
    }

    pub fn retain(self: *Stream) *Stream {
        _ = self.references.fetchAdd(1, .monotonic);
        return self;
    }

    /// The last one ends the stream when all that was asked of it has been done.
    pub fn release(self: *Stream) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        self.ending = .{ .work = .{ .ending = .{ .context = self, .run = end } } };
        self.device.submitter.pushEmbedded(&self.ending);
    }

    pub fn drop(object: *anyopaque) void {
        @as(*Stream, @ptrCast(@alignCast(object))).release();
    }

    fn end(context: *anyopaque, device: *Device) void {
        const self: *Stream = @ptrCast(@alignCast(context));
        if (!self.flight.isEmpty()) {
            self.flight.ending = true;
            return;
        }
        self.destroy(device);
    }

    /// On the device's thread, with nothing under way.
    pub fn destroy(self: *Stream, device: *Device) void {
        self.flight.deinit(device);
        if (!device.isLost()) device.finding("cuStreamDestroy", device.table.cuStreamDestroy(self.raw));
        allocator.destroy(self);
        device.release();
    }

    /// `size` bytes, from and to memory of the device or of the host. References to both are the command's own. Returns its ticket.
    pub fn copy(self: *Stream, to: Place, from: Place, size: u64) !u64 {
        try self.requireOwn(to);
        try self.requireOwn(from);
        if (to == .host and from == .host) return report.fail(error.invalid_argument, "neither end of the copy is memory of the device.", .{});
        const work: commands.Work = .{ .copy = .{ .to = to.retain(), .from = from.retain(), .size = size } };
        errdefer {
            to.release();
            from.release();
        }
        return self.push(work);
    }

    /// `count` elements of `width` (1, 2 or 4) bytes, from `offset` on, which is a multiple of the width.
    pub fn fill(self: *Stream, memory: *Memory, offset: u64, width: u8, pattern: u32, count: u64) !u64 {
        try self.requireOwn(.{ .device = .{ .memory = memory, .offset = offset } });
        errdefer memory.release();
        return self.push(.{ .fill = .{ .memory = memory.retain(), .offset = offset, .width = width, .pattern = pattern, .count = count } });
    }

    /// A kernel that takes one struct, whose bytes are `params`; what it reads and writes is in `keep`.
    pub fn launch(self: *Stream, image: *const Image, function: u32, grid: Extent, block: Extent, params: []const u8, keep: []const *Memory) !u64 {
        if (params.len > commands.params_max or keep.len > commands.keep_max)
            return report.fail(error.invalid_argument, "{d} bytes of parameters and {d} operands are more than a launch takes.", .{ params.len, keep.len });
        for (keep) |memory| try self.requireOwn(.{ .device = .{ .memory = memory, .offset = 0 } });
        const submitter = &self.device.submitter;
        const node = try submitter.launchNode();
        node.image = image;
        node.function = function;
        node.grid = grid;
        node.block = block;
        node.length = @intCast(params.len);
        @memcpy(node.params[0..params.len], params);
        node.kept = @intCast(keep.len);
        for (keep, node.keep[0..keep.len]) |memory, *kept| kept.* = memory.retain();
        errdefer {
            for (keep) |memory| memory.release();
            submitter.recycleLaunch(node);
        }
        return self.push(.{ .launch = node });
    }

    pub fn record(self: *Stream, event: *Event) !u64 {
        try self.requireDevice(event.device);
        errdefer event.release();
        return self.push(.{ .record = .{ .event = event.retain(), .turn = 0 } });
    }

    /// What comes after waits for what the event stands for now.
    pub fn wait(self: *Stream, event: *Event) !u64 {
        try self.requireDevice(event.device);
        errdefer event.release();
        return self.push(.{ .wait = event.retain() });
    }

    /// Ends `waiting` when all that was asked so far has been done. The job is the stream's from here on, unless this fails.
    pub fn notify(self: *Stream, waiting: *job.Job) !u64 {
        return self.push(.{ .notify = waiting });
    }

    fn push(self: *Stream, work: commands.Work) !u64 {
        try self.device.require();
        try self.tell();
        return self.device.submitter.push(self, work);
    }

    fn requireOwn(self: *const Stream, place: Place) !void {
        if (place == .device) try self.requireDevice(place.device.memory.device);
    }

    fn requireDevice(self: *const Stream, device: *const Device) !void {
        if (device != self.device) return report.fail(error.wrong_device, "the stream is of device {d}, the memory or event of device {d}.", .{ self.device.ordinal, device.ordinal });
    }

    /// The last ticket that was given.
    pub fn ticket(self: *Stream) u64 {
        const submitter = &self.device.submitter;
        submitter.lock.lock();
        defer submitter.lock.unlock();
        return self.asked;
    }

    pub fn reached(self: *const Stream, wanted: u64) bool {
        return self.progress.reached(wanted);
    }

    /// Sleeps until `wanted` is reached, for `timeout_ns` at most. True: it is. Fails when what it stands for was not done.
    pub fn awaitTicket(self: *Stream, wanted: u64, timeout_ns: u64) !bool {
        if (!self.progress.sleep(self.device, wanted, timeout_ns)) return false;
        try self.verdict(wanted);
        return true;
    }

    /// The same, but a failure that somebody has been told of is no news.
    pub fn awaitQuietly(self: *Stream, wanted: u64, timeout_ns: u64) !bool {
        if (!self.progress.sleep(self.device, wanted, timeout_ns)) return false;
        try self.device.require();
        try self.tell();
        return true;
    }

    /// Fails when what `wanted` stands for was not done.
    pub fn verdict(self: *Stream, wanted: u64) !void {
        if (self.trouble.any()) try self.trouble.verdict(wanted, self.ticket());
    }

    /// Who asks for more is told of a failure that nobody has been told of.
    fn tell(self: *Stream) !void {
        if (self.trouble.any()) try self.trouble.tell(self.ticket());
    }
};
