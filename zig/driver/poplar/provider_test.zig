//! The C functions, as their callers use them, over the CPU device.
const std = @import("std");
const fixture = @import("../../engine/program/fixture.zig");
const futex = @import("../../os/futex.zig");
const poplar = @import("table.zig");
const table = @import("../cpu/devices.zig").table;

const plan =
    \\{ "replicas": 1, "tensors": [{ "name": "t", "type": 2, "shape": [1] }],
    \\  "streams": [{ "handle": "a", "tensor": 0, "toDevice": true, "depth": 2, "prefetch": true },
    \\    { "handle": "b", "tensor": 0, "toDevice": false, "depth": 1, "prefetch": false }],
    \\  "remoteBuffers": [{ "handle": "far", "size": 1, "repeats": 1 }],
    \\  "programs": [{ "name": "copy", "steps": [["sync"], ["toTensor", 0], ["toStream", 1], ["tensorToRemote", 0, 0]] }] }
;

fn expectFailure(status: poplar.Status, expected: poplar.Status, says: []const u8) !void {
    try std.testing.expectEqual(expected, status);
    var failure: poplar.Error = undefined;
    table.last_error(&failure);
    try std.testing.expectEqual(expected, failure.status);
    try std.testing.expect(std.mem.find(u8, std.mem.sliceTo(&failure.message, 0), says) != null);
}

fn ok(status: poplar.Status) !void {
    try std.testing.expectEqual(.ok, status);
}

const Scene = struct {
    bytes: []u8,
    executable: *poplar.Executable,
    device: *poplar.Device,

    fn create() !Scene {
        const bytes = try fixture.pack(plan, "");
        var executable: ?*poplar.Executable = null;
        try ok(table.executable_open(bytes.ptr, bytes.len, 1, &executable));
        var device: ?*poplar.Device = null;
        try ok(table.device_open(0, &.{}, 0, &device));
        var attached: u32 = 0;
        try ok(table.device_attach(device.?, &attached));
        return .{ .bytes = bytes, .executable = executable.?, .device = device.? };
    }

    fn destroy(self: Scene) void {
        table.device_close(self.device);
        std.testing.allocator.free(self.bytes);
    }

    fn engine(self: Scene, a: *u8, b: *u8) !*poplar.Engine {
        var made: ?*poplar.Engine = null;
        try ok(table.engine_create(self.executable, &.{}, 0, &made));
        try ok(table.engine_connect_memory(made.?, "a", 0, a, @ptrFromInt(@intFromPtr(a) + 1)));
        try ok(table.engine_connect_memory(made.?, "b", 0, b, @ptrFromInt(@intFromPtr(b) + 1)));
        return made.?;
    }
};

test "an engine runs on the device that it was loaded on, until another one is" {
    const scene = try Scene.create();
    defer scene.destroy();
    var a: u8 = 7;
    var b: u8 = 0;
    const first = try scene.engine(&a, &b);
    defer table.engine_close(first);
    const second = try scene.engine(&a, &b);
    defer table.engine_close(second);
    // Engines keep what they need of it.
    table.executable_close(scene.executable);
    try expectFailure(table.engine_run(first, 0), .stopped, "not loaded");
    try ok(table.engine_load(first, scene.device));
    try ok(table.engine_run(first, 0));
    try std.testing.expectEqual(7, b);
    try ok(table.engine_copy_from_remote(first, "far", @ptrCast(&a), 0, 0));
    try ok(table.engine_load(second, scene.device));
    try expectFailure(table.engine_run(first, 0), .stopped, "not loaded");
    try ok(table.engine_run(second, 0));
    try ok(table.device_reset(scene.device));
    try expectFailure(table.engine_run(second, 0), .stopped, "not loaded");
    try ok(table.engine_load(second, scene.device));
    try ok(table.device_detach(scene.device));
    try expectFailure(table.engine_load(second, scene.device), .not_attached, "not attached");
}

test "streams are listed, and what is wrong is told by status and text" {
    const scene = try Scene.create();
    defer scene.destroy();
    defer table.executable_close(scene.executable);
    var a: u8 = 7;
    var b: u8 = 0;
    const engine = try scene.engine(&a, &b);
    defer table.engine_close(engine);
    var count: u32 = 0;
    try ok(table.engine_stream_count(engine, &count));
    try std.testing.expectEqual(2, count);
    var info: poplar.StreamInfo = undefined;
    try ok(table.engine_stream(engine, 1, &info));
    try std.testing.expectEqualStrings("b", std.mem.span(info.handle));
    try std.testing.expectEqual(1, info.size);
    try std.testing.expectEqual(0, info.to_device);
    try expectFailure(table.engine_stream(engine, 2, &info), .invalid_argument, "stream 2");
    try expectFailure(table.engine_connect_memory(engine, "c", 0, &a, &a), .stream_error, "stream c");
    try expectFailure(table.engine_connect_memory(engine, "a", 0, @ptrFromInt(@intFromPtr(&a) + 1), &a), .invalid_argument, "ends before");
    try expectFailure(table.engine_copy_to_remote(engine, @ptrCast(&a), "near", 0, 0), .stream_error, "near");
    var other: ?*poplar.Engine = null;
    const wrong = [_]poplar.Option{.{ .name = "no.such", .value = "1" }};
    try expectFailure(table.engine_create(scene.executable, &wrong, 1, &other), .invalid_option, "no.such");
    var executable: ?*poplar.Executable = null;
    try expectFailure(table.executable_open("GC_EXE_3", 8, 1, &executable), .invalid_executable, "8 bytes");
    try std.testing.expectEqual(null, executable);
}

test "closing an engine or its device ends the run under way" {
    for ([_]bool{ true, false }) |close_device| {
        const scene = try Scene.create();
        var b: u8 = 0;
        var a: u8 = 0;
        const engine = try scene.engine(&a, &b);
        table.executable_close(scene.executable);
        var waits: fixture.Record = .{};
        defer waits.destroy();
        var feed: fixture.Feed = .{ .record = &waits, .name = 'a', .available = 0, .waits = true };
        defer feed.destroy();
        try ok(table.engine_connect_callbacks(engine, "a", 0, &fixture.Feed.to_device, &feed));
        try ok(table.engine_load(engine, scene.device));
        const Here = struct {
            fn run(used: *poplar.Engine) void {
                std.testing.expectEqual(.stopped, table.engine_run(used, 0)) catch unreachable;
            }
        };
        const thread = try std.Thread.spawn(.{}, Here.run, .{engine});
        while (feed.arrived.load(.acquire) == 0) futex.pause();
        try expectFailure(table.engine_run(engine, 0), .invalid_argument, "in use");
        try expectFailure(table.device_reset(scene.device), .invalid_argument, "in use");
        if (close_device) table.device_close(scene.device) else table.engine_close(engine);
        thread.join();
        if (close_device) table.engine_close(engine) else table.device_close(scene.device);
        std.testing.allocator.free(scene.bytes);
    }
}
