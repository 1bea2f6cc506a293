//! Work that must not block a JavaScript thread (reserving a gigabyte, loading a model) runs here: a few native
//! threads, started when needed. A job ends in its thread's completion queue; JavaScript then collects the result,
//! which is exactly what the blocking twin of the call would have left in the block.
const std = @import("std");
const linux = std.os.linux;
const handle = @import("handle.zig");
const report = @import("report.zig");
const thread_module = @import("thread.zig");
const Thread = thread_module.Thread;
const futex = @import("../os/futex.zig");

const allocator = std.heap.smp_allocator;
const workers_max = 4;

pub const Job = struct {
    pub const kind: handle.Kind = .job;

    thread: *Thread,
    handle: handle.Handle = undefined,
    context: *anyopaque,
    /// Does the work; runs on a native thread. Null: somebody else does it, and says so by `end`.
    run: ?*const fn (context: *anyopaque) anyerror!void,
    /// Hands the result to JavaScript: writes the block and returns the integer. Runs once, on the JavaScript thread.
    deliver: *const fn (context: *anyopaque, thread: *Thread) anyerror!i32,
    /// Frees the context, and the result if nobody took it.
    destroy: *const fn (context: *anyopaque) void,
    state: std.atomic.Value(State) = .init(.queued),
    failure: ?anyerror = null,
    text: [report.text_max]u8 = undefined,
    text_length: usize = 0,
    errno: i32 = 0,
    next: ?*Job = null,
    /// 1 once it has ended, for who waits for it without an event loop.
    ended: std.atomic.Value(u32) = .init(0),

    const State = enum(u8) { queued, running, ended, delivered };

    fn free(object: *anyopaque) void {
        const self: *Job = @ptrCast(@alignCast(object));
        self.destroy(self.context);
        self.thread.release();
        allocator.destroy(self);
    }
};

var lock: futex.Mutex = .{};
var head: ?*Job = null;
var tail: ?*Job = null;
var waiting = std.atomic.Value(u32).init(0);
var idle: u32 = 0;
var workers: u32 = 0;

/// Queues the work and returns the job's handle. On error the context is destroyed.
pub fn start(
    thread: *Thread,
    context: *anyopaque,
    run: *const fn (*anyopaque) anyerror!void,
    deliver: *const fn (*anyopaque, *Thread) anyerror!i32,
    destroy: *const fn (*anyopaque) void,
) !handle.Handle {
    const job = try make(thread, context, run, deliver, destroy);
    const result = job.handle;
    lock.lock();
    defer lock.unlock();
    if (tail) |last| last.next = job else head = job;
    tail = job;
    if (idle == 0 and workers < workers_max) {
        if (std.Thread.spawn(.{ .stack_size = 512 * 1024 }, work, .{})) |worker| {
            worker.detach();
            workers += 1;
        } else |_| if (workers == 0) {
            // No thread can be had: the caller does it itself, late rather than never.
            head = null;
            tail = null;
            perform(job);
            return result;
        }
    }
    _ = waiting.fetchAdd(1, .release);
    futex.wakePrivate(&waiting, 1);
    return result;
}

/// A job that somebody else does, on a thread of their own: they call `end` once, whatever happens. On error the context is
/// destroyed.
pub fn announce(
    thread: *Thread,
    context: *anyopaque,
    deliver: *const fn (*anyopaque, *Thread) anyerror!i32,
    destroy: *const fn (*anyopaque) void,
) !*Job {
    return make(thread, context, null, deliver, destroy);
}

fn make(
    thread: *Thread,
    context: *anyopaque,
    run: ?*const fn (*anyopaque) anyerror!void,
    deliver: *const fn (*anyopaque, *Thread) anyerror!i32,
    destroy: *const fn (*anyopaque) void,
) !*Job {
    errdefer destroy(context);
    try thread.reserveCompletion();
    errdefer thread.cancelReservation();
    const job = try allocator.create(Job);
    job.* = .{ .thread = thread.retain(), .context = context, .run = run, .deliver = deliver, .destroy = destroy };
    {
        errdefer {
            thread.release();
            allocator.destroy(job);
        }
        job.handle = try handle.open(.job, thread.id, job, Job.free);
    }
    // The worker's pin, taken before anyone else can know the handle.
    _ = handle.pin(Job, job.handle.slot, job.handle.generation) catch unreachable;
    return job;
}

fn work() void {
    lock.lock();
    while (true) {
        while (head) |job| {
            head = job.next;
            if (head == null) tail = null;
            lock.unlock();
            perform(job);
            lock.lock();
        }
        idle += 1;
        const seen = waiting.load(.acquire);
        lock.unlock();
        futex.waitPrivate(&waiting, seen, null);
        lock.lock();
        idle -= 1;
    }
}

fn perform(job: *Job) void {
    job.state.store(.running, .release);
    report.reset();
    const failure: ?anyerror = if (job.run.?(job.context)) |_| null else |err| err;
    end(job, failure);
}

/// The work is done, or failed as `report` of the calling thread says. The job may be gone when this returns.
pub fn end(job: *Job, failure: ?anyerror) void {
    if (failure) |err| {
        job.failure = err;
        const text = report.text();
        @memcpy(job.text[0..text.len], text);
        job.text_length = text.len;
        job.errno = report.lastErrno();
    }
    job.state.store(.ended, .release);
    // Release pairs with the acquire in `wait`.
    job.ended.store(1, .release);
    futex.wakePrivate(&job.ended, std.math.maxInt(u31));
    const finished = job.handle;
    const thread = job.thread.retain();
    handle.Pinned(Job).release(.{ .ptr = job, .slot = finished.slot });
    thread.complete(finished);
    thread.release();
}

/// Sleeps until the job has ended, for `timeout_ns` at most. True: it has.
pub fn wait(thread: *Thread, slot: u32, generation: u32, timeout_ns: u64) !bool {
    const pinned = try handle.pin(Job, slot, generation);
    defer pinned.release();
    const job = pinned.ptr;
    if (job.thread != thread) return report.fail(error.wrong_thread, "job {d}.{d} belongs to another thread.", .{ slot, generation });
    // Acquire pairs with the release in `end`.
    if (job.ended.load(.acquire) == 0) futex.waitPrivate(&job.ended, 0, timeout_ns);
    return job.ended.load(.acquire) != 0;
}

/// The result of an ended job, as its blocking twin would have given it; closes the job.
pub fn finish(thread: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Job, slot, generation);
    defer pinned.release();
    const job = pinned.ptr;
    if (job.thread != thread) return report.fail(error.wrong_thread, "job {d}.{d} belongs to another thread.", .{ slot, generation });
    if (job.state.cmpxchgStrong(.ended, .delivered, .acq_rel, .acquire)) |state| {
        return report.fail(error.invalid_argument, "job {d}.{d} is {s}.", .{ slot, generation, @tagName(state) });
    }
    handle.close(.job, slot, generation) catch {};
    if (job.failure) |err| {
        report.sayRaw(job.text[0..job.text_length], job.errno);
        return err;
    }
    return job.deliver(job.context, thread);
}
