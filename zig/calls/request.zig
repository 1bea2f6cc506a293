//! Requests of a model, numbered from 0 within a handle: bind memory, run, look at what came out.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const report = @import("../abi/report.zig");
const memory = @import("memory.zig");
const source = @import("source.zig");
const clock = @import("../os/clock.zig");
const switches = @import("../os/switches.zig");
const engine_value = @import("../engine/onnx/value.zig");
const handle = @import("../abi/handle.zig");
const Client = @import("../replica/client.zig").Client;
const Device = @import("../cuda/device.zig").Device;
const DeviceTensor = @import("../replica/device_tensor.zig").DeviceTensor;
const Memory = @import("../cuda/memory.zig").Memory;
const Place = @import("../cuda/place.zig").Place;
const places = @import("cuda_place.zig");
const held = @import("../replica/held.zig");
const Replica = @import("../replica/replica.zig").Replica;
const requests = @import("../replica/request.zig");
const Request = requests.Request;
const own = @import("replica.zig").own;
const Stream = @import("../cuda/stream.zig").Stream;
const pin = @import("replica.zig").pin;

/// A wait longer than this would keep a Worker from being terminated.
const wait_limit_ms = 500;
/// Instead of a number of rows: the inputs are those that were bound.
const rows_bound = std.math.maxInt(u32);

/// When the call began that submits the next request of this thread.
threadlocal var began_ticks: u64 = 0;

/// A call begins that will submit a request: its preparation counts from here.
pub fn begin(_: *Thread) !i32 {
    began_ticks = clock.ticks();
    return 0;
}

/// Makes 64 requests, numbered from 64 times the result on. Results: address, length and mapping of their memory, for one
/// `ArrayBuffer`.
pub fn grow(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const number = try pinned.ptr.grow();
    memory.show(t, pinned.ptr.chunks.items[number].memory.retain());
    return @intCast(number);
}

/// Binds native memory to a port of an idle request. Values: direction, port, keep (0: for one run; outputs always are),
/// byte offset, rank, axes; of memory of a CUDA device, which is bound for one run, behind the axes the stream that it is used on,
/// whose slot is 0 when there is none. The memory stays alive for as long as it is bound.
pub fn bind(t: *Thread, slot: u32, generation: u32, number: u32, memory_slot: u32, memory_generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const client = pinned.ptr;
    const target = try client.find(number, &.{.idle});
    const input = switch (try t.block.value(0)) {
        0 => true,
        1 => false,
        else => |direction| return report.fail(error.invalid_argument, "direction {d} is neither 0 nor 1.", .{direction}),
    };
    const index = try t.block.value(1);
    const offset = try t.block.value(3);
    const rank = try t.block.value(4);
    const ports = if (input) client.model.form.inputs else client.model.form.outputs;
    if (index >= ports.len) return report.fail(error.invalid_argument, "there is no port {d}.", .{index});
    const axes = if (input) target.inputs[index].axes else target.outputs[index].axes;
    const fits = if (input) rank == axes.len else rank <= axes.len;
    if (!fits or rank > t.block.values.len - 5) return report.fail(error.invalid_shape, "{d} axes, the model has {d}.", .{ rank, ports[index].shape.len });
    var shape: [64]i64 = undefined;
    for (shape[0..rank], 5..) |*axis, at| axis.* = @intCast(try t.block.value(at));
    const size = try engine_value.sizeOf(ports[index].element, shape[0..rank]);
    if (client.model.cudaOf(0) != null) return bindForCuda(t, target, .{ .input = input, .index = index, .rank = rank }, &shape, try places.find(memory_slot, memory_generation, offset, size), size);
    const found = source.find(memory_slot, memory_generation, offset, size) catch |err| {
        if (err == error.wrong_kind and handle.kindOf(memory_slot, memory_generation) == .cuda_memory)
            return report.fail(error.wrong_memory, "the tensor is memory of a GPU, and the model runs on none.", .{});
        return err;
    };
    @memcpy(axes[0..rank], shape[0..rank]);
    if (input) target.bindInput(index, found.mapping, found.bytes, t.block.values[2] == 0) else target.bindOutput(index, found.mapping, found.bytes, rank);
    return 0;
}

const Port = struct { input: bool, index: usize, rank: usize };

/// Memory that is page-locked is taken as such, memory of a device as it is. Takes the place over.
fn bindForCuda(t: *Thread, target: *Request, port: Port, shape: *const [64]i64, place: Place, size: u64) !i32 {
    const index = port.index;
    const rank = port.rank;
    const tensor = switch (place) {
        .device => |found| try deviceTensor(t, found.memory, found.offset, size, rank),
        .host => null,
    };
    const axes = if (port.input) target.inputs[index].axes else target.outputs[index].axes;
    @memcpy(axes[0..rank], shape[0..rank]);
    if (tensor) |made| {
        if (port.input) target.bindInputDevice(index, made) else target.bindOutputDevice(index, made, rank);
        return 0;
    }
    const host = place.host;
    if (port.input) {
        target.bindInput(index, host.mapping, host.bytes, t.block.values[2] == 0);
        target.inputs[index].registration = host.registration;
    } else {
        target.bindOutput(index, host.mapping, host.bytes, rank);
        target.outputs[index].registration = host.registration;
    }
    return 0;
}

/// Takes the reference to the memory over, also when it fails.
fn deviceTensor(t: *Thread, memory_of_device: *Memory, offset: u64, size: u64, rank: usize) !*DeviceTensor {
    const stream = streamIn(t, rank) catch |err| {
        memory_of_device.release();
        return err;
    };
    return .create(.{
        .memory = memory_of_device,
        .offset = offset,
        .size = size,
        .stream = stream,
        .ticket = if (stream) |one| one.ticket() else 0,
    });
}

fn streamIn(t: *Thread, rank: usize) !?*Stream {
    if (6 + rank >= t.block.values.len) return report.fail(error.invalid_shape, "{d} axes leave no room for a stream.", .{rank});
    const slot = try t.block.value(5 + rank);
    return if (slot == 0) null else try streamOf(slot, try t.block.value(6 + rank));
}

fn streamOf(slot: u64, generation: u64) !*Stream {
    const pinned = try handle.pin(Stream, std.math.cast(u32, slot) orelse 0, std.math.cast(u32, generation) orelse 0);
    defer pinned.release();
    return pinned.ptr.retain();
}

/// Queues an idle request; it turns up in `finished`. `rows`: of its own memory, 0xFFFFFFFF: what was bound. `route`: the
/// replica + 1 (0: the least loaded) and, from bit 16 on, the priority.
/// 1: it runs once this thread sleeps, so polling for it delays it.
pub fn submit(t: *Thread, slot: u32, generation: u32, number: u32, rows: u32, route: u32) !i32 {
    const client = try own(t, slot, generation);
    const target = try prepare(client, number, rows, route);
    client.retain();
    return @intFromBool(replicaOf(client, target).schedule.submit(target));
}

/// Runs an idle request on this thread if the replica is idle: 0 when its outputs are in its memory and it is idle again, 2
/// when `outcome` and `recycle` are due. Otherwise queues it for `wait`: 1.
pub fn run(t: *Thread, slot: u32, generation: u32, number: u32, rows: u32, route: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const client = pinned.ptr;
    const target = try prepare(client, number, rows, route);
    const replica = replicaOf(client, target);
    target.blocking = true;
    client.retain();
    if (replica.schedule.borrow(&client.plan, target)) {
        replica.run(&client.plan);
        if (replica.schedule.finish(&client.plan)) replica.schedule.signal();
        return if (client.settleNow(target)) 0 else 2;
    }
    _ = replica.schedule.submit(target);
    return 1;
}

/// Waits for a request that `run` queued, half a second at most. 0: it has not ended; it also returns early when a batch lacks
/// rows, see `finished`. 1: its outputs are in its memory and it is idle again; 2: `outcome` and `recycle` are due.
pub fn wait(t: *Thread, slot: u32, generation: u32, number: u32, limit_ms: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const target = try pinned.ptr.find(number, &.{ .queued, .running, .done });
    if (!target.blocking) return report.fail(error.invalid_argument, "request {d} is not waited for.", .{number});
    const limit_ns = @as(u64, @min(limit_ms, wait_limit_ms)) * std.time.ns_per_ms;
    if (!replicaOf(pinned.ptr, target).schedule.wait(target, limit_ns)) return 0;
    return if (pinned.ptr.settleNow(target)) 1 else 2;
}

/// 1: the request had not begun and never will; `recycle` it. 0: it has begun, and will be in `finished`; if nothing else runs
/// with it the run ends early.
pub fn cancel(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const target = try pinned.ptr.find(number, &.{ .queued, .running, .ended, .done });
    const never = replicaOf(pinned.ptr, target).schedule.cancel(target);
    if (never) pinned.ptr.releaseMany(1);
    return @intFromBool(never);
}

/// 0 when the request's run succeeded, else its error, with the engine's words.
pub fn outcome(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const target = try pinned.ptr.find(number, &.{.done});
    const failure = target.failure orelse return 0;
    report.sayRaw(target.text, 0);
    return failure;
}

/// Where an output of a finished run is: 0 in the bound memory, 1 in the memory of its 64 requests, 2 held for `take`.
/// For 1 and 2, results: byte offset, bytes, rank; axes in `values`.
pub fn output(t: *Thread, slot: u32, generation: u32, number: u32, index: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const found = try outputOf(pinned.ptr, number, index);
    t.block.results[0] = @floatFromInt(found.offset);
    t.block.results[1] = @floatFromInt(found.bytes.len);
    t.block.results[2] = @floatFromInt(found.rank);
    for (found.axes[0..found.rank], t.block.values[0..found.rank]) |axis, *value| value.* = @floatFromInt(axis);
    return switch (found.placement) {
        .bound => 0,
        .area, .extra => 1,
        .held => 2,
        .unset => report.fail(error.invalid_argument, "request {d} has no output {d}.", .{ number, index }),
    };
}

/// Hands a held output over. Results: address, length and mapping of its bytes, for one `ArrayBuffer`.
pub fn take(t: *Thread, slot: u32, generation: u32, number: u32, index: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const found = try outputOf(pinned.ptr, number, index);
    const taken = found.held;
    found.held = .none;
    switch (taken) {
        .none => return report.fail(error.invalid_argument, "output {d} of request {d} is not held.", .{ index, number }),
        .mapping => |mapping| memory.show(t, mapping),
        .value => |value| memory.show(t, try held.handOver(pinned.ptr.model.library(), value, found.bytes)),
    }
    return 0;
}

/// Makes a finished request idle again; what it bound for one run and what nobody took is released.
pub fn recycle(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    pinned.ptr.recycle(try pinned.ptr.find(number, &.{ .idle, .done }));
    return 0;
}

fn prepare(client: *Client, number: u32, rows: u32, route: u32) !*Request {
    const target = try client.find(number, &.{.idle});
    const model = client.model;
    target.rewind();
    if (rows == rows_bound) {
        try target.useBound(&model.form);
    } else {
        if (rows > model.slots.rows) return report.fail(error.wrong_shape, "{d} rows are more than a request's own memory has room for.", .{rows});
        target.useOwn(&model.form, rows);
    }
    if (target.single and model.form.compiled_rows > 0) return report.fail(error.wrong_shape, "inputs or outputs of request {d} have no shape of the model.", .{number});
    if (model.form.whole_batches and target.rows % model.form.compiled_rows != 0)
        return report.fail(error.wrong_shape, "{d} rows are no multiple of {d}, for which the model was compiled; with batchingDim any number is possible.", .{ target.rows, model.form.compiled_rows });
    if (model.form.batching == null and model.isCompiled()) for (target.inputs, model.form.inputs) |*input, *expected| {
        if (input.size() != expected.sizeOf(1)) return report.fail(error.wrong_shape, "an input of {d} bytes does not fit a stream of {d}.", .{ input.size(), expected.sizeOf(1) orelse 0 });
    };
    const device = try deviceOf(target);
    // The engine takes such a tensor as it is: no rows of others beside it.
    if (device != null and model.kernels() == null) {
        if (model.form.compiled_rows > 0 and target.rows != model.form.compiled_rows)
            return report.fail(error.wrong_shape, "{d} rows in memory of a GPU are no whole batch of {d}.", .{ target.rows, model.form.compiled_rows });
        target.single = true;
    }
    target.replica = try choose(client, route, device);
    target.priority = @bitCast(@as(u16, @truncate(route >> 16)));
    target.queued_ticks = clock.ticks();
    target.began_ticks = if (began_ticks > 0) began_ticks else target.queued_ticks;
    began_ticks = 0;
    return target;
}

/// The GPU whose memory the request has; null: it has host memory.
fn deviceOf(target: *const Request) !?*Device {
    const first = target.deviceMemory() orelse return null;
    for (target.inputs) |*read| if (read.device) |tensor| try requireSame(first, tensor);
    for (target.outputs) |*written| if (written.device) |tensor| try requireSame(first, tensor);
    return first.device();
}

fn requireSame(first: *const DeviceTensor, other: *const DeviceTensor) !void {
    if (first.device() != other.device())
        return report.fail(error.wrong_memory, "tensors of one request are memory of GPU {d} and of GPU {d}.", .{ first.device().ordinal, other.device().ordinal });
}

/// The least loaded of the replicas that can run it: those on `device`, if it has memory of one, and not those whose device is lost
/// while others have theirs.
fn choose(client: *Client, route: u32, device: ?*Device) !u16 {
    const model = client.model;
    const replicas = model.replicas;
    const wanted = route & 0xffff;
    if (wanted > replicas.len) return report.fail(error.invalid_argument, "there is no replica {d} among {d}.", .{ wanted - 1, replicas.len });
    if (wanted > 0) {
        const only: u16 = @intCast(wanted - 1);
        if (device) |one| if (model.cudaOf(only) != one) return elsewhere(one);
        return only;
    }
    if (device == null and (replicas.len == 1 or switches.off("least_loaded"))) return 0;
    var chosen: ?u16 = null;
    var least: u64 = std.math.maxInt(u64);
    for (replicas, 0..) |*replica, index| {
        const gpu = model.cudaOf(index);
        if (device) |one| if (gpu != one) continue;
        const lost = if (gpu) |cuda| cuda.isLost() and !switches.off("lost_last") else false;
        const load = replica.schedule.gate.load.load(.monotonic) + (@as(u64, @intFromBool(lost)) << 32);
        if (load >= least) continue;
        least = load;
        chosen = @intCast(index);
    }
    return chosen orelse elsewhere(device.?);
}

fn elsewhere(device: *const Device) anyerror {
    return report.fail(error.wrong_memory, "the tensors are memory of GPU {d}, and the replica asked for does not run there.", .{device.ordinal});
}

fn replicaOf(client: *Client, request: *const Request) *Replica {
    return &client.model.replicas[request.replica];
}

fn outputOf(client: *Client, number: u32, index: u32) !*requests.Output {
    const target = try client.find(number, &.{.done});
    if (index >= target.outputs.len) return report.fail(error.invalid_argument, "there is no output {d}.", .{index});
    return &target.outputs[index];
}
