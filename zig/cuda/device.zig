//! A GPU of the process: its primary context, current on one thread of ours, which alone calls the driver for it. It lives as
//! long as anything of it does: handles, streams, memory.
const std = @import("std");
const handle = @import("../abi/handle.zig");
const futex = @import("../os/futex.zig");
const report = @import("../abi/report.zig");
const api = @import("../driver/cuda/api.zig");
const outcome = @import("../driver/cuda/outcome.zig");
const commands = @import("command.zig");
const libraries = @import("../driver/cuda/library.zig");
const loop = @import("loop.zig");
const Counters = @import("counters.zig").Counters;
const Facts = @import("facts.zig").Facts;
const Failure = @import("failure.zig").Failure;
const Modules = @import("module.zig").Modules;
const Pool = @import("pool.zig").Pool;
const Stream = @import("stream.zig").Stream;
const Submitter = @import("submitter.zig").Submitter;

const allocator = std.heap.smp_allocator;
const stack_size = 2 << 20;

pub const Device = struct {
    pub const kind: handle.Kind = .cuda_device;

    table: *const api.Table,
    ordinal: u32,
    /// Of which simulation, or of none.
    epoch: u32,
    references: std.atomic.Value(u32) = .init(1),
    submitter: Submitter = .{},
    /// Threads that wait for what is under way.
    wanted: std.atomic.Value(u32) = .init(0),
    counters: Counters = .{},
    pool: Pool = .{},
    /// Written by the device's thread before anything that was asked is done.
    facts: Facts = undefined,
    priorities: struct { least: c_int = 0, greatest: c_int = 0 } = .{},
    failure: Failure = .{ .err = error.device_lost },
    /// Release pairs with the acquire in `require`: the failure is there.
    lost: std.atomic.Value(bool) = .init(false),

    // Of the device's thread alone.
    context: ?*api.types.Context = null,
    modules: Modules = .{},
    spare_events: std.ArrayList(*api.types.Event) = .empty,
    /// Streams with something under way.
    streams: ?*Stream = null,
    used: ?*commands.Command = null,
    polls: u64 = 0,

    next: ?*Device = null,

    /// The device of this number, opened before or now. What it is asked first is done when its thread has got it, or fails as
    /// that did.
    pub fn open(library: *const libraries.Library, ordinal: u32) !*Device {
        return openTable(&library.table, ordinal, libraries.currentEpoch());
    }

    pub fn openTable(table: *const api.Table, ordinal: u32, epoch: u32) !*Device {
        registry_lock.lock();
        defer registry_lock.unlock();
        var known = registry;
        while (known) |device| : (known = device.next) {
            if (device.table != table or device.ordinal != ordinal or device.epoch != epoch) continue;
            // One that is going, or that failed, is nobody's any more.
            if (!device.isLost() and device.tryRetain()) return device;
        }
        const self = try allocator.create(Device);
        errdefer allocator.destroy(self);
        self.* = .{ .table = table, .ordinal = ordinal, .epoch = epoch };
        const thread = std.Thread.spawn(.{ .stack_size = stack_size }, loop.main, .{self}) catch |err|
            return report.fail(error.out_of_memory, "no thread can be had for GPU {d}: {s}.", .{ ordinal, @errorName(err) });
        thread.detach();
        self.next = registry;
        registry = self;
        return self;
    }

    pub fn retain(self: *Device) *Device {
        _ = self.references.fetchAdd(1, .monotonic);
        return self;
    }

    fn tryRetain(self: *Device) bool {
        var references = self.references.load(.monotonic);
        while (references > 0) references = self.references.cmpxchgWeak(references, references + 1, .monotonic, .monotonic) orelse return true;
        return false;
    }

    pub fn release(self: *Device) void {
        if (self.references.fetchSub(1, .acq_rel) == 1) self.submitter.stop();
    }

    pub fn drop(object: *anyopaque) void {
        @as(*Device, @ptrCast(@alignCast(object))).release();
    }

    pub fn isLost(self: *const Device) bool {
        return self.lost.load(.acquire);
    }

    /// Fails as the device did.
    pub fn require(self: *const Device) !void {
        if (self.isLost()) return self.failure.raise();
    }

    // What follows is for the device's thread.

    /// The device cannot be used any more: all that is under way and all that is asked from now on fails.
    pub fn lose(self: *Device, failure: *const Failure) void {
        if (self.isLost()) return;
        self.failure = failure.*;
        self.lost.store(true, .release);
        // Their places in the list, and those that are to go with their last command, are the loop's business.
        var listed = self.streams;
        while (listed) |stream| : (listed = stream.flight.next) stream.flight.abandon(stream, self, &self.failure);
    }

    /// The error of a call that failed, with its text and the device's number.
    pub fn failed(self: *const Device, call: []const u8, result: api.Result) anyerror {
        const err = outcome.fail(self.table, result, call);
        var copy: [report.text_max]u8 = undefined;
        const text = report.text();
        @memcpy(copy[0..text.len], text);
        return report.fail(err, "GPU {d}: {s}", .{ self.ordinal, copy[0..text.len] });
    }

    pub fn demand(self: *const Device, call: []const u8, result: api.Result) !void {
        if (result != .success) return self.failed(call, result);
    }

    /// A result that nobody waits for: only what ends the device matters.
    pub fn finding(self: *Device, call: []const u8, result: api.Result) void {
        if (!result.isSticky()) return;
        const failure: Failure = .taken(self.failed(call, result));
        self.lose(&failure);
    }

    pub fn spareEvent(self: *Device) ?*api.types.Event {
        if (self.spare_events.pop()) |event| return event;
        var event: ?*api.types.Event = null;
        if (self.table.cuEventCreate(&event, api.types.EventFlags.disable_timing) != .success) return null;
        return event;
    }

    pub fn keepEvent(self: *Device, event: *api.types.Event) void {
        self.spare_events.append(allocator, event) catch {
            if (!self.isLost()) _ = self.table.cuEventDestroy(event);
        };
    }

    /// Commands from `first` to `last` of a list that ends there.
    pub fn recycle(self: *Device, first: *commands.Command, last: *commands.Command) void {
        last.next = self.used;
        self.used = first;
    }

    /// The last of it. The thread ends after this.
    pub fn destroy(self: *Device) void {
        unlist(self);
        self.submitter.deinit();
        self.spare_events.deinit(allocator);
        self.modules.deinit();
        while (self.used) |command| {
            self.used = command.next;
            allocator.destroy(command);
        }
        allocator.destroy(self);
    }
};

var registry_lock: futex.Mutex = .{};
var registry: ?*Device = null;

fn unlist(device: *Device) void {
    registry_lock.lock();
    defer registry_lock.unlock();
    var place: *?*Device = &registry;
    while (place.*) |known| : (place = &known.next) {
        if (known != device) continue;
        place.* = device.next;
        return;
    }
}

/// Waits until no device has anything to do and those that nobody refers to are gone, for `timeout_ns` at most. True: it is so.
pub fn settle(timeout_ns: u64) bool {
    const until = futex.now() + timeout_ns;
    while (!settled()) {
        if (futex.now() >= until) return false;
        futex.pause();
    }
    return true;
}

fn settled() bool {
    registry_lock.lock();
    defer registry_lock.unlock();
    var known = registry;
    while (known) |device| : (known = device.next) {
        if (device.references.load(.acquire) == 0 or !device.submitter.isQuiet()) return false;
    }
    return true;
}
