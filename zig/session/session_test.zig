const std = @import("std");
const drivers = @import("../driver/poplar/table.zig");
const futex = @import("../os/futex.zig");
const report = @import("../abi/report.zig");
const threads = @import("../abi/thread.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;
const empty_stream = @import("empty_stream.zig");
const executors = @import("executor.zig");
const fake = @import("fake_driver.zig");
const remote = @import("remote.zig");
const Exchange = @import("exchange.zig").Exchange;
const Session = @import("session.zig").Session;
const Stream = @import("stream.zig").Stream;
const UserStream = @import("user_stream.zig").UserStream;

const testing = std.testing;

/// Gives bytes 1, 2, 3, … and records what it takes.
const Recorder = struct {
    stream: Stream = .{ .calls = &.{ .fetch = &fetch, .interrupt = &interrupt, .proceed = &proceed, .destroy = &destroy } },
    input: bool,
    count: u8 = 0,
    taken: [16]u8 = undefined,
    gone: bool = false,
    interrupted: bool = false,

    fn fetch(stream: *Stream, buffer: []u8) void {
        const self: *Recorder = @fieldParentPtr("stream", stream);
        self.count += 1;
        if (self.input) @memset(buffer, self.count) else self.taken[self.count - 1] = buffer[0];
    }

    fn interrupt(stream: *Stream) void {
        @as(*Recorder, @fieldParentPtr("stream", stream)).interrupted = true;
    }

    fn proceed(stream: *Stream) void {
        @as(*Recorder, @fieldParentPtr("stream", stream)).interrupted = false;
    }

    fn destroy(stream: *Stream) void {
        @as(*Recorder, @fieldParentPtr("stream", stream)).gone = true;
    }
};

fn sessionOf(executable: []const u8) !*Session {
    const mapping = try Mapping.anonymous(executable.len);
    errdefer mapping.release();
    @memcpy(mapping.slice(), executable);
    return Session.create(.{ .mapping = mapping, .executable = mapping.slice(), .options = &.{.{ .name = "a", .value = "unlimited" }} });
}

fn boundSession() !*Session {
    const session = try sessionOf("fake");
    errdefer session.release();
    const device = try fake.device();
    defer device.release();
    try session.bind(device);
    return session;
}

test "streams whose driver tells neither their size nor their replicas have what the session was told, also on the next device" {
    fake.names_only = true;
    defer fake.names_only = false;
    const session = try boundSession();
    defer session.release();
    var in: Recorder = .{ .input = true };
    defer in.stream.release();
    try testing.expectError(error.unknown_anchor, session.connect("in", 0, &in.stream));
    try testing.expect(std.mem.find(u8, report.text(), "in") != null);
    for ([_]usize{ 8, fake.size }) |size| try session.describe("in", size, 1);
    try session.describe("out", fake.size, 1);
    try session.connect("in", 0, &in.stream);
    try testing.expectError(error.invalid_argument, session.connect("in", 1, &in.stream));
    session.unbind();
    const device = try fake.device();
    defer device.release();
    try session.bind(device);
    var out: Recorder = .{ .input = false };
    defer out.stream.release();
    try session.connect("out", 0, &out.stream);
    try session.run(&.{0}, 1);
    try testing.expectEqual(1, out.count);
    // What the driver knows is better than what it is told.
    fake.names_only = false;
    try session.bind(device);
    try session.describe("in", 100, 7);
    try testing.expectEqual(fake.size, session.engine.?.stream("in").?.size);
}

test "programs run in order, as often as asked, through the streams connected" {
    const session = try boundSession();
    defer session.release();
    try testing.expect(fake.hash_checked);
    try testing.expect(std.mem.startsWith(u8, &fake.option_seen, "unlimited"));
    var in: Recorder = .{ .input = true };
    var out: Recorder = .{ .input = false };
    try testing.expectError(error.not_connected, session.run(&.{0}, 1));
    try session.connect("in", 0, &in.stream);
    try session.connect("out", 0, &out.stream);
    try session.run(&.{ 0, 0 }, 3);
    // One was read by the run that had no output.
    try testing.expectEqual(6, out.count);
    try testing.expectEqualSlices(u8, &.{ 1, 2, 3, 4, 5, 6 }, out.taken[0..6]);
    in.stream.release();
    out.stream.release();
    try testing.expect(!in.gone);
}

test "a stream that was replaced is let go of when the engine knows the other, and all with the session" {
    const session = try boundSession();
    var first: Recorder = .{ .input = true };
    var second: Recorder = .{ .input = true };
    var out: Recorder = .{ .input = false };
    try session.connect("out", 0, &out.stream);
    try session.connect("in", 0, &first.stream);
    first.stream.release();
    try session.run(&.{0}, 1);
    try session.connect("in", 0, &second.stream);
    second.stream.release();
    try testing.expect(!first.gone);
    try session.run(&.{0}, 1);
    try testing.expect(first.gone);
    try testing.expect(!second.gone);
    session.unbind();
    try testing.expect(!second.gone);
    session.release();
    try testing.expect(second.gone);
    try testing.expectEqual(0, fake.engines.load(.monotonic));
    try testing.expectEqual(0, fake.open_devices.load(.monotonic));
}

test "connections outlive the binding" {
    const session = try boundSession();
    defer session.release();
    var in: Recorder = .{ .input = true };
    var out: Recorder = .{ .input = false };
    try session.connect("in", 0, &in.stream);
    try session.connect("out", 0, &out.stream);
    session.unbind();
    try testing.expectError(error.not_bound, session.run(&.{0}, 1));
    const device = try fake.device();
    defer device.release();
    try session.bind(device);
    try session.run(&.{0}, 1);
    try testing.expectEqual(1, out.count);
}

test "what is no stream, replica or executable is refused by name" {
    const unbound = try sessionOf("GC_EXE_3…");
    defer unbound.release();
    const device = try fake.device();
    defer device.release();
    try testing.expectError(error.invalid_executable, unbound.bind(device));
    try testing.expect(std.mem.find(u8, report.text(), "GC_EXE_3") != null);
    var stream: Recorder = .{ .input = true };
    const late = try sessionOf("fake");
    defer late.release();
    try late.connect("im", 0, &stream.stream);
    try late.bind(device);
    try testing.expectError(error.unknown_anchor, late.run(&.{0}, 1));
    const session = try boundSession();
    defer session.release();
    try testing.expectError(error.unknown_anchor, session.connect("im", 0, &stream.stream));
    try testing.expectError(error.invalid_argument, session.connect("in", 1, &stream.stream));
    try testing.expectEqual(2, stream.stream.references.load(.monotonic));
}

test "a device's failures keep their kind, words and recovery action" {
    const session = try boundSession();
    defer session.release();
    const cases = .{
        .{ drivers.Status.application_error, error.device_application },
        .{ drivers.Status.recoverable_error, error.device_recoverable },
        .{ drivers.Status.unrecoverable_error, error.device_unrecoverable },
        .{ drivers.Status.unknown_error, error.device_unknown },
        .{ drivers.Status.host_sync_timeout, error.host_sync_timeout },
        .{ drivers.Status.not_attached, error.device_error },
        .{ @as(drivers.Status, @enumFromInt(99)), error.device_unknown },
    };
    inline for (cases) |case| {
        try session.reload();
        fake.failing = case[0];
        try testing.expectError(case[1], session.run(&.{1}, 1));
        try testing.expect(std.mem.find(u8, report.text(), "it failed") != null);
        try testing.expectEqual(drivers.RecoveryAction.ipu_reset, session.recovery);
    }
}

test "after a host sync timeout, which interrupted a stream, nothing runs until reload" {
    const session = try boundSession();
    defer session.release();
    fake.failing = .host_sync_timeout;
    try testing.expectError(error.host_sync_timeout, session.run(&.{1}, 1));
    try testing.expectError(error.stopped, session.run(&.{1}, 1));
    try session.reload();
    try testing.expectError(error.host_sync_timeout, session.run(&.{1}, 1));
}

fn stopSoon(session: *Session) void {
    for (0..5) |_| futex.pause();
    session.stop();
}

test "stop ends what runs, interrupts the streams, and holds until reload" {
    const session = try boundSession();
    defer session.release();
    var in: Recorder = .{ .input = true };
    try session.connect("in", 0, &in.stream);
    const other = try std.Thread.spawn(.{}, stopSoon, .{session});
    try testing.expectError(error.stopped, session.run(&.{2}, null));
    other.join();
    try testing.expect(in.interrupted);
    try testing.expectError(error.stopped, session.run(&.{0}, 1));
    try testing.expectEqual(0, in.count);
    const out = try empty_stream.create(false);
    defer out.release();
    try session.connect("out", 0, out);
    try session.reload();
    try testing.expect(!in.interrupted);
    try session.run(&.{0}, 1);
}

test "remote buffers are written before their programs and read after, block by block" {
    const session = try boundSession();
    defer session.release();
    try session.addRemoteBuffer(try .create("far", true, &.{3}, 2, fake.size));
    var far: Recorder = .{ .input = true };
    var out: Recorder = .{ .input = false };
    try session.connect("far", 0, &far.stream);
    try session.connect("out", 0, &out.stream);
    try session.run(&.{3}, 2);
    try testing.expectEqualSlices(u8, &.{ 1, 2, 3, 4 }, out.taken[0..out.count]);
}

fn executorOf(session: *Session) !*executors.Executor {
    return executors.Executor.create(try threads.attach(), session);
}

fn await_(executor: *executors.Executor) !executors.Event {
    while (true) {
        const event = try executor.poll(100 * std.time.ns_per_ms);
        if (event != .nothing) return event;
    }
}

fn awaitNone() void {
    while (executors.liveCount() > 0) futex.pause();
}

test "commands run on the session's thread; callbacks are asked for and answered" {
    const executor = try executorOf(try sessionOf("fake"));
    const device = try fake.device();
    try executor.begin(.{ .bind = device });
    try testing.expectEqual(.ended, try await_(executor));
    const in = try UserStream.create(executor.exchange, 7, true, fake.size);
    var out: Recorder = .{ .input = false };
    try executor.session.connect("in", 0, in);
    try executor.session.connect("out", 0, &out.stream);
    in.release();
    out.stream.release();
    try executor.begin(.{ .run = .{ .programs = try std.heap.smp_allocator.dupe(u32, &.{0}), .times = 3 } });
    try testing.expectError(error.busy, executor.begin(.reload));
    for ("abc") |byte| {
        try testing.expectEqual(.callback, try await_(executor));
        const request = executor.exchange.take().?;
        defer request.memory.release();
        try testing.expectEqual(7, request.key);
        @memset(request.memory.slice(), byte);
        executor.exchange.answer(request.number + 1);
        executor.exchange.answer(request.number);
    }
    try testing.expectEqual(.ended, try await_(executor));
    try testing.expectEqualSlices(u8, "abc", out.taken[0..3]);
    executors.Executor.drop(executor);
    awaitNone();
    try testing.expect(out.gone);
}

test "memory that a callback kept is not shown again" {
    const executor = try executorOf(try sessionOf("fake"));
    defer awaitNone();
    defer executors.Executor.drop(executor);
    try executor.begin(.{ .bind = try fake.device() });
    _ = try await_(executor);
    const in = try UserStream.create(executor.exchange, 0, true, fake.size);
    defer in.release();
    const out = try empty_stream.create(false);
    defer out.release();
    try executor.session.connect("in", 0, in);
    try executor.session.connect("out", 0, out);
    try executor.begin(.{ .run = .{ .programs = try std.heap.smp_allocator.dupe(u32, &.{0}), .times = 2 } });
    _ = try await_(executor);
    const first = executor.exchange.take().?;
    defer first.memory.release();
    @memset(first.memory.slice(), 1);
    executor.exchange.answer(first.number);
    _ = try await_(executor);
    const second = executor.exchange.take().?;
    defer second.memory.release();
    try testing.expect(first.memory != second.memory);
    try testing.expectEqual(0, second.memory.slice()[0]);
    executor.exchange.answer(second.number);
    _ = try await_(executor);
}

test "a session closed in the middle of a callback lets go of everything" {
    const executor = try executorOf(try sessionOf("fake"));
    try executor.begin(.{ .bind = try fake.device() });
    _ = try await_(executor);
    const in = try UserStream.create(executor.exchange, 0, true, fake.size);
    try executor.session.connect("in", 0, in);
    in.release();
    try executor.begin(.{ .run = .{ .programs = try std.heap.smp_allocator.dupe(u32, &.{0}), .times = null } });
    _ = try await_(executor);
    const request = executor.exchange.take().?;
    executors.Executor.drop(executor);
    awaitNone();
    @memset(request.memory.slice(), 1);
    request.memory.release();
    try testing.expectEqual(0, fake.engines.load(.monotonic));
    try testing.expectEqual(0, fake.open_devices.load(.monotonic));
}
