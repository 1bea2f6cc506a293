//! Which request runs next, and who runs it: the replica's thread, or a JavaScript thread that borrows the idle engine.
//! One runs at a time, in the order submitted. Calls come from one JavaScript thread, except where one says otherwise.
const std = @import("std");
const report = @import("../abi/report.zig");
const futex = @import("../os/futex.zig");
const Seat = @import("../os/seat.zig").Seat;
const engine = @import("../engine/onnx/session.zig");
const Queue = @import("queue.zig").Queue;
const Request = @import("request.zig").Request;
const State = @import("request.zig").State;

const allocator = std.heap.smp_allocator;
/// How long the replica's thread looks for the next request before it sleeps: waking it costs about as much.
const spin_ns = 30_000;

/// A Worker cannot be terminated while it runs the model itself. So it does only when the last run was shorter than
/// this; handing a run over costs some microseconds.
const run_here_ns = 5 * std.time.ns_per_ms;

pub const Schedule = struct {
    session: *const engine.Session,
    lock: futex.Mutex = .{},
    /// Under `lock`, as all up to `stopping`.
    requests: std.ArrayList(*Request) = .empty,
    waiting: Queue,
    finished: Queue,
    running: ?*Request = null,
    /// How long the last run took; before the first one nobody knows.
    last_run_ns: u64 = std.math.maxInt(u64),
    stopping: bool = false,
    /// Grows when the replica's thread has something to look at.
    work: std.atomic.Value(u32) = .init(0),
    asleep: std.atomic.Value(bool) = .init(false),
    /// Where the replica's thread runs.
    seat: Seat = .{},
    /// Grows when a request that somebody waits for has ended.
    ended: std.atomic.Value(u32) = .init(0),

    pub fn create(session: *const engine.Session, requests_max: u32) !Schedule {
        var waiting = try Queue.create(allocator, requests_max);
        errdefer waiting.destroy(allocator);
        return .{ .session = session, .waiting = waiting, .finished = try .create(allocator, requests_max) };
    }

    pub fn destroy(self: *Schedule) void {
        self.waiting.destroy(allocator);
        self.finished.destroy(allocator);
        self.requests.deinit(allocator);
    }

    /// Makes an idle request; returns its number.
    pub fn add(self: *Schedule) !u32 {
        self.lock.lock();
        defer self.lock.unlock();
        const number = self.requests.items.len;
        if (number == self.waiting.items.len) return report.fail(error.queue_full, "{d} requests are under way.", .{number});
        try self.requests.ensureUnusedCapacity(allocator, 1);
        self.requests.appendAssumeCapacity(try Request.create(self.session));
        return @intCast(number);
    }

    /// The request, if it is in one of `states`.
    pub fn find(self: *Schedule, number: u32, comptime states: []const State) !*Request {
        self.lock.lock();
        defer self.lock.unlock();
        if (number >= self.requests.items.len) return report.fail(error.invalid_argument, "there is no request {d}.", .{number});
        const request = self.requests.items[number];
        inline for (states) |state| if (request.state == state) return request;
        return report.fail(error.invalid_argument, "request {d} is {s}.", .{ number, @tagName(request.state) });
    }

    /// Queues an idle request. True: it runs on the caller's processor once the caller sleeps.
    pub fn submit(self: *Schedule, number: u32, request: *Request, blocking: bool) bool {
        self.lock.lock();
        defer self.lock.unlock();
        request.blocking = blocking;
        request.state = .queued;
        self.waiting.push(number);
        self.seat.wanted.store(true, .release);
        // Who submits and does not block polls for the answer, and must not hold the processor that it needs.
        const vacated = if (blocking) null else self.seat.vacate();
        if (self.running == null) self.signal();
        if (vacated) |seat| seat.leave();
        return vacated == null and self.seat.shared();
    }

    /// Runs an idle request on the calling thread if nothing else runs or waits and it will not take long. False: it has
    /// to be queued.
    pub fn tryRunHere(self: *Schedule, request: *Request) bool {
        {
            self.lock.lock();
            defer self.lock.unlock();
            if (self.running != null or self.waiting.length > 0 or self.stopping or self.last_run_ns > run_here_ns) return false;
            request.state = .running;
            self.running = request;
        }
        const began = futex.now();
        request.perform(self.session);
        self.lock.lock();
        defer self.lock.unlock();
        self.last_run_ns = futex.now() - began;
        request.state = .done;
        self.running = null;
        if (self.waiting.length > 0 or self.stopping) self.signal();
        return true;
    }

    /// True when a request that was submitted as blocking has ended.
    pub fn wait(self: *Schedule, request: *Request, limit_ns: u64) bool {
        const until = futex.now() + limit_ns;
        while (true) {
            // Acquire pairs with the release in `runNext`.
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
    pub fn cancel(self: *Schedule, number: u32, request: *Request) bool {
        self.lock.lock();
        defer self.lock.unlock();
        if (request.state == .queued and self.waiting.remove(number)) {
            request.state = .done;
            return true;
        }
        if (request.state == .running) request.terminate();
        return false;
    }

    /// Ended requests that nobody waits for, as (number, status) pairs; returns how many.
    pub fn takeFinished(self: *Schedule, into: anytype) u32 {
        self.lock.lock();
        defer self.lock.unlock();
        var count: u32 = 0;
        while (count < into.len) : (count += 1) {
            const number = self.finished.pop() orelse break;
            const request = self.requests.items[number];
            request.announced = false;
            into[count] = .{ .slot = number, .generation = @bitCast(if (request.failure) |err| report.status(err) else 0) };
        }
        return count;
    }

    pub fn recycle(self: *Schedule, number: u32, request: *Request) void {
        request.clear();
        self.lock.lock();
        defer self.lock.unlock();
        // Nobody took note that it had ended: it must not be announced twice.
        if (request.announced) _ = self.finished.remove(number);
        request.announced = false;
        request.state = .idle;
    }

    /// Ends the run under way at its next step and drops what waits. Any thread.
    pub fn stop(self: *Schedule) void {
        self.lock.lock();
        defer self.lock.unlock();
        self.stopping = true;
        self.waiting.clear();
        if (self.running) |request| request.terminate();
        self.signal();
    }

    pub const Next = union(enum) { nothing: u32, stop, announced, awaited };

    /// The replica's thread: runs the request whose turn it is, and says who wants to know. `nothing`: `rest` until
    /// `work` moves on from this number.
    pub fn runNext(self: *Schedule) Next {
        const seen = self.work.load(.acquire);
        self.lock.lock();
        defer self.lock.unlock();
        if (self.running != null) return .{ .nothing = seen };
        if (self.stopping) return .stop;
        const number = self.waiting.pop() orelse return .{ .nothing = seen };
        const request = self.requests.items[number];
        request.state = .running;
        self.running = request;
        self.lock.unlock();
        self.seat.note();
        const began = futex.now();
        request.perform(self.session);
        self.lock.lock();
        self.last_run_ns = futex.now() - began;
        request.state = .done;
        self.running = null;
        request.announced = !request.blocking;
        self.seat.wanted.store(self.waiting.length > 0, .release);
        if (request.announced) {
            self.finished.push(number);
            return .announced;
        }
        _ = self.ended.fetchAdd(1, .release);
        return .awaited;
    }

    /// The replica's thread: spins a little if other cores could bring work, then sleeps.
    pub fn rest(self: *Schedule, seen: u32, spin: bool) void {
        self.seat.note();
        if (spin) {
            const until = futex.now() + spin_ns;
            while (futex.now() < until) {
                for (0..16) |_| std.atomic.spinLoopHint();
                if (self.work.load(.monotonic) != seen) return;
            }
        }
        self.asleep.store(true, .seq_cst);
        if (self.work.load(.seq_cst) == seen) futex.waitPrivate(&self.work, seen, null);
        self.asleep.store(false, .monotonic);
        self.seat.note();
    }

    fn signal(self: *Schedule) void {
        // Sequentially consistent: pairs with `rest`. Either it sees the new number, or we see that it sleeps.
        _ = self.work.fetchAdd(1, .seq_cst);
        if (self.asleep.swap(false, .seq_cst)) futex.wakePrivate(&self.work, 1);
    }
};
