//! What a device's thread is asked by a JavaScript thread that waits for the answer: a job, whether it waits in its event loop or
//! in slices.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const job = @import("../abi/job.zig");
const Device = @import("../cuda/device.zig").Device;

const allocator = std.heap.smp_allocator;

/// `task` has `run(*Task, *Device) !void`, on the device's thread, `deliver(*Task, *Thread) !i32`, which hands the result to
/// JavaScript, and `free(*Task) void`, at the end, whatever happened. Returns the job's slot; results: generation.
pub fn ask(t: *Thread, device: *Device, task: anytype) !i32 {
    const Task = @TypeOf(task);
    const Context = struct {
        task: Task,
        device: *Device,

        fn run(context: *anyopaque, on: *Device) !void {
            try of(context).task.run(on);
        }

        fn deliver(context: *anyopaque, thread: *Thread) !i32 {
            return of(context).task.deliver(thread);
        }

        fn destroy(context: *anyopaque) void {
            const self = of(context);
            self.task.free();
            self.device.release();
            allocator.destroy(self);
        }

        fn of(context: *anyopaque) *@This() {
            return @ptrCast(@alignCast(context));
        }
    };
    const context = allocator.create(Context) catch |err| {
        var unused = task;
        unused.free();
        return err;
    };
    context.* = .{ .task = task, .device = device.retain() };
    const waiting = try job.announce(t, context, Context.deliver, Context.destroy);
    // The job may end, and be gone, at any moment from here on.
    const made = waiting.handle;
    device.submitter.ask(.{ .context = context, .run = Context.run, .waiter = waiting, .end = end }) catch |err| {
        job.end(waiting, err);
        handle.close(.job, made.slot, made.generation) catch {};
        return err;
    };
    t.block.results[0] = @floatFromInt(made.generation);
    return @intCast(made.slot);
}

fn end(waiter: *anyopaque, failure: ?anyerror) void {
    job.end(@ptrCast(@alignCast(waiter)), failure);
}

/// A handle of the calling thread that owns `object`, which `drop` lets go of. Results: generation.
pub fn give(t: *Thread, kind: handle.Kind, object: *anyopaque, drop: *const fn (*anyopaque) void) !i32 {
    const opened = handle.open(kind, t.id, object, drop) catch |err| {
        drop(object);
        return err;
    };
    t.block.results[0] = @floatFromInt(opened.generation);
    return @intCast(opened.slot);
}
