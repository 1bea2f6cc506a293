//! The queue before a device's thread: commands from any thread, in order, taken all at once. The thread that takes polls for
//! a moment before it sleeps, so that who asks often need not wake it.
const std = @import("std");
const builtin = @import("builtin");
const linux = std.os.linux;
const futex = @import("../os/futex.zig");
const report = @import("../abi/report.zig");
const commands = @import("command.zig");
const Command = commands.Command;
const Launch = commands.Launch;
const Stream = @import("stream.zig").Stream;

const allocator = std.heap.smp_allocator;
/// As many as may wait for the device's thread: beyond, asking fails, since somebody asks faster than the device can do.
pub const backlog_max = 16 * 1024;

pub const Submitter = struct {
    lock: futex.Mutex = .{},
    head: ?*Command = null,
    tail: ?*Command = null,
    spare: ?*Command = null,
    spare_launches: ?*Launch = null,
    asleep: bool = false,
    stopping: bool = false,
    /// Nothing waits, nothing is under way on the device, nobody has asked since.
    quiet: bool = false,
    /// Changed under the lock, read without it by the thread that polls.
    count: std.atomic.Value(u32) = .init(0),
    bell: std.atomic.Value(u32) = .init(0),

    /// A command of a stream; returns its ticket.
    pub fn push(self: *Submitter, stream: *Stream, work: commands.Work) !u64 {
        self.lock.lock();
        errdefer self.lock.unlock();
        const command = try self.node();
        stream.asked += 1;
        const ticket = stream.asked;
        var ordered = work;
        if (ordered == .record) {
            ordered.record.event.asked += 1;
            ordered.record.turn = ordered.record.event.asked;
        }
        command.* = .{ .stream = stream, .ticket = ticket, .work = ordered };
        self.append(command);
        return ticket;
    }

    /// A command of no stream.
    pub fn ask(self: *Submitter, work: commands.Ask) !void {
        self.lock.lock();
        errdefer self.lock.unlock();
        const command = try self.node();
        command.* = .{ .work = .{ .ask = work } };
        self.append(command);
    }

    /// A command that is part of its object; always taken.
    pub fn pushEmbedded(self: *Submitter, command: *Command) void {
        command.embedded = true;
        self.lock.lock();
        self.append(command);
    }

    /// No more will be asked: the thread ends when it has done what is there.
    pub fn stop(self: *Submitter) void {
        self.lock.lock();
        self.stopping = true;
        self.ring();
    }

    /// Somebody waits for what is under way: look soon.
    pub fn hurry(self: *Submitter) void {
        self.lock.lock();
        self.ring();
    }

    /// A node for a launch, to be filled by the caller.
    pub fn launchNode(self: *Submitter) !*Launch {
        self.lock.lock();
        defer self.lock.unlock();
        const spare = self.spare_launches orelse return allocator.create(Launch);
        self.spare_launches = spare.next;
        return spare;
    }

    pub fn recycleLaunch(self: *Submitter, launch: *Launch) void {
        self.lock.lock();
        defer self.lock.unlock();
        launch.next = self.spare_launches;
        self.spare_launches = launch;
    }

    fn node(self: *Submitter) !*Command {
        if (self.count.load(.monotonic) >= backlog_max)
            return report.fail(error.backlog_full, "{d} commands wait for the device.", .{backlog_max});
        const spare = self.spare orelse return allocator.create(Command);
        self.spare = spare.next;
        return spare;
    }

    /// Unlocks.
    fn append(self: *Submitter, command: *Command) void {
        command.next = null;
        if (self.tail) |last| last.next = command else self.head = command;
        self.tail = command;
        self.quiet = false;
        _ = self.count.fetchAdd(1, .monotonic);
        self.ring();
    }

    /// Unlocks.
    fn ring(self: *Submitter) void {
        const asleep = self.asleep;
        self.asleep = false;
        if (asleep) _ = self.bell.fetchAdd(1, .monotonic);
        // Nothing of this is touched after the lock is given back, but for the address of the bell: the thread may end.
        const bell = &self.bell;
        self.lock.unlock();
        if (asleep) futex.wakePrivate(bell, 1);
    }

    /// Of the device's thread: all that waits, and what was done with given back.
    pub fn take(self: *Submitter, used: *?*Command) ?*Command {
        if (self.count.load(.monotonic) == 0 and used.* == null) return null;
        self.lock.lock();
        defer self.lock.unlock();
        while (used.*) |command| {
            used.* = command.next;
            command.next = self.spare;
            self.spare = command;
        }
        const first = self.head;
        self.head = null;
        self.tail = null;
        self.count.store(0, .monotonic);
        return first;
    }

    /// Of the device's thread: sleeps until something is asked, for `timeout_ns` at most; null: nothing is under way. False:
    /// it is to end, and nothing waits.
    pub fn rest(self: *Submitter, timeout_ns: ?u64) bool {
        self.lock.lock();
        if (self.head != null) {
            self.lock.unlock();
            return true;
        }
        if (timeout_ns == null) {
            if (self.stopping) {
                self.lock.unlock();
                return false;
            }
            self.quiet = true;
        }
        self.asleep = true;
        const seen = self.bell.load(.monotonic);
        self.lock.unlock();
        futex.waitPrivate(&self.bell, seen, timeout_ns);
        self.lock.lock();
        self.asleep = false;
        self.lock.unlock();
        return true;
    }

    pub fn isQuiet(self: *Submitter) bool {
        self.lock.lock();
        defer self.lock.unlock();
        return self.quiet;
    }

    /// The thread has ended.
    pub fn deinit(self: *Submitter) void {
        while (self.spare) |command| {
            self.spare = command.next;
            allocator.destroy(command);
        }
        while (self.spare_launches) |launch| {
            self.spare_launches = launch.next;
            allocator.destroy(launch);
        }
    }
};
