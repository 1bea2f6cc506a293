//! A device's thread: takes what was asked, has the driver do it, looks how far it has come, and sleeps when nothing is left.
const std = @import("std");
const linux = std.os.linux;
const futex = @import("../os/futex.zig");
const report = @import("../abi/report.zig");
const api = @import("../driver/cuda/api.zig");
const commands = @import("command.zig");
const submission = @import("submission.zig");
const Command = commands.Command;
const Device = @import("device.zig").Device;
const Facts = @import("facts.zig").Facts;
const Failure = @import("failure.zig").Failure;
const Stream = @import("stream.zig").Stream;

/// How long to look for more before sleeping: waking a thread costs who asks 2 us and this thread 50.
const look_ns = 20 * std.time.ns_per_us;
/// How long to sleep between looks at what is under way: at first, while somebody waits for it, and at most.
const nap_first_ns = 10 * std.time.ns_per_us;
const nap_wanted_ns = 40 * std.time.ns_per_us;
const nap_max_ns = 400 * std.time.ns_per_us;
const pr_set_timerslack = 29;

pub fn main(self: *Device) void {
    // Naps of microseconds would otherwise be 50 us longer.
    _ = linux.prctl(pr_set_timerslack, 1, 0, 0, 0);
    begin(self) catch |err| {
        const failure: Failure = .taken(err);
        self.lose(&failure);
    };
    var idle_since: u64 = 0;
    var nap: u64 = nap_first_ns;
    while (true) {
        if (self.submitter.take(&self.used)) |first| {
            perform(self, first);
            idle_since = 0;
            nap = nap_first_ns;
        }
        const progress = self.polls;
        const busy = poll(self);
        if (self.polls != progress) nap = nap_first_ns;
        if (self.submitter.count.load(.monotonic) > 0) continue;
        const now = futex.now();
        if (idle_since == 0) idle_since = now;
        if (now - idle_since < look_ns and !alone()) {
            std.atomic.spinLoopHint();
            continue;
        }
        if (!self.submitter.rest(if (busy) nap else null)) break;
        const most: u64 = if (self.wanted.load(.monotonic) > 0) nap_wanted_ns else nap_max_ns;
        nap = @min(nap * 2, most);
    }
    finish(self);
}

/// Gets the device's primary context, which is shared with all others in the process that use the device.
fn begin(self: *Device) !void {
    const table = self.table;
    self.facts = try .of(table, self.ordinal);
    // Of no effect when somebody was here before.
    _ = table.cuDevicePrimaryCtxSetFlags(self.facts.raw, api.types.ContextFlags.blocking_sync);
    var context: ?*api.types.Context = null;
    try self.demand("cuDevicePrimaryCtxRetain", table.cuDevicePrimaryCtxRetain(&context, self.facts.raw));
    self.context = context;
    try self.demand("cuCtxSetCurrent", table.cuCtxSetCurrent(context));
    try self.demand("cuCtxGetStreamPriorityRange", table.cuCtxGetStreamPriorityRange(&self.priorities.least, &self.priorities.greatest));
}

fn finish(self: *Device) void {
    const table = self.table;
    if (!self.isLost()) {
        for (self.spare_events.items) |event| _ = table.cuEventDestroy(event);
        self.modules.unload(table);
        self.pool.close(self);
        _ = table.cuCtxSetCurrent(null);
    }
    // After a failure that lasts this is the only call. Should it hang, nobody waits for this thread.
    if (self.context != null) _ = table.cuDevicePrimaryCtxRelease(self.facts.raw);
    self.destroy();
}

fn perform(self: *Device, first: *Command) void {
    var next: ?*Command = first;
    while (next) |command| {
        next = command.next;
        switch (command.work) {
            .ask => |ask| {
                answer(self, ask);
                self.recycle(command, command);
            },
            // The command may go with its object.
            .ending => |ending| ending.run(ending.context, self),
            else => next = submit(self, command.stream.?, command),
        }
    }
    // Those that have not been marked yet.
    var listed = self.streams;
    while (listed) |stream| : (listed = stream.flight.next) {
        if (!self.isLost()) stream.flight.mark(stream, self);
    }
}

fn answer(self: *Device, ask: commands.Ask) void {
    report.reset();
    const failure: ?anyerror = failed: {
        self.require() catch |err| break :failed err;
        ask.run(ask.context, self) catch |err| {
            const kept: Failure = .taken(err);
            if (err == error.device_lost) self.lose(&kept);
            break :failed kept.raise();
        };
        break :failed null;
    };
    ask.end(ask.waiter, failure);
}

/// Has the driver do a stream's command, together with those that follow and join it; returns what comes after.
fn submit(self: *Device, stream: *Stream, command: *Command) ?*Command {
    const after = if (self.isLost() or stream.trouble.of(command.ticket) != null) skipped: {
        const next = command.next;
        command.skipped = true;
        stream.flight.add(command);
        break :skipped next;
    } else submission.submit(self, stream, command);
    if (self.isLost()) {
        stream.trouble.begin(&self.failure, command.ticket);
        stream.flight.abandon(stream, self, &self.failure);
    } else if (stream.flight.wantsMark()) stream.flight.mark(stream, self);
    if (!stream.flight.listed and (!stream.flight.isEmpty() or stream.flight.ending)) {
        stream.flight.listed = true;
        stream.flight.next = self.streams;
        self.streams = stream;
    }
    return after;
}

/// Looks how far all streams have come. True: something is under way.
fn poll(self: *Device) bool {
    var busy = false;
    var place = &self.streams;
    while (place.*) |stream| {
        const flight = &stream.flight;
        if (!self.isLost() and flight.poll(stream, self)) {
            busy = true;
            place = &flight.next;
            continue;
        }
        if (!flight.isEmpty()) {
            // Lost meanwhile, while another stream was looked at.
            place = &flight.next;
            continue;
        }
        place.* = flight.next;
        flight.listed = false;
        if (flight.ending) stream.destroy(self);
    }
    return busy;
}

var processors = std.atomic.Value(u32).init(0);

/// On one processor who looks keeps from running what it looks for.
fn alone() bool {
    var count = processors.load(.monotonic);
    if (count == 0) {
        count = @intCast(std.Thread.getCpuCount() catch 1);
        processors.store(count, .monotonic);
    }
    return count == 1;
}
