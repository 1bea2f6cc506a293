const std = @import("std");
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const host = @import("../calls/memory.zig");
const hosts = @import("../calls/cuda_host.zig");
const memories = @import("../calls/cuda_memory.zig");
const pools = @import("../calls/cuda_pool.zig");
const streams = @import("../calls/cuda_stream.zig");
const fake = @import("fake_driver.zig");
const mapping = @import("../shm/mapping.zig");
const scenes = @import("scene.zig");
const Scene = scenes.Scene;

const expectEqual = std.testing.expectEqual;
const expectError = std.testing.expectError;

fn register(scene: *Scene, memory: handle.Handle, read_only: u32) !handle.Handle {
    return scene.made(try hosts.register(scene.t, scene.gpu.slot, scene.gpu.generation, memory.slot, memory.generation, read_only));
}

fn configure(scene: *Scene, limit: f64, threshold: f64) !void {
    _ = try scene.finished(try pools.configure(scene.t, scene.gpu.slot, scene.gpu.generation, limit, threshold));
}

test "memory that is closed is freed when what uses it has been done" {
    var scene: Scene = try .create();
    const stream = try scene.stream();
    const memory = try scene.memory(64);
    fake.hold(true);
    const ticket = try scene.fill(stream, memory, 5, 1);
    _ = try memories.close(scene.t, memory.slot, memory.generation);
    _ = try scene.memory(1);
    try expectEqual(0, fake.count(.free));
    fake.hold(false);
    try scene.wait(stream, ticket);
    _ = try scene.memory(1);
    try scene.destroy();
    try expectEqual(fake.count(.alloc), fake.count(.free));
}

test "a stream that is closed does what was asked of it" {
    var scene: Scene = try .create();
    const stream = try scene.stream();
    const memory = try scene.memory(64);
    fake.hold(true);
    _ = try scene.fill(stream, memory, 5, 1);
    _ = try streams.close(scene.t, stream.slot, stream.generation);
    _ = try scene.memory(1);
    try expectEqual(0, fake.count(.stream_destroy));
    try expectEqual(1, fake.count(.set));
    try scene.destroy();
    try expectEqual(1, fake.count(.stream_destroy));
}

test "a full device is asked again when the pool has given back what it keeps, and the message has the figures" {
    var scene: Scene = try .create();
    const stream = try scene.stream();
    _ = try scene.pooled(64, stream);
    fake.fail(.alloc, 1, 1, .out_of_memory);
    _ = try scene.memory(64);
    try expectEqual(1, fake.count(.trim));
    fake.fail(.alloc, 1, 2, .out_of_memory);
    try expectError(error.cuda_out_of_memory, scene.memory(64));
    try std.testing.expectEqualStrings("GPU 0 has no 64 bytes: 1048576 of 1073741824 are free (cuMemAlloc failed with CUDA_ERROR_OUT_OF_MEMORY).", report.text());
    fake.fail(.alloc_pool, 1, 2, .out_of_memory);
    try expectError(error.cuda_out_of_memory, scene.pooled(64, stream));
    _ = try scene.pooled(64, stream);
    try scene.destroy();
    try expectEqual(2, fake.count(.free_pool));
}

test "the pool gives out no more than its limit, and counts what it gives" {
    var scene: Scene = try .create();
    const stream = try scene.stream();
    try configure(&scene, 128, -1);
    const first = try scene.pooled(100, stream);
    try expectError(error.pool_limit, scene.pooled(29, stream));
    _ = try memories.close(scene.t, first.slot, first.generation);
    _ = try scene.pooled(128, stream);
    _ = try scene.finished(try pools.stats(scene.t, scene.gpu.slot, scene.gpu.generation));
    try std.testing.expectEqualSlices(f64, &.{ 128, 128, 128, 128 }, scene.t.block.results[0..4]);
    try configure(&scene, std.math.inf(f64), 0);
    _ = try scene.pooled(1, stream);
    try expectError(error.invalid_argument, configure(&scene, 0.5, -1));
    try scene.destroy();
}

test "memory of the pool is used on another stream when its own has come to it" {
    var scene: Scene = try .create();
    const stream = try scene.stream();
    const other = try scene.stream();
    const plain = try scene.memory(64);
    const early = try scene.pooled(64, stream);
    fake.hold(true);
    _ = try scene.fill(stream, plain, 1, 1);
    const late = try scene.pooled(64, stream);
    _ = try scene.fill(stream, late, 1, 1);
    _ = try scene.fill(other, early, 1, 1);
    _ = try scene.copy(other, .{ early, 0 }, .{ plain, 0 }, 8);
    _ = try scene.memory(1);
    try expectEqual(0, fake.count(.wait_event));
    _ = try scene.fill(other, late, 1, 1);
    _ = try scene.copy(other, .{ late, 0 }, .{ plain, 0 }, 8);
    _ = try scene.memory(1);
    try expectEqual(2, fake.count(.wait_event));
    fake.hold(false);
    try scene.synchronize(stream);
    try scene.wait(other, try scene.fill(other, late, 1, 1));
    try expectEqual(2, fake.count(.wait_event));
    try scene.destroy();
}

test "pinned memory is zeroed, memory like any other, and goes with its last reference" {
    var scene: Scene = try .create();
    const before = mapping.liveMappings();
    const memory = try scene.pinned(100);
    const pinned = try host.pin(memory.slot, memory.generation);
    for (pinned.ptr.slice()) |byte| try expectEqual(0, byte);
    const kept = pinned.ptr.retain();
    pinned.release();
    _ = try host.close(scene.t, memory.slot, memory.generation);
    _ = try scene.memory(1);
    try expectEqual(0, fake.count(.host_free));
    kept.release();
    try scene.destroy();
    try expectEqual(1, fake.count(.host_free));
    try expectEqual(before, mapping.liveMappings());
}

test "memory is page-locked once, however often it is registered, until nothing uses it" {
    var scene: Scene = try .create();
    const stream = try scene.stream();
    const memory = try scene.memory(1 << 20);
    const own = scenes.of(scene.t, try host.create(scene.t, 1 << 20));
    const first = try register(&scene, own, 0);
    try expectEqual(1 << 20, scene.t.block.results[1]);
    const second = try register(&scene, own, 1);
    try expectEqual(1, fake.count(.host_register));
    _ = try hosts.unregister(scene.t, first.slot, first.generation);
    fake.hold(true);
    const ticket = try scene.copy(stream, .{ memory, 0 }, .{ own, 64 }, 64);
    _ = try hosts.unregister(scene.t, second.slot, second.generation);
    _ = try host.close(scene.t, own.slot, own.generation);
    _ = try scene.memory(1);
    try expectEqual(0, fake.count(.host_unregister));
    fake.hold(false);
    try scene.wait(stream, ticket);
    try scene.destroy();
    try expectEqual(1, fake.count(.host_unregister));
}

test "what was registered for reading is not written, and not registered for writing" {
    var scene: Scene = try .create();
    const stream = try scene.stream();
    const memory = try scene.memory(64);
    const own = scenes.of(scene.t, try host.create(scene.t, 1 << 20));
    _ = try register(&scene, own, 1);
    try expectError(error.invalid_argument, scene.copy(stream, .{ own, 0 }, .{ memory, 0 }, 64));
    try expectError(error.cannot_pin, register(&scene, own, 0));
    _ = try scene.copy(stream, .{ memory, 0 }, .{ own, 0 }, 64);
    try scene.destroy();
}

test "memory that somebody else has registered is used, and left to them" {
    var scene: Scene = try .create();
    const own = scenes.of(scene.t, try host.create(scene.t, 1 << 20));
    fake.fail(.host_register, 1, 1, .host_memory_already_registered);
    _ = try register(&scene, own, 0);
    try expectEqual(1, scene.t.block.results[2]);
    try scene.destroy();
    try expectEqual(0, fake.count(.host_unregister));
}

test "memory whose pages the driver does not unlock stays mapped" {
    for ([_]struct { @import("../driver/cuda/api.zig").Result, usize }{ .{ .not_permitted, 1 }, .{ .host_memory_not_registered, 0 } }) |case| {
        var scene: Scene = try .create();
        const before = mapping.liveMappings();
        const own = scenes.of(scene.t, try host.create(scene.t, 1 << 20));
        const registration = try register(&scene, own, 0);
        fake.fail(.host_unregister, 1, 1, case[0]);
        _ = try hosts.unregister(scene.t, registration.slot, registration.generation);
        _ = try host.close(scene.t, own.slot, own.generation);
        try scene.destroy();
        try expectEqual(before + case[1], mapping.liveMappings());
    }
}

test "memory that shares its pages is not page-locked, nor is pinned memory again" {
    var scene: Scene = try .create();
    const small = scenes.of(scene.t, try host.create(scene.t, 64));
    try expectError(error.cannot_pin, register(&scene, small, 0));
    try expectError(error.cannot_pin, register(&scene, try scene.pinned(1 << 20), 0));
    try expectError(error.invalid_argument, register(&scene, .{ .slot = small.slot, .generation = 0 }, 0));
    fake.fail(.host_register, 1, 1, .out_of_memory);
    const own = scenes.of(scene.t, try host.create(scene.t, 1 << 20));
    try expectError(error.cuda_out_of_memory, register(&scene, own, 0));
    try scene.destroy();
}

test "a device is opened once for all who open it, and anew when nobody has it" {
    var scene: Scene = try .create();
    var other: Scene = try .create();
    try expectEqual(scene.device, other.device);
    other.device.release();
    try scene.destroy();
    try expectEqual(1, fake.count(.release));
    var again: Scene = try .create();
    _ = try again.memory(1);
    try expectEqual(1, fake.count(.retain));
    try again.destroy();
}

test "a device whose context cannot be had fails all that is asked of it, and the next one that opens it tries again" {
    fake.reset();
    fake.fail(.retain, 1, 1, .device_unavailable);
    var failed: Scene = try .open();
    try expectError(error.cuda_missing, failed.memory(1));
    try failed.destroy();
    try expectEqual(0, fake.count(.release));
    var again: Scene = try .create();
    _ = try again.memory(1);
    try again.destroy();
}
