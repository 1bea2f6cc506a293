//! Requests of a model, numbered from 0 within it: bind memory, run, look at what came out.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const report = @import("../abi/report.zig");
const memory = @import("memory.zig");
const source = @import("source.zig");
const engine_value = @import("../engine/onnx/value.zig");
const held = @import("../replica/held.zig");
const requests = @import("../replica/request.zig");
const Replica = @import("../replica/replica.zig").Replica;
const pin = @import("replica.zig").pin;
const portOf = @import("replica.zig").portOf;

/// A wait longer than this would keep a Worker from being terminated.
const wait_limit_ms = 500;

/// A new request; returns its number.
pub fn create(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    return @intCast(try pinned.ptr.schedule.add());
}

/// Binds native memory to a port of an idle request. Values: direction, port, keep (0: for one run), byte offset,
/// rank, axes. The memory stays alive for as long as it is bound.
pub fn bind(t: *Thread, slot: u32, generation: u32, number: u32, memory_slot: u32, memory_generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const target = try pinned.ptr.schedule.find(number, &.{.idle});
    const direction = try t.block.value(0);
    const index = try t.block.value(1);
    const offset = try t.block.value(3);
    const rank = try t.block.value(4);
    const axes_max = t.block.values.len - 5;
    if (rank > axes_max) return report.fail(error.invalid_shape, "{d} axes are more than {d}.", .{ rank, axes_max });
    var axes: [axes_max]i64 = undefined;
    for (axes[0..rank], 5..) |*axis, at| axis.* = @intCast(try t.block.value(at));
    const described = try portOf(pinned.ptr, std.math.lossyCast(u32, direction), std.math.lossyCast(u32, index));
    const size = try engine_value.sizeOf(described.element, axes[0..rank]);
    const found = try source.find(memory_slot, memory_generation, offset, size);
    const binding = try requests.Binding.make(pinned.ptr.session.library, found.mapping, found.bytes, axes[0..rank], described.element);
    const keep = t.block.values[2] != 0;
    if (direction == 0) target.bind(&target.inputs[index], binding, keep) else target.bind(&target.outputs[index], binding, keep);
    return 0;
}

/// Gives an idle request memory into which outputs that are not bound are copied when they fit.
pub fn results(t: *Thread, slot: u32, generation: u32, number: u32, memory_slot: u32, memory_generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const target = try pinned.ptr.schedule.find(number, &.{.idle});
    const room = try memory.pin(memory_slot, memory_generation);
    defer room.release();
    target.setResults(room.ptr);
    return 0;
}

/// Queues an idle request; it turns up in `finished`. 1: it runs once this thread sleeps, so polling for it delays it.
pub fn submit(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const target = try pinned.ptr.schedule.find(number, &.{.idle});
    return @intFromBool(pinned.ptr.schedule.submit(number, target, false));
}

/// Runs an idle request on this thread if the replica is idle: 0. Otherwise queues it for `wait`: 1.
pub fn run(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const target = try pinned.ptr.schedule.find(number, &.{.idle});
    if (pinned.ptr.schedule.tryRunHere(target)) return 0;
    _ = pinned.ptr.schedule.submit(number, target, true);
    return 1;
}

/// Waits for a request that `run` queued, half a second at most: 1 when it has ended.
pub fn wait(t: *Thread, slot: u32, generation: u32, number: u32, limit_ms: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const target = try pinned.ptr.schedule.find(number, &.{ .queued, .running, .done });
    const limit_ns = @as(u64, @min(limit_ms, wait_limit_ms)) * std.time.ns_per_ms;
    return @intFromBool(pinned.ptr.schedule.wait(target, limit_ns));
}

/// 1: the request had not begun and never will; `recycle` it. 0: it ends early or has ended, and will be in `finished`.
pub fn cancel(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const target = try pinned.ptr.schedule.find(number, &.{ .queued, .running, .done });
    return @intFromBool(pinned.ptr.schedule.cancel(number, target));
}

/// 0 when the request's run succeeded, else its error, with the engine's words.
pub fn outcome(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const target = try pinned.ptr.schedule.find(number, &.{.done});
    const failure = target.failure orelse return 0;
    report.sayRaw(target.text[0..target.text_length], 0);
    return failure;
}

/// Where an output of a finished run is: 0 in the bound memory, 1 in the request's results memory, 2 held for `take`.
/// For 1 and 2, results: byte offset, bytes, rank; axes in `values`.
pub fn output(t: *Thread, slot: u32, generation: u32, number: u32, index: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const found = try outputOf(pinned.ptr, number, index);
    t.block.results[0] = @floatFromInt(found.offset);
    t.block.results[1] = @floatFromInt(found.size);
    t.block.results[2] = @floatFromInt(found.rank);
    for (found.axes[0..found.rank], t.block.values[0..found.rank]) |axis, *value| value.* = @floatFromInt(axis);
    return switch (found.placement) {
        .bound => 0,
        .copied => 1,
        .held => 2,
        .unset => report.fail(error.invalid_argument, "request {d} has no output {d}.", .{ number, index }),
    };
}

/// Hands a held output over. Results: address, length and mapping of its bytes, for one `ArrayBuffer`.
pub fn take(t: *Thread, slot: u32, generation: u32, number: u32, index: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const found = try outputOf(pinned.ptr, number, index);
    const value = found.held orelse return report.fail(error.invalid_argument, "output {d} of request {d} is not held.", .{ index, number });
    found.held = null;
    memory.show(t, try held.handOver(pinned.ptr.session.library, value, found.bytes));
    return 0;
}

/// Makes a finished request idle again; what it bound for one run and what nobody took is released.
pub fn recycle(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    pinned.ptr.schedule.recycle(number, try pinned.ptr.schedule.find(number, &.{ .idle, .done }));
    return 0;
}

fn outputOf(replica: *Replica, number: u32, index: u32) !*requests.Output {
    const target = try replica.schedule.find(number, &.{.done});
    if (index >= target.outputs.len) return report.fail(error.invalid_argument, "there is no output {d}.", .{index});
    return &target.outputs[index];
}
