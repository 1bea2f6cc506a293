//! A session of JavaScript's and the native thread that makes all its driver calls, one command at a time. JavaScript
//! gives a command, then polls or waits, makes the callbacks that are asked for meanwhile, and takes the result.
const std = @import("std");
const linux = std.os.linux;
const drivers = @import("../driver/poplar/table.zig");
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const futex = @import("../os/futex.zig");
const Device = @import("../driver/device.zig").Device;
const Thread = @import("../abi/thread.zig").Thread;
const Exchange = @import("exchange.zig").Exchange;
const Session = @import("session.zig").Session;

const allocator = std.heap.smp_allocator;
/// As a replica's: lower than the event loop's.
const niceness = 5;

var live = std.atomic.Value(u32).init(0);

/// Sessions that are open or being let go: their engines are gone when this says so.
pub fn liveCount() u32 {
    // Acquire pairs with the release in `release`: what was let go of is gone for the caller too.
    return live.load(.acquire);
}

pub const Command = union(enum) {
    /// A reference.
    bind: *Device,
    unbind,
    reload,
    run: Run,

    /// `times` null: until stopped.
    pub const Run = struct { programs: []const u32, times: ?u64 };
};

pub const Event = enum(i32) { nothing = 0, callback = 1, ended = 2 };

pub const Executor = struct {
    pub const kind: handle.Kind = .session;

    session: *Session,
    exchange: *Exchange,
    owner: *Thread,
    /// The handle has one, the native thread one.
    references: std.atomic.Value(u32) = .init(1),
    command: Command = .unbind,
    phase: std.atomic.Value(u32) = .init(@intFromEnum(Phase.idle)),
    closing: std.atomic.Value(bool) = .init(false),
    /// Counts commands and the close; the native thread sleeps on it.
    bell: std.atomic.Value(u32) = .init(0),
    started: bool = false,
    /// A replica's thread uses the session; see `lend`.
    lent: std.atomic.Value(bool) = .init(false),
    /// Of the command that ended last.
    failure: ?anyerror = null,
    text: [report.text_max]u8 = undefined,
    text_length: usize = 0,
    recovery: drivers.RecoveryAction = .none,

    /// `idle` and `ended` belong to the JavaScript thread, `asked` and `working` to the native one.
    const Phase = enum(u32) { idle, asked, working, ended };

    /// Takes the reference to `session` over, on success.
    pub fn create(owner: *Thread, session: *Session) !*Executor {
        const self = try allocator.create(Executor);
        errdefer allocator.destroy(self);
        self.* = .{ .session = session, .exchange = try .create(owner), .owner = owner.retain() };
        _ = live.fetchAdd(1, .monotonic);
        return self;
    }

    /// Of the handle's object, when it was closed and nobody is inside. What is under way is ended; the native thread lets
    /// go of the device.
    pub fn drop(object: *anyopaque) void {
        const self: *Executor = @ptrCast(@alignCast(object));
        self.exchange.finish();
        self.closing.store(true, .release);
        if (!self.lent.load(.acquire)) self.session.stop();
        self.ring();
        self.release();
    }

    fn release(self: *Executor) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        switch (self.command) {
            .bind => |device| device.release(),
            .run => |run| allocator.free(run.programs),
            else => {},
        }
        self.session.release();
        self.exchange.release();
        self.owner.release();
        allocator.destroy(self);
        _ = live.fetchSub(1, .release);
    }

    fn at(self: *const Executor) Phase {
        // Acquire pairs with the release in `enter`.
        return @enumFromInt(self.phase.load(.acquire));
    }

    fn enter(self: *Executor, phase: Phase) void {
        self.phase.store(@intFromEnum(phase), .release);
    }

    fn ring(self: *Executor) void {
        // Release pairs with the acquire in `main`: what the bell rings for is seen.
        _ = self.bell.fetchAdd(1, .release);
        futex.wakePrivate(&self.bell, 1);
    }

    /// Leaves the session to another thread, until that gives it back; commands fail meanwhile.
    pub fn lend(self: *Executor) !*Executor {
        try self.requireIdle();
        if (!self.session.isBound()) return report.fail(error.not_bound, "the session is bound to no device.", .{});
        self.lent.store(true, .monotonic);
        _ = self.references.fetchAdd(1, .monotonic);
        return self;
    }

    /// From the thread that it was lent to.
    pub fn giveBack(self: *Executor) void {
        // Release pairs with the acquire loads of `lent`: what that thread did to the session is seen.
        self.lent.store(false, .release);
        self.release();
    }

    pub fn requireIdle(self: *const Executor) !void {
        if (self.lent.load(.acquire)) return report.fail(error.busy, "the session belongs to a model runner, which has not let go of it.", .{});
        if (self.at() != .idle) return report.fail(error.busy, "the session runs programs, or is being bound.", .{});
    }

    /// Takes what the command holds over, on success.
    pub fn begin(self: *Executor, command: Command) !void {
        try self.requireIdle();
        if (!self.started) {
            _ = self.references.fetchAdd(1, .monotonic);
            const worker = std.Thread.spawn(.{ .stack_size = 8 << 20 }, main, .{self}) catch |err| {
                _ = self.references.fetchSub(1, .monotonic);
                return report.fail(error.system, "starting a thread for the session failed: {s}.", .{@errorName(err)});
            };
            worker.detach();
            self.started = true;
        }
        self.command = command;
        self.enter(.asked);
        self.ring();
    }

    /// Waits for at most `limit_ns` until JavaScript is needed. The command's failure is this call's.
    pub fn poll(self: *Executor, limit_ns: u64) !Event {
        const until = futex.now() + limit_ns;
        while (true) {
            // Acquire pairs with the release in `announce`.
            const seen = self.exchange.events.load(.acquire);
            if (self.exchange.wanted()) return .callback;
            if (self.at() == .ended) {
                self.enter(.idle);
                const err = self.failure orelse return .ended;
                report.sayRaw(self.text[0..self.text_length], 0);
                return err;
            }
            if (self.at() == .idle) return .ended;
            const now = futex.now();
            if (now >= until) return .nothing;
            futex.waitPrivate(&self.exchange.events, seen, until - now);
        }
    }

    fn main(self: *Executor) void {
        defer self.release();
        _ = linux.syscall3(.setpriority, 0, 0, niceness);
        _ = linux.prctl(@intFromEnum(linux.PR.SET_NAME), @intFromPtr("millrace-session"), 0, 0, 0);
        while (true) {
            // Acquire pairs with the release in `ring`.
            const rung = self.bell.load(.acquire);
            if (self.closing.load(.acquire)) break;
            if (self.at() != .asked) {
                futex.waitPrivate(&self.bell, rung, null);
                continue;
            }
            self.enter(.working);
            report.reset();
            self.failure = null;
            self.session.recovery = .none;
            self.perform() catch |err| {
                const text = report.text();
                @memcpy(self.text[0..text.len], text);
                self.text_length = text.len;
                self.failure = err;
            };
            self.recovery = self.session.recovery;
            self.enter(.ended);
            self.exchange.announce();
        }
        // Else the last reference does, which is the borrower's.
        if (!self.lent.load(.acquire)) self.session.unbind();
    }

    fn perform(self: *Executor) !void {
        const command = self.command;
        self.command = .unbind;
        switch (command) {
            .bind => |device| {
                defer device.release();
                try self.session.bind(device);
            },
            .unbind => self.session.unbind(),
            .reload => try self.session.reload(),
            .run => |run| {
                defer allocator.free(run.programs);
                self.session.run(run.programs, run.times) catch |err| if (err != error.stopped or run.times != null) return err;
            },
        }
    }
};
