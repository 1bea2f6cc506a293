//! Models: load and close, memory for requests, running them. Requests are numbered from 0 within their replica.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const memory = @import("memory.zig");
const source = @import("source.zig");
const engine_value = @import("../engine/onnx/value.zig");
const held = @import("../session/held.zig");
const jobs = @import("../session/replica_jobs.zig");
const replicas = @import("../session/replica.zig");
const requests = @import("../session/request.zig");
const Port = @import("../engine/onnx/port.zig").Port;
const Replica = replicas.Replica;
const Request = requests.Request;

const requests_limit = 1 << 16;
const threads_limit = 1024;
/// A wait longer than this would keep a Worker from being terminated.
const wait_limit_ms = 500;

/// Starts a job that loads a model; the paths of the engine and of the model are in `text`, one after the other.
/// Result of the job: the slot; results: generation, inputs, outputs; the engine's version is in `text`, its length
/// the fourth result. `threads` 0: one fewer than there are cores.
pub fn load(t: *Thread, library_length: u32, model_length: u32, threads: u32, requests_max: u32) !i32 {
    if (threads > threads_limit) return report.fail(error.invalid_argument, "{d} threads are more than {d}.", .{ threads, threads_limit });
    if (requests_max == 0 or requests_max > requests_limit) return report.fail(error.invalid_argument, "{d} requests at a time: 1 to {d} are possible.", .{ requests_max, requests_limit });
    var path_memory: [2][std.fs.max_path_bytes + 1]u8 = undefined;
    const started = try jobs.load(t, .{
        .library_path = try path(&path_memory[0], try t.block.input(0, library_length)),
        .model_path = try path(&path_memory[1], try t.block.input(library_length, model_length)),
        .options = .{ .intra_op_threads = threads },
        .requests_max = requests_max,
    });
    t.block.results[0] = @floatFromInt(started.generation);
    return @intCast(started.slot);
}

fn path(into: *[std.fs.max_path_bytes + 1]u8, text: []const u8) ![:0]const u8 {
    if (text.len == 0 or text.len > std.fs.max_path_bytes or std.mem.findScalar(u8, text, 0) != null)
        return report.fail(error.invalid_argument, "a path of {d} bytes is not usable.", .{text.len});
    @memcpy(into[0..text.len], text);
    into[text.len] = 0;
    return into[0..text.len :0];
}

/// Describes an input (direction 0) or output (1). Returns the bytes left in `text`: the name, then the name of each
/// axis, all ended by NUL. Results: kind (`ONNXType`), element type, rank; axes in `values`, -1 for those unknown.
pub fn port(t: *Thread, slot: u32, generation: u32, direction: u32, index: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const described = try portOf(pinned.ptr, direction, index);
    if (described.shape.len > t.block.values.len) return report.fail(error.unsupported_type, "\"{s}\" has {d} axes.", .{ described.name, described.shape.len });
    t.block.results[0] = @floatFromInt(@intFromEnum(described.kind));
    t.block.results[1] = @floatFromInt(described.element);
    t.block.results[2] = @floatFromInt(described.shape.len);
    var used = try appendText(t, 0, described.name);
    for (described.shape, described.symbols, 0..) |size, symbol, axis| {
        t.block.values[axis] = @floatFromInt(size);
        used = try appendText(t, used, symbol);
    }
    return @intCast(used);
}

fn appendText(t: *Thread, used: usize, text: []const u8) !usize {
    const end = used + text.len;
    if (end >= t.block.text.len) return report.fail(error.unsupported_type, "the names of an input or output are longer than {d} bytes.", .{t.block.text.len});
    @memcpy(t.block.text[used..end], text);
    t.block.text[end] = 0;
    return end + 1;
}

/// A new request; returns its number.
pub fn request(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    return @intCast(try pinned.ptr.addRequest());
}

/// Binds native memory to a port of an idle request. Values: direction, port, keep (0: for one run), byte offset,
/// rank, axes. The memory stays alive for as long as it is bound.
pub fn bind(t: *Thread, slot: u32, generation: u32, number: u32, memory_slot: u32, memory_generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const target = try pinned.ptr.requestIn(number, &.{.idle});
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
    const target = try pinned.ptr.requestIn(number, &.{.idle});
    const room = try memory.pin(memory_slot, memory_generation);
    defer room.release();
    target.setResults(room.ptr);
    return 0;
}

/// Queues an idle request; it turns up in `finished`.
pub fn submit(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    pinned.ptr.submit(number, try pinned.ptr.requestIn(number, &.{.idle}), false);
    return 0;
}

/// Runs an idle request on this thread if the replica is idle: 0. Otherwise queues it for `wait`: 1.
pub fn run(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const target = try pinned.ptr.requestIn(number, &.{.idle});
    if (pinned.ptr.tryRunHere(target)) return 0;
    pinned.ptr.submit(number, target, true);
    return 1;
}

/// Waits for a request that `run` queued, half a second at most: 1 when it has ended.
pub fn wait(t: *Thread, slot: u32, generation: u32, number: u32, limit_ms: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const target = try pinned.ptr.requestIn(number, &.{ .queued, .running, .done });
    const limit_ns = @as(u64, @min(limit_ms, wait_limit_ms)) * std.time.ns_per_ms;
    return @intFromBool(pinned.ptr.wait(target, limit_ns));
}

/// 1: the request had not begun and never will; `recycle` it. 0: it ends early or has ended, and will be in `finished`.
pub fn cancel(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const target = try pinned.ptr.requestIn(number, &.{ .queued, .running, .done });
    return @intFromBool(pinned.ptr.cancel(number, target));
}

/// Fills `completions` with requests that have ended, as (number, status as its bits); returns how many.
pub fn finished(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    return @intCast(pinned.ptr.takeFinished(&t.block.completions));
}

/// 0 when the request's run succeeded, else its error, with the engine's words.
pub fn outcome(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const target = try pinned.ptr.requestIn(number, &.{.done});
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
    pinned.ptr.recycle(number, try pinned.ptr.requestIn(number, &.{ .idle, .done }));
    return 0;
}

/// Closes the handle and starts a job that ends when the engine has let go of everything.
pub fn close(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const started = try jobs.close(t, pinned.ptr);
    try handle.close(Replica.kind, slot, generation);
    t.block.results[0] = @floatFromInt(started.generation);
    return @intCast(started.slot);
}

/// Models loaded in this process; results: engine tensors.
pub fn live(t: *Thread) !i32 {
    t.block.results[0] = @floatFromInt(engine_value.liveCount());
    return @intCast(replicas.liveCount());
}

fn pin(t: *Thread, slot: u32, generation: u32) !handle.Pinned(Replica) {
    const pinned = try handle.pin(Replica, slot, generation);
    errdefer pinned.release();
    if (pinned.ptr.owner != t) return report.fail(error.wrong_thread, "the model {d}.{d} belongs to another thread.", .{ slot, generation });
    return pinned;
}

fn portOf(replica: *Replica, direction: u32, index: u32) !Port {
    const ports = switch (direction) {
        0 => replica.session.inputs,
        1 => replica.session.outputs,
        else => return report.fail(error.invalid_argument, "direction {d} is neither 0 nor 1.", .{direction}),
    };
    if (index >= ports.len) return report.fail(error.invalid_argument, "there is no port {d}.", .{index});
    return ports[index];
}

fn outputOf(replica: *Replica, number: u32, index: u32) !*requests.Output {
    const target = try replica.requestIn(number, &.{.done});
    if (index >= target.outputs.len) return report.fail(error.invalid_argument, "there is no output {d}.", .{index});
    return &target.outputs[index];
}
