//! Runs two threads in every order that a processor could show them, for tests: each access to shared memory is a step, and
//! at each step the schedule decides who takes it. Stores wait in the thread's own buffer until the schedule (or a fence)
//! lets them out, as on x86: what a missing fence would allow does happen here.
//!
//! The search is by depth, with the execution begun anew for each branch. A thread's own state is what its code made of the
//! values it has read, so two executions with the same memory, buffers and values read go on alike: the second is cut.
const std = @import("std");
const fiber = std.Io.fiber;

pub const threads_max = 2;
const buffer_max = 8;
const stack_size = 64 * 1024;
const steps_max = 4096;

const Store = struct { address: *u64, value: u64 };

const Thread = struct {
    context: fiber.Context = undefined,
    stack: []align(16) u8,
    body: *const fn (argument: *anyopaque) void = undefined,
    argument: *anyopaque = undefined,
    state: enum { ready, asleep, ended } = .ready,
    bell: ?*u64 = null,
    buffer: [buffer_max]Store = undefined,
    buffered: usize = 0,
    /// Of all the values read so far, in order.
    seen: u64 = 0,
};

pub const Body = struct { run: *const fn (argument: *anyopaque) void, argument: *anyopaque };

pub const Outcome = struct {
    executions: u64 = 0,
    states: u64 = 0,
    /// Executions that ran to their end, or to a state in which everybody left sleeps.
    ended: u64 = 0,
};

pub const Scheduler = struct {
    threads: [threads_max]Thread,
    /// All that the threads share.
    memory: []u64,
    /// Words that in this scene no other thread writes.
    steady: [threads_max][2]?*const u64 = @splat(@splat(null)),
    main: fiber.Context = undefined,
    running: ?usize = null,
    visited: std.AutoHashMapUnmanaged(u64, void) = .empty,
    path: std.ArrayList(Branch) = .empty,
    allocator: std.mem.Allocator,

    const Branch = struct { taken: u8, of: u8 };
    /// What the schedule may choose: thread `index` goes on, or its oldest store is let out.
    const Choice = struct { index: usize, flush: bool };

    pub fn init(allocator: std.mem.Allocator, memory: []u64) !Scheduler {
        var self: Scheduler = .{ .threads = undefined, .memory = memory, .allocator = allocator };
        for (&self.threads) |*thread| thread.* = .{ .stack = try allocator.alignedAlloc(u8, .@"16", stack_size) };
        return self;
    }

    pub fn deinit(self: *Scheduler) void {
        for (self.threads) |thread| self.allocator.free(thread.stack);
        self.visited.deinit(self.allocator);
        self.path.deinit(self.allocator);
    }

    /// Every execution of the bodies. `prepare` sets memory to what it is in the beginning; `check` looks at the end of
    /// each, when no thread can go on.
    pub fn explore(self: *Scheduler, bodies: [threads_max]Body, scene: anytype) !Outcome {
        self.visited.clearRetainingCapacity();
        self.path.clearRetainingCapacity();
        var outcome: Outcome = .{};
        current = self;
        defer current = null;
        while (true) {
            scene.prepare();
            outcome.executions += 1;
            if (try self.execute(bodies)) {
                outcome.ended += 1;
                try scene.check(self);
            }
            while (self.path.getLastOrNull()) |last| {
                if (last.taken + 1 < last.of) break;
                _ = self.path.pop();
            }
            if (self.path.items.len == 0) break;
            self.path.items[self.path.items.len - 1].taken += 1;
        }
        outcome.states = self.visited.count();
        return outcome;
    }

    /// False: cut, because the rest is known.
    fn execute(self: *Scheduler, bodies: [threads_max]Body) !bool {
        for (&self.threads, bodies) |*thread, body| {
            thread.* = .{ .stack = thread.stack, .body = body.run, .argument = body.argument };
            thread.context = begin(thread.stack);
        }
        // Each to before its first access: nothing has happened yet.
        for (0..threads_max) |index| self.go(index);
        for (0..steps_max) |step| {
            var choices: [2 * threads_max]Choice = undefined;
            var count: u8 = 0;
            for (&self.threads, 0..) |*thread, index| {
                if (thread.state == .ready) {
                    choices[count] = .{ .index = index, .flush = false };
                    count += 1;
                }
                if (thread.buffered > 0) {
                    choices[count] = .{ .index = index, .flush = true };
                    count += 1;
                }
            }
            if (count == 0) return true;
            if (step == self.path.items.len) {
                if ((try self.visited.getOrPut(self.allocator, self.key())).found_existing) return false;
                try self.path.append(self.allocator, .{ .taken = 0, .of = count });
            }
            const choice = choices[self.path.items[step].taken];
            if (choice.flush) self.flush(&self.threads[choice.index]) else self.go(choice.index);
        }
        return error.EndlessExecution;
    }

    fn key(self: *Scheduler) u64 {
        var hash = std.hash.Wyhash.init(0);
        hash.update(std.mem.sliceAsBytes(self.memory));
        for (self.threads) |thread| {
            hash.update(std.mem.asBytes(&thread.seen));
            hash.update(&.{ @intFromEnum(thread.state), @intCast(thread.buffered) });
            for (thread.buffer[0..thread.buffered]) |waiting| {
                hash.update(std.mem.asBytes(&@intFromPtr(waiting.address)));
                hash.update(std.mem.asBytes(&waiting.value));
            }
        }
        return hash.final();
    }

    fn go(self: *Scheduler, index: usize) void {
        self.running = index;
        const message: fiber.Switch = .{ .old = &self.main, .new = &self.threads[index].context };
        _ = fiber.contextSwitch(&message);
        self.running = null;
    }

    /// Back to the schedule; returns when this thread is chosen to take its next step.
    fn yield(self: *Scheduler) *Thread {
        const thread = &self.threads[self.running.?];
        const message: fiber.Switch = .{ .old = &thread.context, .new = &self.main };
        _ = fiber.contextSwitch(&message);
        return thread;
    }

    fn flush(_: *Scheduler, thread: *Thread) void {
        const oldest = thread.buffer[0];
        oldest.address.* = oldest.value;
        thread.buffered -= 1;
        std.mem.copyForwards(Store, thread.buffer[0..thread.buffered], thread.buffer[1 .. thread.buffered + 1]);
    }

    fn drain(self: *Scheduler, thread: *Thread) void {
        while (thread.buffered > 0) self.flush(thread);
    }

    fn note(thread: *Thread, value: u64) u64 {
        thread.seen = std.hash.Wyhash.hash(thread.seen +% 1, std.mem.asBytes(&value));
        return value;
    }

    // What threads do; each a step.

    pub fn load(self: *Scheduler, address: *const u64) u64 {
        const index = self.running.?;
        // What nobody else writes reads the same at any time.
        const thread = if (std.mem.indexOfScalar(?*const u64, &self.steady[index], address) != null) &self.threads[index] else self.yield();
        var i = thread.buffered;
        while (i > 0) : (i -= 1) {
            if (thread.buffer[i - 1].address == address) return note(thread, thread.buffer[i - 1].value);
        }
        return note(thread, address.*);
    }

    /// Into the thread's own buffer, which nobody else sees: a step only when a fence lets it out.
    pub fn store(self: *Scheduler, address: *u64, value: u64, fenced: bool) void {
        const thread = if (fenced) self.yield() else &self.threads[self.running.?];
        _ = note(thread, 0);
        if (thread.buffered == buffer_max) self.flush(thread);
        thread.buffer[thread.buffered] = .{ .address = address, .value = value };
        thread.buffered += 1;
        if (fenced) self.drain(thread);
    }

    /// Exchange, add, or, compare: with the lock prefix, so that nothing stays in the buffer.
    pub fn modify(self: *Scheduler, address: *u64, context: anytype, comptime change: fn (@TypeOf(context), u64) u64) u64 {
        const thread = self.yield();
        self.drain(thread);
        const before = note(thread, address.*);
        address.* = change(context, before);
        return before;
    }

    pub fn fenceAll(self: *Scheduler) void {
        _ = note(self.yield(), 0);
        for (&self.threads) |*thread| self.drain(thread);
    }

    /// Without a time limit: who is not woken sleeps for ever, and `check` sees it.
    pub fn sleep(self: *Scheduler, bell: *u64, expected: u64) void {
        const thread = self.yield();
        self.drain(thread);
        if (note(thread, bell.*) != expected) return;
        thread.state = .asleep;
        thread.bell = bell;
        _ = note(self.yield(), 1);
    }

    pub fn wake(self: *Scheduler, bell: *u64) void {
        const own = self.yield();
        self.drain(own);
        _ = note(own, 0);
        for (&self.threads) |*thread| {
            if (thread.state == .asleep and thread.bell == bell) thread.state = .ready;
        }
    }
};

pub var current: ?*Scheduler = null;

fn begin(stack: []align(16) u8) fiber.Context {
    const top = @intFromPtr(stack.ptr) + stack.len - 64;
    @memset(stack[stack.len - 64 ..], 0);
    return switch (@import("builtin").cpu.arch) {
        // As after a call: the return address, which is none, lies below the aligned top.
        .x86_64 => .{ .rsp = top - 8, .rbp = 0, .rip = @intFromPtr(&run) },
        .aarch64, .riscv64 => .{ .sp = top, .fp = 0, .pc = @intFromPtr(&run) },
        else => @compileError("no fibers here"),
    };
}

fn run() callconv(.c) noreturn {
    const scheduler = current.?;
    const thread = &scheduler.threads[scheduler.running.?];
    thread.body(thread.argument);
    thread.state = .ended;
    _ = scheduler.yield();
    unreachable;
}
