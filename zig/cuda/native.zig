//! What native threads ask a device for. They block until its thread has answered; JavaScript's never come here.
const std = @import("std");
const api = @import("../driver/cuda/api.zig");
const futex = @import("../os/futex.zig");
const pages = @import("pinned.zig");
const Device = @import("device.zig").Device;
const Event = @import("event.zig").Event;
const Failure = @import("failure.zig").Failure;
const Mapping = @import("../shm/mapping.zig").Mapping;
const Memory = @import("memory.zig").Memory;
const Stream = @import("stream.zig").Stream;

/// Plain memory; the reference is the caller's.
pub fn memory(device: *Device, size: u64) !*Memory {
    const Task = struct {
        size: u64,
        made: *Memory = undefined,

        fn run(self: *@This(), on: *Device) !void {
            self.made = try .allocate(on, self.size);
        }
    };
    var task: Task = .{ .size = size };
    try ask(device, &task, Task.run);
    return task.made;
}

/// Page-locked memory of the host, zeroed.
pub fn pinned(device: *Device, size: u64) !*Mapping {
    const Task = struct {
        size: u64,
        made: *Mapping = undefined,

        fn run(self: *@This(), on: *Device) !void {
            self.made = try pages.allocate(on, self.size);
        }
    };
    var task: Task = .{ .size = size };
    try ask(device, &task, Task.run);
    return task.made;
}

/// A stream that does not wait for the legacy default stream.
pub fn stream(device: *Device) !*Stream {
    const Task = struct {
        made: *Stream = undefined,

        fn run(self: *@This(), on: *Device) !void {
            self.made = try .create(on, api.types.StreamFlags.non_blocking, 0);
        }
    };
    var task: Task = .{};
    try ask(device, &task, Task.run);
    return task.made;
}

/// An event without timing.
pub fn event(device: *Device) !*Event {
    const Task = struct {
        made: *Event = undefined,

        fn run(self: *@This(), on: *Device) !void {
            self.made = try .create(on, api.types.EventFlags.disable_timing);
        }
    };
    var task: Task = .{};
    try ask(device, &task, Task.run);
    return task.made;
}

/// What `later` is asked from now on waits for what `earlier` was asked until now. `mark` is an event to use for it.
pub fn order(later: *Stream, earlier: *Stream, mark: *Event) !void {
    if (later == earlier) return;
    _ = try earlier.record(mark);
    _ = try later.wait(mark);
}

const Waiter = struct {
    answered: std.atomic.Value(u32) = .init(0),
    failure: ?Failure = null,

    fn end(context: *anyopaque, failure: ?anyerror) void {
        const self: *Waiter = @ptrCast(@alignCast(context));
        if (failure) |err| self.failure = .taken(err);
        const word = &self.answered;
        // Release pairs with the acquire in `ask`, whose stack this is: nothing but the address is used after it.
        word.store(1, .release);
        futex.wakePrivate(word, 1);
    }
};

/// Runs `run(task, device)` on the device's thread.
pub fn ask(device: *Device, task: anytype, comptime run: anytype) !void {
    const Task = @typeInfo(@TypeOf(task)).pointer.child;
    const Here = struct {
        fn call(context: *anyopaque, on: *Device) anyerror!void {
            try run(@as(*Task, @ptrCast(@alignCast(context))), on);
        }
    };
    var waiter: Waiter = .{};
    try device.submitter.ask(.{ .context = task, .run = Here.call, .waiter = &waiter, .end = Waiter.end });
    while (waiter.answered.load(.acquire) == 0) futex.waitPrivate(&waiter.answered, 0, null);
    if (waiter.failure) |*failure| return failure.raise();
}
