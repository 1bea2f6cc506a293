//! Which requests run next on one replica, and who runs them: the replica's thread, or a JavaScript thread that borrows the
//! idle engine. Knows no engine: the replica's thread asks `next` for a plan, runs it, and calls `finish`.
//!
//! Submitting takes no lock. The lock is held for the moments in which a plan is made, finished, or a request given up.
const std = @import("std");
const clock = @import("../os/clock.zig");
const futex = @import("../os/futex.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const Seat = @import("../os/seat.zig").Seat;
const Form = @import("form.zig").Form;
const Inbox = @import("inbox.zig").Inbox;
const Client = @import("client.zig").Client;
const Record = @import("record.zig").Record;
const Request = @import("request.zig").Request;
const Completions = @import("completions.zig").Completions;
const Waiting = @import("waiting.zig").Waiting;
const planning = @import("plan.zig");
const Plan = planning.Plan;

/// How long the replica's thread looks for the next request before it sleeps: waking it costs about as much.
const spin_ns = 30_000;
/// A Worker cannot be terminated while it runs the model itself. So it does only when the last run was shorter than
/// this; handing a run over costs some microseconds.
const run_here_ns = 5 * std.time.ns_per_ms;

/// What runs the plans, as far as the schedule has to do with it. Both under its lock.
pub const Engine = struct {
    context: *anyopaque,
    /// A run is about to begin.
    ready: *const fn (context: *anyopaque) void,
    /// Nobody wants what runs any more.
    terminate: *const fn (context: *anyopaque) void,
    /// Nothing will be wanted any more; also when nothing runs.
    stop: *const fn (context: *anyopaque) void,
    /// A JavaScript thread may run a plan itself.
    lends: bool,
};

/// What every submission writes, in one line of memory.
const Gate = struct {
    inbox: Inbox(Request, "next") align(std.atomic.cache_line) = .{},
    /// Requests of all clients that were handed over and have not ended; for choosing the least loaded replica.
    load: std.atomic.Value(u32) = .init(0),
};

/// What every submission reads, and what is seldom written.
const Bed = struct {
    /// The replica's thread sleeps on it while it is 1.
    asleep: std.atomic.Value(u32) align(std.atomic.cache_line) = .init(0),
    /// Something besides the inbox is to be looked at.
    attention: std.atomic.Value(bool) = .init(false),
};

pub const Schedule = struct {
    form: *const Form,
    rules: planning.Rules,
    engine: Engine,
    gate: Gate = .{},
    bed: Bed = .{},
    lock: futex.Mutex = .{},
    /// Under `lock`, as all up to `record`.
    waiting: Waiting = .{},
    running: planning.Running = .{},
    /// How long the last run took; before the first one nobody knows.
    last_run_ns: u64 = std.math.maxInt(u64),
    stopping: bool = false,
    /// Incomplete batches run now, instead of waiting for rows.
    hurry: bool = false,
    /// Somebody was asked for the rows that the next batch lacks.
    asked: bool = false,
    record: Record,
    /// Where the replica's thread runs.
    seat: Seat = .{},
    /// Grows when a request that somebody waits for has ended.
    ended: std.atomic.Value(u32) = .init(0),
    /// Threads in `wait`.
    waiters: std.atomic.Value(u32) = .init(0),

    /// Queues a request that its own thread has prepared. True: it runs on the caller's processor once the caller sleeps.
    pub fn submit(self: *Schedule, request: *Request) bool {
        request.state.store(.queued, .monotonic);
        const blocking = request.blocking;
        const first = self.gate.load.fetchAdd(1, .monotonic) == 0;
        self.gate.inbox.push(request);
        if (!first and self.bed.asleep.load(.seq_cst) == 0) return false;
        self.seat.wanted.store(true, .release);
        // Who submits and does not block polls for the answer, and must not hold the processor that it needs.
        const vacated = if (blocking) null else self.seat.vacate();
        self.wake();
        if (vacated) |seat| seat.leave();
        return !blocking and vacated == null and self.seat.shared();
    }

    /// Makes the calling thread the one that runs `request`, if nothing else runs or waits and it will not take long; then
    /// `finish`. False: it has to be queued.
    pub fn borrow(self: *Schedule, plan: *Plan, request: *Request) bool {
        const now: clock.Reference = .now();
        self.lock.lock();
        defer self.lock.unlock();
        self.drain();
        if (!self.engine.lends or self.running.first != null or self.waiting.count > 0 or self.stopping or self.last_run_ns > run_here_ns) return false;
        if (self.form.compiled_rows > 0 and request.rows != self.form.compiled_rows) return false;
        _ = self.gate.load.fetchAdd(1, .monotonic);
        request.convertTimes(now);
        plan.setWhole(request);
        self.begin(plan, now.ns);
        return true;
    }

    /// True when a blocking request has ended. It may also return early.
    pub fn wait(self: *Schedule, request: *Request, limit_ns: u64) bool {
        const until = futex.now() + limit_ns;
        // Sequentially consistent, as the growth of `ended`: either this sees it grown, or who ends a request sees somebody wait.
        _ = self.waiters.fetchAdd(1, .seq_cst);
        defer _ = self.waiters.fetchSub(1, .monotonic);
        while (true) {
            const seen = self.ended.load(.seq_cst);
            if (request.state.load(.acquire) == .done) return true;
            const now = futex.now();
            if (now >= until or request.client.shared.hungry.load(.acquire) != 0) return false;
            futex.waitPrivate(&self.ended, seen, until - now);
        }
    }

    /// True: the request had not begun and never will. False: it runs or has run; if it runs alone the run ends early. It
    /// finishes as ever.
    pub fn cancel(self: *Schedule, request: *Request) bool {
        self.lock.lock();
        defer self.lock.unlock();
        self.drainForOther();
        return switch (request.state.load(.monotonic)) {
            .queued => {
                self.waiting.remove(request);
                _ = self.gate.load.fetchSub(1, .monotonic);
                request.state.store(.done, .release);
                return true;
            },
            .running => {
                request.given_up.store(true, .monotonic);
                self.dropRest(request);
                self.terminateUnwanted();
                if (self.running.has(request)) return false;
                _ = self.gate.load.fetchSub(1, .monotonic);
                request.state.store(.done, .release);
                return true;
            },
            else => false,
        };
    }

    /// Takes out what a client has here, whose thread is gone: nobody waits for it. Returns how many never begin.
    pub fn withdraw(self: *Schedule, client: *Client) u32 {
        self.lock.lock();
        defer self.lock.unlock();
        self.drainForOther();
        var dropped: u32 = 0;
        var rest_of = self.waiting.first;
        while (rest_of) |request| {
            rest_of = request.next;
            if (request.client != client) continue;
            if (self.running.has(request)) {
                self.dropRest(request);
                continue;
            }
            self.waiting.remove(request);
            request.state.store(.done, .release);
            dropped += 1;
        }
        _ = self.gate.load.fetchSub(dropped, .monotonic);
        var running = self.running.first;
        while (running) |plan| : (running = plan.next) for (plan.used()) |part| if (part.request.client == client) {
            part.request.given_up.store(true, .monotonic);
        };
        self.terminateUnwanted();
        return dropped;
    }

    /// Batches that wait for rows run as they are.
    pub fn flush(self: *Schedule) void {
        self.lock.lock();
        self.hurry = true;
        self.lock.unlock();
        self.signal();
    }

    /// Whoever was asked for rows gives none.
    pub fn flushAsked(self: *Schedule) void {
        self.lock.lock();
        const asked = self.asked;
        self.lock.unlock();
        if (asked) self.flush();
    }

    /// Ends the run under way at its next step; the replica's thread ends then. Nothing may be submitted any more.
    pub fn stop(self: *Schedule) void {
        self.lock.lock();
        self.stopping = true;
        // Under the lock: the replica's thread lets the engine go once it has seen `stopping`.
        self.engine.stop(self.engine.context);
        self.lock.unlock();
        self.signal();
    }

    pub fn isStopping(self: *Schedule) bool {
        self.lock.lock();
        defer self.lock.unlock();
        return self.stopping;
    }

    pub const Step = union(enum) { run, stop, rest: u64, ask };

    /// The replica's thread: what to do now. `run`: `plan`, then `finish`. `rest`: until then at most. `ask`: a batch lacks
    /// rows that somebody may give.
    pub fn next(self: *Schedule, plan: *Plan) Step {
        self.bed.attention.store(false, .seq_cst);
        const now = futex.now();
        self.lock.lock();
        defer self.lock.unlock();
        self.drain();
        if (self.running.first != null) return .{ .rest = planning.forever };
        if (self.stopping) return .stop;
        switch (planning.compose(plan, &self.waiting, self.form, self.rules, now, self.hurry)) {
            .nothing => {
                self.hurry = false;
                return .{ .rest = planning.forever };
            },
            .until => |due| return if (plan.hungry) self.askOnce() else .{ .rest = due },
            .run => return self.start(plan, now),
        }
    }

    pub fn askOnce(self: *Schedule) Step {
        if (self.asked) return .{ .rest = planning.forever };
        self.asked = true;
        return .ask;
    }

    pub fn start(self: *Schedule, plan: *Plan, now: u64) Step {
        self.hurry = false;
        self.asked = false;
        self.begin(plan, now);
        return .run;
    }

    /// The plan has run; what its requests got is in them. True: there is more to do, see `signal`.
    pub fn finish(self: *Schedule, plan: *Plan) bool {
        var clients: Completions = .{ .schedule = self };
        var more = false;
        {
            const now = futex.now();
            self.lock.lock();
            defer self.lock.unlock();
            const started = if (plan.count > 0) plan.used()[0].request.times.started else now;
            self.last_run_ns = now -| started;
            self.record.ran(plan, now -| started);
            self.running.remove(plan);
            for (plan.used()) |part| {
                const request = part.request;
                request.answered += part.rows;
                if (request.failure != null) self.dropRest(request);
                if (request.answered < request.planned or request.planned < request.rows) continue;
                self.record.answered(request, now);
                clients.add(request);
            }
            _ = self.gate.load.fetchSub(clients.total, .monotonic);
            more = self.waiting.count > 0 or !self.gate.inbox.isEmpty();
            self.seat.wanted.store(more, .release);
            more = more or self.stopping;
        }
        clients.deliver();
        return more;
    }

    /// The replica's thread: spins a little if other cores could bring work, then sleeps.
    pub fn rest(self: *Schedule, until: u64, spin: bool) void {
        self.seat.note();
        const began = futex.now();
        if (spin) {
            const spin_until = @min(until, began + spin_ns);
            while (futex.now() < spin_until) {
                for (0..16) |_| std.atomic.spinLoopHint();
                if (self.wanted()) return;
            }
        }
        const now = futex.now();
        if (now >= until) return;
        // Sequentially consistent, as the push to the inbox and `attention`: either they are seen here, or their side sees
        // that this thread sleeps.
        self.bed.asleep.store(1, .seq_cst);
        if (!self.wanted()) futex.waitPrivate(&self.bed.asleep, 1, if (until == planning.forever) null else until - now);
        self.bed.asleep.store(0, .monotonic);
        self.seat.note();
    }

    pub fn signal(self: *Schedule) void {
        self.bed.attention.store(true, .seq_cst);
        self.wake();
    }

    fn wanted(self: *Schedule) bool {
        return !self.gate.inbox.isEmpty() or self.bed.attention.load(.seq_cst);
    }

    fn wake(self: *Schedule) void {
        if (self.bed.asleep.load(.seq_cst) == 1 and self.bed.asleep.swap(0, .seq_cst) == 1) futex.wakePrivate(&self.bed.asleep, 1);
    }

    /// On another thread than the replica's, which looks at the inbox to know whether there is work: it is told.
    fn drainForOther(self: *Schedule) void {
        if (self.gate.inbox.isEmpty()) return;
        self.drain();
        self.signal();
    }

    pub fn drain(self: *Schedule) void {
        var rest_of = self.gate.inbox.takeAll() orelse return;
        const reference: clock.Reference = .now();
        while (true) {
            const request = rest_of;
            const following = request.next;
            request.convertTimes(reference);
            if (switches.off("priority_order")) request.priority = 0;
            self.waiting.add(request);
            rest_of = following orelse return;
        }
    }

    fn begin(self: *Schedule, plan: *Plan, now: u64) void {
        self.engine.ready(self.engine.context);
        self.running.add(plan);
        for (plan.used()) |part| {
            if (part.request.state.load(.monotonic) != .running) part.request.times.started = @max(now, part.request.times.queued);
            part.request.state.store(.running, .monotonic);
        }
    }

    /// Rows that were not put into a batch yet never will be.
    pub fn dropRest(self: *Schedule, request: *Request) void {
        if (request.planned == request.rows) return;
        self.waiting.remove(request);
        request.rows = request.planned;
    }

    fn terminateUnwanted(self: *Schedule) void {
        if (self.running.first == null or self.running.isWanted()) return;
        self.engine.terminate(self.engine.context);
    }
};

test "what a thread finds in the inbox that gives a request up is not lost to the replica's thread" {
    var requests: [2]Request = undefined;
    var schedule: Schedule = .{ .form = undefined, .rules = .{ .rows_max = 1, .wait_ns = 0 }, .engine = undefined, .record = undefined };
    for (&requests, 0..) |*request, number| {
        request.* = .{ .client = undefined, .chunk = undefined, .number = @intCast(number), .inputs = &.{}, .outputs = &.{} };
        request.state.store(.queued, .monotonic);
        schedule.gate.load.store(@intCast(number + 1), .monotonic);
        schedule.gate.inbox.push(request);
    }
    try std.testing.expect(schedule.cancel(&requests[0]));
    try std.testing.expectEqual(1, schedule.waiting.count);
    try std.testing.expect(schedule.wanted());
}
