const std = @import("std");
const fixture = @import("fixture.zig");
const futex = @import("../../os/futex.zig");
const poplar = @import("../../driver/poplar/table.zig");
const report = @import("../../abi/report.zig");
const Engine = @import("engine.zig").Engine;
const Feed = fixture.Feed;
const Loaded = fixture.Loaded;
const Record = fixture.Record;

/// Copies stream a to stream b three times; program 1 takes twice as many a as b, program 2 does nothing.
fn copying(comptime depth: u32) []const u8 {
    return std.fmt.comptimePrint(
        \\{{ "replicas": 1, "tensors": [{{ "name": "t", "type": 2, "shape": [1] }}],
        \\  "streams": [{{ "handle": "a", "tensor": 0, "toDevice": true, "depth": {d}, "prefetch": true }},
        \\    {{ "handle": "b", "tensor": 0, "toDevice": false, "depth": 1, "prefetch": false }}],
        \\  "programs": [
        \\    {{ "name": "copy", "steps": [["repeat", 3, [["sync"], ["toTensor", 0], ["sync"], ["toStream", 1]]]] }},
        \\    {{ "name": "twice", "steps": [["repeat", 2, [["sync"], ["toTensor", 0], ["toTensor", 0], ["sync"], ["toStream", 1]]]] }},
        \\    {{ "name": "nothing", "steps": [] }}] }}
    , .{depth});
}

const Setup = struct {
    record: Record = .{},
    a: Feed,
    b: Feed,
    loaded: Loaded,

    fn create(self: *Setup, plan: []const u8, options: []const poplar.Option) !void {
        self.* = .{ .a = .{ .record = &self.record, .name = 'a' }, .b = .{ .record = &self.record, .name = 'b' }, .loaded = try .create(plan, "", options) };
        try self.loaded.engine.connectCallbacks("a", 0, Feed.to_device, &self.a);
        try self.loaded.engine.connectCallbacks("b", 0, Feed.from_device, &self.b);
    }

    fn destroy(self: *Setup) void {
        self.loaded.destroy();
        self.a.destroy();
        self.b.destroy();
        self.record.destroy();
    }

    fn run(self: *Setup, program: u32) !void {
        try self.loaded.engine.run(program, .{ .context = &self.record, .sync = Record.sync });
    }
};

test "elements are prefetched as far as look-ahead and depth allow, and completed in order" {
    const Case = struct { look_ahead: [:0]const u8, prefetch: [:0]const u8 = "true", depth: u32, program: u32 = 0, expected: []const u8 };
    inline for ([_]Case{
        // None before its sync.
        .{ .look_ahead = "0", .depth = 2, .expected = "s fa ca s fb cb s fa ca s fb cb s fa ca s fb cb" },
        // Up to the next sync: the second element while the first result is not yet delivered.
        .{ .look_ahead = "1", .depth = 2, .expected = "pa s ca s pa fb cb s ca s pa fb cb s ca s fb cb" },
        .{ .look_ahead = "2", .depth = 2, .expected = "pa s pa ca s fb cb s pa ca s fb cb s ca s fb cb" },
        // Depth bounds what "unlimited" does.
        .{ .look_ahead = "unlimited", .depth = 1, .expected = "pa s ca pa s fb cb s ca pa s fb cb s ca s fb cb" },
        .{ .look_ahead = "unlimited", .depth = 2, .expected = "pa pa s ca pa s fb cb s ca s fb cb s ca s fb cb" },
        .{ .look_ahead = "unlimited", .depth = 8, .expected = "pa pa pa s ca s fb cb s ca s fb cb s ca s fb cb" },
        .{ .look_ahead = "unlimited", .depth = 8, .prefetch = "false", .expected = "s fa ca s fb cb s fa ca s fb cb s fa ca s fb cb" },
        // Two elements for one sync.
        .{ .look_ahead = "1", .depth = 1, .program = 1, .expected = "pa s ca fa ca s pa fb cb s ca fa ca s fb cb" },
        .{ .look_ahead = "unlimited", .depth = 3, .program = 1, .expected = "pa pa pa s ca pa ca s fb cb s ca ca s fb cb" },
    }) |case| {
        var setup: Setup = undefined;
        try setup.create(comptime copying(case.depth), &.{
            .{ .name = "streamCallbacks.maxLookahead", .value = case.look_ahead },
            .{ .name = "exchange.enablePrefetch", .value = case.prefetch },
        });
        defer setup.destroy();
        for (0..2) |_| {
            setup.a.completed = 0;
            setup.b.got.clearRetainingCapacity();
            try setup.run(case.program);
            try setup.record.expect(case.expected);
            try std.testing.expectEqualSlices(u8, if (case.program == 0) &.{ 1, 2, 3 } else &.{ 2, 4 }, setup.b.got.items);
        }
    }
}

test "an element that is not available ahead is fetched when the program comes to it" {
    var setup: Setup = undefined;
    try setup.create(comptime copying(8), &.{});
    defer setup.destroy();
    setup.a.available = 1;
    try setup.run(0);
    // Asked for once ahead; the one behind it is asked for after it was consumed.
    try setup.record.expect("pa pa! s ca s fb cb s fa ca pa! s fb cb s fa ca s fb cb");
    try std.testing.expectEqualSlices(u8, &.{ 1, 2, 3 }, setup.b.got.items);
}

test "callbacks without prefetch are asked when the program comes to them" {
    var setup: Setup = undefined;
    try setup.create(comptime copying(8), &.{});
    defer setup.destroy();
    var calls = Feed.to_device;
    calls.prefetch = null;
    try setup.loaded.engine.connectCallbacks("a", 0, calls, &setup.a);
    try setup.run(0);
    try setup.record.expect("s fa ca s fb cb s fa ca s fb cb s fa ca s fb cb");
}

const Failing = struct {
    record: *Record,
    left: u32,

    fn sync(context: ?*anyopaque, _: *Engine) anyerror!void {
        const self: *Failing = @ptrCast(@alignCast(context.?));
        self.record.add("s", .{});
        self.left -= 1;
        if (self.left == 0) return report.fail(error.device_application, "the tile is on fire.", .{});
    }
};

test "after an error what was prefetched is dropped and offered again" {
    var setup: Setup = undefined;
    try setup.create(comptime copying(2), &.{});
    defer setup.destroy();
    var failing: Failing = .{ .record = &setup.record, .left = 2 };
    try std.testing.expectError(error.device_application, setup.loaded.engine.run(0, .{ .context = &failing, .sync = Failing.sync }));
    try setup.record.expect("pa pa s ca pa s xa");
    try setup.run(0);
    // Element 1 was completed; 2 and 3 come again.
    try std.testing.expectEqualSlices(u8, &.{ 2, 3, 4 }, setup.b.got.items);
}

test "with look-ahead one short request waits for the next one's input, without it does not" {
    for ([_][:0]const u8{ "unlimited", "0" }) |look_ahead| {
        var setup: Setup = undefined;
        try setup.create(comptime copying(2), &.{.{ .name = "streamCallbacks.maxLookahead", .value = look_ahead }});
        defer setup.destroy();
        setup.a.available = 1;
        setup.a.waits = true;
        const thread = try std.Thread.spawn(.{}, runStopped, .{&setup});
        while (setup.a.arrived.load(.acquire) == 0) futex.pause();
        // With look-ahead 0 the program goes on to the second fetch, which is where it waits.
        for (0..20) |_| futex.pause();
        setup.loaded.engine.stop();
        thread.join();
        try std.testing.expectEqualSlices(u8, if (look_ahead[0] == '0') &.{1} else &.{}, setup.b.got.items);
    }
}

fn runStopped(setup: *Setup) void {
    std.testing.expectError(error.stopped, setup.run(0)) catch unreachable;
}

test "stop ends a wait of the host's; nothing runs until the engine is loaded again" {
    var setup: Setup = undefined;
    try setup.create(comptime copying(1), &.{.{ .name = "streamCallbacks.maxLookahead", .value = "0" }});
    defer setup.destroy();
    setup.a.available = 0;
    setup.a.waits = true;
    const thread = try std.Thread.spawn(.{}, runStopped, .{&setup});
    while (setup.a.arrived.load(.acquire) == 0) futex.pause();
    setup.loaded.engine.stop();
    thread.join();
    try setup.record.expect("s fa xa");
    for ([_]u32{ 0, 2 }) |program| try std.testing.expectError(error.stopped, setup.run(program));
    setup.a.waits = false;
    setup.a.available = 255;
    try setup.loaded.engine.load();
    try setup.run(0);
    try std.testing.expectEqualSlices(u8, &.{ 1, 2, 3 }, setup.b.got.items);
}

test "a run that loops is stopped between its steps" {
    var loaded = try Loaded.create(
        \\{ "replicas": 1, "tensors": [], "streams": [], "programs": [{ "name": "on", "steps": [["repeat", 9007199254740991, [["sync"]]]] }] }
    , "", &.{});
    defer loaded.destroy();
    const Here = struct {
        fn run(engine: *Engine) void {
            std.testing.expectError(error.stopped, engine.run(0, .{})) catch unreachable;
        }
    };
    const thread = try std.Thread.spawn(.{}, Here.run, .{loaded.engine});
    while (!loaded.engine.running.load(.acquire)) futex.pause();
    try std.testing.expectError(error.invalid_argument, loaded.engine.run(0, .{}));
    loaded.engine.stop();
    thread.join();
}

test "a host that takes longer than target.hostSyncTimeout is interrupted, and the error names option and stream" {
    for ([_]bool{ true, false }) |interruptible| {
        var setup: Setup = undefined;
        try setup.create(comptime copying(1), &.{.{ .name = "target.hostSyncTimeout", .value = "0.02" }});
        defer setup.destroy();
        setup.a.available = 0;
        setup.a.waits = true;
        var calls = Feed.to_device;
        if (!interruptible) calls.interrupt = null;
        if (!interruptible) try setup.loaded.engine.connectCallbacks("b", 0, noInterrupt(Feed.from_device), &setup.b);
        try setup.loaded.engine.connectCallbacks("a", 0, calls, &setup.a);
        // One that cannot be interrupted comes back by itself, too late.
        const late = try std.Thread.spawn(.{}, comeBack, .{ &setup.a, !interruptible });
        try std.testing.expectError(error.host_sync_timeout, setup.run(0));
        late.join();
        try std.testing.expect(std.mem.find(u8, report.text(), "target.hostSyncTimeout, 0.02 s") != null);
        try std.testing.expect(std.mem.find(u8, report.text(), "stream was a") != null);
        try std.testing.expectError(error.stopped, setup.run(2));
    }
}

fn noInterrupt(calls: poplar.Callbacks) poplar.Callbacks {
    var copy = calls;
    copy.interrupt = null;
    return copy;
}

fn comeBack(feed: *Feed, wanted: bool) void {
    if (!wanted) return;
    for (0..60) |_| futex.pause();
    feed.interrupted.store(1, .release);
}

test "streams that are connected to nothing are named before anything runs" {
    var setup: Setup = undefined;
    try setup.create(comptime copying(1), &.{});
    defer setup.destroy();
    setup.loaded.engine.endpoints[0].connection = .none;
    setup.loaded.engine.endpoints[1].connection = .none;
    try std.testing.expectError(error.not_connected, setup.run(0));
    try std.testing.expect(std.mem.find(u8, report.text(), "copy uses streams that are connected to nothing: a, b") != null);
    try setup.record.expect("");
    try setup.run(2);
    try std.testing.expectError(error.not_connected, setup.loaded.engine.connectMemory("c", 0, &.{}));
    try std.testing.expectError(error.invalid_argument, setup.loaded.engine.connectMemory("a", 1, &.{}));
    try std.testing.expectError(error.invalid_argument, setup.loaded.engine.connectMemory("a", 0, &.{}));
    try std.testing.expectError(error.invalid_argument, setup.run(3));
}

test "memory is used in turns" {
    var setup: Setup = undefined;
    try setup.create(comptime copying(4), &.{});
    defer setup.destroy();
    var a = [_]u8{ 5, 6 };
    var b = [_]u8{ 0, 0 };
    try setup.loaded.engine.connectMemory("a", 0, &a);
    try setup.loaded.engine.connectMemory("b", 0, &b);
    try setup.run(0);
    try std.testing.expectEqualSlices(u8, &.{ 5, 6 }, &b);
    try setup.run(0);
    // Runs go on where the last one ended: 5 6 5, then 6 5 6.
    try std.testing.expectEqualSlices(u8, &.{ 5, 6 }, &b);
    try setup.record.expect("s s s s s s s s s s s s");
}

test "each replica has streams, tensors and remote blocks of its own" {
    var loaded = try Loaded.create(
        \\{ "replicas": 2, "tensors": [{ "name": "t", "type": 2, "shape": [2] }],
        \\  "streams": [{ "handle": "a", "tensor": 0, "toDevice": true, "depth": 2, "prefetch": true },
        \\    { "handle": "b", "tensor": 0, "toDevice": false, "depth": 1, "prefetch": false }],
        \\  "remoteBuffers": [{ "handle": "far", "size": 2, "repeats": 3 }],
        \\  "programs": [{ "name": "put", "steps": [["toTensor", 0], ["tensorToRemote", 0, 0]] },
        \\    { "name": "get", "steps": [["remoteToTensor", 0, 0], ["toStream", 1]] }] }
    , "", &.{});
    defer loaded.destroy();
    const engine = loaded.engine;
    var in = [2][2]u8{ .{ 1, 2 }, .{ 3, 4 } };
    var out: [2][2]u8 = @splat(@splat(0));
    for (0..2) |replica| {
        try engine.connectMemory("a", @intCast(replica), &in[replica]);
        try engine.connectMemory("b", @intCast(replica), &out[replica]);
    }
    try engine.run(0, .{});
    try std.testing.expectEqualSlices(u8, &.{ 3, 4 }, try engine.remoteBlock("far", 0, 1));
    @memcpy(try engine.remoteBlock("far", 0, 0), &[_]u8{ 8, 9 });
    try std.testing.expectEqualSlices(u8, &.{ 0, 0 }, try engine.remoteBlock("far", 2, 1));
    try engine.run(1, .{});
    try std.testing.expectEqual([2][2]u8{ .{ 8, 9 }, .{ 3, 4 } }, out);
    try std.testing.expectError(error.invalid_argument, engine.remoteBlock("far", 3, 0));
    try std.testing.expectError(error.invalid_argument, engine.remoteBlock("far", 0, 2));
    try std.testing.expectError(error.not_connected, engine.remoteBlock("near", 0, 0));
    // Loading makes everything zero again.
    try engine.load();
    try engine.run(1, .{});
    try std.testing.expectEqual([2][2]u8{ .{ 0, 0 }, .{ 0, 0 } }, out);
}
