//! A replica: one loaded model, the native thread that owns it, and the requests that wait for it. All calls come from
//! the JavaScript thread that loaded it, except where one says otherwise.
const std = @import("std");
const linux = std.os.linux;
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const futex = @import("../os/futex.zig");
const Thread = @import("../abi/thread.zig").Thread;
const engine = @import("../engine/onnx/session.zig");
const engine_library = @import("../engine/onnx/library.zig");
const Queue = @import("queue.zig").Queue;
const Request = @import("request.zig").Request;

const allocator = std.heap.smp_allocator;
/// Lower than the event loop's, so that its gaps stay short under a busy replica (8 ms at worst become 4 on two cores with
/// +10); half of that, because other processes at +0 would starve a replica at +10.
const niceness = 5;
/// How long the thread looks for the next request before it sleeps: waking it costs about as much.
const spin_ns = 30_000;

var live = std.atomic.Value(u32).init(0);

/// Models that are loaded, being loaded or being let go.
pub fn liveCount() u32 {
    return live.load(.monotonic);
}

pub const Settings = struct {
    library_path: [:0]const u8,
    model_path: [:0]const u8,
    options: engine.Options,
    requests_max: u32,
};

pub const Replica = struct {
    pub const kind: handle.Kind = .session;

    owner: *Thread,
    settings: Settings,
    /// The handle or the load job has one, the native thread one, a close job one.
    references: std.atomic.Value(u32) = .init(1),
    phase: std.atomic.Value(u32) = .init(@intFromEnum(Phase.loading)),
    session: engine.Session = undefined,
    /// A handle exists or existed: the load job need not stop it. Only its JavaScript thread looks.
    delivered: bool = false,
    failure: ?anyerror = null,
    text: [report.text_max]u8 = undefined,
    text_length: usize = 0,

    lock: futex.Mutex = .{},
    /// Under `lock`, like all below.
    requests: std.ArrayList(*Request) = .empty,
    waiting: Queue,
    finished: Queue,
    running: ?*Request = null,
    stopping: bool = false,
    /// Grows when the native thread has something to look at.
    work: std.atomic.Value(u32) = .init(0),
    asleep: std.atomic.Value(bool) = .init(false),
    /// Grows when a request has ended.
    ended: std.atomic.Value(u32) = .init(0),

    pub const Phase = enum(u32) { loading, ready, gone };

    /// The paths are copied. `start` begins to load.
    pub fn create(owner: *Thread, settings: Settings) !*Replica {
        const self = try allocator.create(Replica);
        errdefer allocator.destroy(self);
        const library_path = try allocator.dupeZ(u8, settings.library_path);
        errdefer allocator.free(library_path);
        const model_path = try allocator.dupeZ(u8, settings.model_path);
        errdefer allocator.free(model_path);
        var waiting = try Queue.create(allocator, settings.requests_max);
        errdefer waiting.destroy(allocator);
        const finished = try Queue.create(allocator, settings.requests_max);
        self.* = .{ .owner = owner.retain(), .settings = settings, .waiting = waiting, .finished = finished };
        self.settings.library_path = library_path;
        self.settings.model_path = model_path;
        return self;
    }

    pub fn retain(self: *Replica) void {
        _ = self.references.fetchAdd(1, .monotonic);
    }

    pub fn release(self: *Replica) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        self.waiting.destroy(allocator);
        self.finished.destroy(allocator);
        self.requests.deinit(allocator);
        allocator.free(self.settings.library_path);
        allocator.free(self.settings.model_path);
        self.owner.release();
        allocator.destroy(self);
    }

    /// Starts the native thread and waits until the model is loaded or has failed to. Not on a JavaScript thread.
    pub fn start(self: *Replica) !void {
        self.retain();
        const worker = std.Thread.spawn(.{ .stack_size = 8 << 20 }, main, .{self}) catch |err| {
            self.release();
            return report.fail(error.system, "starting a thread for the model failed: {s}.", .{@errorName(err)});
        };
        worker.detach();
        _ = live.fetchAdd(1, .monotonic);
        self.awaitPhaseBeyond(.loading);
        if (self.failure) |err| {
            report.sayRaw(self.text[0..self.text_length], 0);
            return err;
        }
    }

    /// Ends the run under way at its next step, drops what waits, and lets the native thread go. Any thread.
    pub fn stop(self: *Replica) void {
        self.lock.lock();
        defer self.lock.unlock();
        self.stopping = true;
        self.waiting.clear();
        if (self.running) |request| self.terminate(request);
        self.signalWork();
    }

    /// After `stop`: until the engine and all requests are gone. Not on a JavaScript thread.
    pub fn awaitGone(self: *Replica) void {
        self.awaitPhaseBeyond(.ready);
    }

    fn awaitPhaseBeyond(self: *Replica, phase: Phase) void {
        while (true) {
            // Acquire pairs with the release in `enter`.
            const seen = self.phase.load(.acquire);
            if (seen > @intFromEnum(phase)) return;
            futex.waitPrivate(&self.phase, seen, null);
        }
    }

    fn enter(self: *Replica, phase: Phase) void {
        self.phase.store(@intFromEnum(phase), .release);
        futex.wakePrivate(&self.phase, std.math.maxInt(u31));
    }

    /// Of the handle's object, when it was closed and nobody is inside.
    pub fn drop(object: *anyopaque) void {
        const self: *Replica = @ptrCast(@alignCast(object));
        self.stop();
        self.release();
    }

    pub fn addRequest(self: *Replica) !u32 {
        self.lock.lock();
        defer self.lock.unlock();
        const index = self.requests.items.len;
        if (index == self.settings.requests_max) return report.fail(error.queue_full, "{d} requests are under way.", .{index});
        try self.requests.ensureUnusedCapacity(allocator, 1);
        self.requests.appendAssumeCapacity(try Request.create(&self.session));
        return @intCast(index);
    }

    /// The request, if it is in one of `states`.
    pub fn requestIn(self: *Replica, index: u32, comptime states: []const @import("request.zig").State) !*Request {
        self.lock.lock();
        defer self.lock.unlock();
        if (index >= self.requests.items.len) return report.fail(error.invalid_argument, "there is no request {d}.", .{index});
        const request = self.requests.items[index];
        inline for (states) |state| if (request.state == state) return request;
        return report.fail(error.invalid_argument, "request {d} is {s}.", .{ index, @tagName(request.state) });
    }

    /// Queues an idle request.
    pub fn submit(self: *Replica, index: u32, request: *Request, blocking: bool) void {
        self.lock.lock();
        defer self.lock.unlock();
        request.blocking = blocking;
        request.state = .queued;
        self.waiting.push(index);
        if (self.running == null) self.signalWork();
    }

    /// Runs an idle request on the calling thread if nothing else runs or waits. False: it has to be queued.
    pub fn tryRunHere(self: *Replica, request: *Request) bool {
        {
            self.lock.lock();
            defer self.lock.unlock();
            if (self.running != null or self.waiting.length > 0 or self.stopping) return false;
            request.state = .running;
            self.running = request;
        }
        request.perform(&self.session);
        self.lock.lock();
        defer self.lock.unlock();
        request.state = .done;
        self.running = null;
        if (self.waiting.length > 0 or self.stopping) self.signalWork();
        return true;
    }

    /// True when a request that was submitted as blocking has ended.
    pub fn wait(self: *Replica, request: *Request, limit_ns: u64) bool {
        const until = futex.now() + limit_ns;
        while (true) {
            const seen = self.ended.load(.acquire);
            self.lock.lock();
            const done = request.state == .done;
            self.lock.unlock();
            const now = futex.now();
            if (done or now >= until) return done;
            futex.waitPrivate(&self.ended, seen, until - now);
        }
    }

    /// True: the request had not begun and never will. False: it runs or has run; a run under way ends early, and the
    /// request finishes as ever.
    pub fn cancel(self: *Replica, index: u32, request: *Request) bool {
        self.lock.lock();
        defer self.lock.unlock();
        if (request.state == .queued and self.waiting.remove(index)) {
            request.state = .done;
            return true;
        }
        if (request.state == .running) self.terminate(request);
        return false;
    }

    /// Ended requests that nobody waits for, as (index, status) pairs; returns how many.
    pub fn takeFinished(self: *Replica, into: anytype) u32 {
        self.lock.lock();
        defer self.lock.unlock();
        var count: u32 = 0;
        while (count < into.len) : (count += 1) {
            const index = self.finished.pop() orelse break;
            const request = self.requests.items[index];
            request.announced = false;
            into[count] = .{ .slot = index, .generation = @bitCast(if (request.failure) |err| report.status(err) else 0) };
        }
        return count;
    }

    pub fn recycle(self: *Replica, index: u32, request: *Request) void {
        request.clear();
        self.lock.lock();
        defer self.lock.unlock();
        // Nobody took note that it had ended: it must not be announced twice.
        if (request.announced) _ = self.finished.remove(index);
        request.announced = false;
        request.state = .idle;
    }

    fn terminate(self: *Replica, request: *Request) void {
        request.terminated = true;
        request.options.terminate(self.session.library);
    }

    fn signalWork(self: *Replica) void {
        // Sequentially consistent: pairs with `rest`. Either it sees the new number, or we see that it sleeps.
        _ = self.work.fetchAdd(1, .seq_cst);
        if (self.asleep.swap(false, .seq_cst)) futex.wakePrivate(&self.work, 1);
    }

    fn main(self: *Replica) void {
        defer self.release();
        // The engine's own threads are made by this one and inherit both.
        _ = linux.syscall3(.setpriority, 0, 0, niceness);
        _ = linux.prctl(@intFromEnum(linux.PR.SET_NAME), @intFromPtr("millrace-model"), 0, 0, 0);
        report.reset();
        if (self.load()) {
            self.enter(.ready);
            self.serve();
            self.unload();
        } else |err| {
            const text = report.text();
            @memcpy(self.text[0..text.len], text);
            self.text_length = text.len;
            self.failure = err;
        }
        _ = live.fetchSub(1, .monotonic);
        self.enter(.gone);
    }

    fn load(self: *Replica) !void {
        const library = try engine_library.open(self.settings.library_path);
        self.session = try .load(allocator, library, self.settings.model_path, self.settings.options);
    }

    fn serve(self: *Replica) void {
        while (true) {
            const seen = self.work.load(.acquire);
            self.lock.lock();
            if (self.stopping and self.running == null) return self.lock.unlock();
            const next = if (self.running == null) self.waiting.pop() else null;
            const index = next orelse {
                self.lock.unlock();
                self.rest(seen);
                continue;
            };
            const request = self.requests.items[index];
            request.state = .running;
            self.running = request;
            self.lock.unlock();
            request.perform(&self.session);
            self.lock.lock();
            request.state = .done;
            self.running = null;
            request.announced = !request.blocking;
            if (request.announced) self.finished.push(index);
            _ = self.ended.fetchAdd(1, .release);
            self.lock.unlock();
            if (request.blocking) futex.wakePrivate(&self.ended, std.math.maxInt(u31)) else self.owner.wake.signal();
        }
    }

    /// Spins a little, then sleeps until `work` moves on from `seen`.
    fn rest(self: *Replica, seen: u32) void {
        if (cores() > 1) {
            const until = futex.now() + spin_ns;
            while (futex.now() < until) {
                for (0..16) |_| std.atomic.spinLoopHint();
                if (self.work.load(.monotonic) != seen) return;
            }
        }
        self.asleep.store(true, .seq_cst);
        if (self.work.load(.seq_cst) == seen) futex.waitPrivate(&self.work, seen, null);
        self.asleep.store(false, .monotonic);
    }

    fn unload(self: *Replica) void {
        for (self.requests.items) |request| request.destroy();
        self.requests.clearRetainingCapacity();
        self.session.close();
    }
};

var known_cores = std.atomic.Value(u32).init(0);

fn cores() u32 {
    const known = known_cores.load(.monotonic);
    if (known > 0) return known;
    const count: u32 = @intCast(std.Thread.getCpuCount() catch 1);
    known_cores.store(count, .monotonic);
    return count;
}
