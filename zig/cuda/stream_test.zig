const std = @import("std");
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const futex = @import("../os/futex.zig");
const host = @import("../calls/memory.zig");
const streams = @import("../calls/cuda_stream.zig");
const events = @import("../calls/cuda_event.zig");
const devices = @import("../calls/cuda_device.zig");
const fake = @import("fake_driver.zig");
const scenes = @import("scene.zig");
const Counter = @import("counters.zig").Counter;
const Image = @import("module.zig").Image;
const Memory = @import("memory.zig").Memory;
const Scene = scenes.Scene;
const Stream = @import("stream.zig").Stream;
const backlog_max = @import("submitter.zig").backlog_max;

const expectEqual = std.testing.expectEqual;
const expectError = std.testing.expectError;

fn own(scene: *Scene, size: f64) !struct { handle.Handle, []u8 } {
    const made = scenes.of(scene.t, try host.create(scene.t, size));
    const pinned = try host.pin(made.slot, made.generation);
    defer pinned.release();
    return .{ made, pinned.ptr.slice() };
}

fn counted(scene: *Scene, counter: Counter) u64 {
    return scene.device.counters.get(counter);
}

test "bytes go to the device, on it, and back, in the order of asking" {
    var scene: Scene = try .create();
    const stream = try scene.stream();
    const memory = try scene.memory(64);
    const from, const bytes = try own(&scene, 16);
    const to, const back = try own(&scene, 32);
    for (bytes, 0..) |*byte, index| byte.* = @intCast(index + 1);
    _ = try scene.fill(stream, memory, 0x0707_0707, 16);
    _ = try scene.copy(stream, .{ memory, 16 }, .{ from, 0 }, 16);
    _ = try scene.copy(stream, .{ memory, 0 }, .{ memory, 24 }, 8);
    try scene.wait(stream, try scene.copy(stream, .{ to, 0 }, .{ memory, 0 }, 32));
    try std.testing.expectEqualSlices(u8, bytes[8..16], back[0..8]);
    try std.testing.expectEqualSlices(u8, &(.{7} ** 8), back[8..16]);
    try std.testing.expectEqualSlices(u8, bytes, back[16..32]);
    try scene.destroy();
    try expectEqual(fake.count(.alloc), fake.count(.free));
    try expectEqual(fake.count(.event_create), fake.count(.event_destroy));
    try expectEqual(fake.count(.stream_create), fake.count(.stream_destroy));
    try expectEqual(1, fake.count(.release));
}

test "copies that continue each other become one, and others do not" {
    var scene: Scene = try .create();
    const stream = try scene.stream();
    const memory = try scene.memory(64);
    const from, _ = try own(&scene, 64);
    // While the device's thread is in a call, the rest is asked.
    fake.shut(.set);
    _ = try scene.fill(stream, memory, 0, 1);
    fake.arrived(.set, 1);
    for (0..8) |row| _ = try scene.copy(stream, .{ memory, @intCast(row * 8) }, .{ from, @intCast(row * 8) }, 8);
    for (0..8) |row| _ = try scene.copy(stream, .{ memory, @intCast(row * 8) }, .{ from, 0 }, 8);
    fake.open();
    try scene.synchronize(stream);
    try expectEqual(16, counted(&scene, .copies_asked));
    try expectEqual(128, counted(&scene, .bytes_to_device));
    try expectEqual(9, counted(&scene, .copies_submitted));
    try scene.destroy();
}

test "a failure takes what was asked behind it with it, is told once, and what is asked then is done" {
    var scene: Scene = try .create();
    const stream = try scene.stream();
    const memory = try scene.memory(64);
    const from, const bytes = try own(&scene, 8);
    @memset(bytes, 9);
    fake.shut(.set);
    _ = try scene.fill(stream, memory, 0, 16);
    fake.arrived(.set, 1);
    fake.fail(.to_device, 1, 1, .invalid_value);
    const failed = try scene.copy(stream, .{ memory, 0 }, .{ from, 0 }, 8);
    const behind = try scene.copy(stream, .{ memory, 32 }, .{ from, 0 }, 8);
    fake.open();
    try scene.wait(stream, failed - 1);
    try expectError(error.cuda_error, scene.wait(stream, behind));
    try std.testing.expectEqualStrings("GPU 0: cuMemcpyHtoDAsync failed with CUDA_ERROR_INVALID_VALUE (1): as planned.", report.text());
    // Who waited for what failed is told as well; who asks for more is not, since somebody has been told.
    try expectError(error.cuda_error, scene.wait(stream, failed));
    const to, const back = try own(&scene, 64);
    try scene.wait(stream, try scene.copy(stream, .{ to, 0 }, .{ memory, 0 }, 64));
    try std.testing.expectEqualSlices(u8, &(.{0} ** 64), back);
    try scene.destroy();
}

test "an event that cannot be asked is a failure of what it stands for, which is over before its memory is given back" {
    var scene: Scene = try .create();
    const stream = try scene.stream();
    const memory = try scene.memory(64);
    fake.hold(true);
    const ticket = try scene.fill(stream, memory, 1, 1);
    fake.fail(.query, 1, 1, .not_permitted);
    try expectError(error.cuda_error, scene.wait(stream, ticket));
    try expectEqual(1, fake.count(.synchronize));
    fake.hold(false);
    try scene.wait(stream, try scene.fill(stream, memory, 2, 1));
    // The same without an event to be had.
    fake.fail(.record, 1, 1, .out_of_memory);
    try scene.wait(stream, try scene.fill(stream, memory, 3, 1));
    try expectEqual(2, fake.count(.synchronize));
    try scene.destroy();
    try expectEqual(fake.count(.event_create), fake.count(.event_destroy));
}

test "a failure that nobody waited for is told to who asks next" {
    var scene: Scene = try .create();
    const stream = try scene.stream();
    const memory = try scene.memory(64);
    fake.fail(.set, 1, 1, .not_supported);
    _ = try scene.fill(stream, memory, 1, 1);
    while (counted(&scene, .fills) == 0) futex.pause();
    while (try streams.progress(scene.t, stream.slot, stream.generation) == 0) futex.pause();
    try expectError(error.cuda_error, scene.fill(stream, memory, 2, 1));
    try scene.wait(stream, try scene.fill(stream, memory, 3, 1));
    try scene.destroy();
}

test "after a lasting failure everything pending fails, what comes later fails, and closing only lets go of the context" {
    for ([_]enum { submitting, under_way }{ .submitting, .under_way }) |when| {
        var scene: Scene = try .create();
        const stream = try scene.stream();
        const other = try scene.stream();
        const memory = try scene.memory(64);
        const event = try scene.event();
        fake.hold(true);
        const pending = try scene.fill(other, memory, 1, 1);
        _ = try streams.record(scene.t, other.slot, other.generation, event.slot, event.generation);
        const told = scenes.of(scene.t, try streams.notify(scene.t, other.slot, other.generation));
        if (when == .submitting) {
            fake.fail(.set, 1, 1, .launch_failed);
            _ = try scene.fill(stream, memory, 2, 1);
        } else fake.fail(.query, 1, 1, .illegal_address);
        try expectError(error.device_lost, scene.wait(other, pending));
        try expectError(error.device_lost, scene.waitEvent(event));
        try expectError(error.device_lost, scene.finish(told));
        try expectError(error.device_lost, scene.fill(stream, memory, 3, 1));
        try expectError(error.device_lost, scene.memory(8));
        try expectError(error.device_lost, devices.require(scene.t, scene.gpu.slot, scene.gpu.generation));
        const freed = fake.count(.free);
        try scene.destroy();
        try expectEqual(freed, fake.count(.free));
        try expectEqual(0, fake.count(.stream_destroy));
        try expectEqual(1, fake.count(.release));
    }
}

test "as many commands as fit wait; one more is refused, and nothing that it would have kept is kept" {
    var scene: Scene = try .create();
    const stream = try scene.stream();
    const memory = try scene.memory(64);
    fake.shut(.set);
    _ = try scene.fill(stream, memory, 0, 1);
    fake.arrived(.set, 1);
    for (0..backlog_max) |_| _ = try scene.fill(stream, memory, 0, 0);
    try expectError(error.backlog_full, scene.fill(stream, memory, 0, 1));
    fake.open();
    try scene.synchronize(stream);
    try expectEqual(1, counted(&scene, .fills));
    try scene.wait(stream, try scene.fill(stream, memory, 0, 1));
    try scene.destroy();
    try expectEqual(fake.count(.alloc), fake.count(.free));
}

test "an event is passed when the device has come to it, and times are taken between two" {
    var scene: Scene = try .create();
    const stream = try scene.stream();
    const memory = try scene.memory(64);
    const start = try scene.event();
    const end = try scene.event();
    try expectEqual(1, try events.progress(scene.t, end.slot, end.generation));
    try expectError(error.no_timing, scene.elapsed(end, start));
    fake.hold(true);
    _ = try streams.record(scene.t, stream.slot, stream.generation, start.slot, start.generation);
    _ = try scene.fill(stream, memory, 0, 1);
    _ = try streams.record(scene.t, stream.slot, stream.generation, end.slot, end.generation);
    try expectEqual(0, try events.progress(scene.t, end.slot, end.generation));
    try expectEqual(0, try events.wait(scene.t, end.slot, end.generation, 1, 1));
    const told = scenes.of(scene.t, try events.notify(scene.t, end.slot, end.generation));
    fake.hold(false);
    try scene.waitEvent(end);
    try expectEqual(0, try scene.finish(told));
    try expectEqual(1.5, try scene.elapsed(end, start));
    const second = try scene.stream();
    _ = try streams.waitEvent(scene.t, second.slot, second.generation, end.slot, end.generation);
    try scene.synchronize(second);
    try expectEqual(1, fake.count(.wait_event));
    try scene.destroy();
}

test "a kernel is launched with its parameters, from an image that is loaded once; a text that the driver refuses is told with its words" {
    const image: Image = .{ .ptx = "//", .functions = &.{ "first", "second" } };
    const other: Image = .{ .ptx = "//", .functions = &.{"third"} };
    var scene: Scene = try .create();
    const slot = try scene.stream();
    const memory = try scene.memory(1);
    const stream = try handle.pin(Stream, slot.slot, slot.generation);
    const operand = try handle.pin(Memory, memory.slot, memory.generation);
    @as(*u8, @ptrFromInt(operand.ptr.address)).* = 40;
    for (0..2) |index| _ = try stream.ptr.launch(&image, @intCast(index), .{}, .{ .x = 32 }, std.mem.asBytes(&operand.ptr.address), &.{operand.ptr});
    try scene.synchronize(slot);
    try expectEqual(42, @as(*u8, @ptrFromInt(operand.ptr.address)).*);
    try expectEqual(1, fake.count(.module_load));
    fake.fail(.module_load, 1, 1, .invalid_ptx);
    _ = try stream.ptr.launch(&other, 0, .{}, .{}, std.mem.asBytes(&operand.ptr.address), &.{operand.ptr});
    try expectError(error.cuda_error, scene.synchronize(slot));
    try std.testing.expectStringEndsWith(report.text(), "as planned. line 3");
    operand.release();
    stream.release();
    try scene.destroy();
}

test "threads that ask the same device at once each have their work done in their order" {
    var scene: Scene = try .create();
    const Asker = struct {
        fn run(stream: *Stream, memory: *Memory) void {
            for (1..200) |index| {
                const ticket = stream.fill(memory, 0, 4, @intCast(index), 1) catch unreachable;
                if (index % 50 == 0) while (!(stream.awaitTicket(ticket, std.time.ns_per_s) catch unreachable)) {};
            }
            stream.release();
            memory.release();
        }
    };
    fake.late(2);
    var askers: [4]std.Thread = undefined;
    var results: [4]*Memory = undefined;
    for (&askers, &results) |*asker, *result| {
        const slot = try scene.stream();
        const memory = try scene.memory(4);
        const stream = try handle.pin(Stream, slot.slot, slot.generation);
        defer stream.release();
        const filled = try handle.pin(Memory, memory.slot, memory.generation);
        defer filled.release();
        result.* = filled.ptr.retain();
        asker.* = try std.Thread.spawn(.{}, Asker.run, .{ stream.ptr.retain(), filled.ptr.retain() });
    }
    for (askers) |asker| asker.join();
    try std.testing.expect(@import("device.zig").settle(5 * std.time.ns_per_s));
    for (results) |result| {
        try expectEqual(199, @as(*const u32, @ptrFromInt(result.address)).*);
        result.release();
    }
    try scene.destroy();
    try expectEqual(fake.count(.alloc), fake.count(.free));
}
