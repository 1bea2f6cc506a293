//! Models: load, attach, describe, close, and collect the requests that have ended. A handle is one thread's access.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const block = @import("../abi/block.zig");
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const engine_value = @import("../engine/onnx/value.zig");
const Client = @import("../replica/client.zig").Client;
const models = @import("../replica/model.zig");
const jobs = @import("../replica/model_jobs.zig");
const tokens = @import("../replica/token.zig");
const switches = @import("../os/switches.zig");
const path = @import("path.zig");
const settings = @import("model_settings.zig");

/// A request is the number of what a batch lacks: see `finished`.
const hungry_number = std.math.maxInt(u32);

/// Starts a job that loads a model; the paths of the engine and of the model are in `text`, one after the other. Values: see
/// `model_settings`. Result of the job: the slot; results: see `jobs.give`.
pub fn load(t: *Thread, library_length: u32, model_length: u32) !i32 {
    var path_memory: [2][std.fs.max_path_bytes + 1]u8 = undefined;
    const library_path = try path.read(&path_memory[0], try t.block.input(0, library_length));
    const model_path = try path.read(&path_memory[1], try t.block.input(library_length, model_length));
    const started = try jobs.load(t, try settings.read(t, library_path, model_path));
    t.block.results[0] = @floatFromInt(started.generation);
    return @intCast(started.slot);
}

/// The model's token, by which other threads attach, in `text`; returns its length.
pub fn share(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const token = try tokens.of(pinned.ptr.model);
    @memcpy(t.block.text[0..token.len], &token);
    return token.len;
}

/// A handle of this thread's for the model whose token is in `text`. Results: as of a job of `load`.
pub fn attach(t: *Thread, token_length: u32) !i32 {
    const model = try tokens.find(try t.block.input(0, token_length));
    defer model.release();
    if (!model.settings.shared and !switches.off("thread_safe")) return report.fail(error.wrong_thread, "the model was loaded for one thread.", .{});
    return jobs.give(t, model);
}

/// Results: the numbers that `load` was given to keep, then replicas.
pub fn notes(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const given = &pinned.ptr.model.settings;
    @memcpy(t.block.results[0..models.notes_max], &given.notes);
    t.block.results[models.notes_max] = @floatFromInt(given.replicas);
    return 0;
}

/// Describes an input (direction 0) or output (1). Returns the bytes left in `text`: the name, then the name of each
/// axis, all ended by NUL. Results: kind (`ONNXType`), element type, rank; the axis that counts rows (-1: none), bytes of a
/// row (-1: only the data tells), where it lies in the memory of 64 requests, and bytes from one to the next (0: not there),
/// whether a request may have other rows than the shape says; axes in `values`, -1 for those unknown.
pub fn port(t: *Thread, slot: u32, generation: u32, direction: u32, index: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const model = pinned.ptr.model;
    const input = try isInput(direction);
    const ports = if (input) model.inputs else model.outputs;
    if (index >= ports.len) return report.fail(error.invalid_argument, "there is no port {d}.", .{index});
    const described = &ports[index];
    if (described.shape.len > t.block.values.len) return report.fail(error.unsupported_type, "\"{s}\" has {d} axes.", .{ described.name, described.shape.len });
    const form = if (input) &model.form.inputs[index] else &model.form.outputs[index];
    const area = if (input) model.slots.inputs[index] else model.slots.outputs[index];
    t.block.results[0] = @floatFromInt(@intFromEnum(described.kind));
    t.block.results[1] = @floatFromInt(described.element);
    t.block.results[2] = @floatFromInt(described.shape.len);
    t.block.results[3] = if (form.row_axis) |axis| @floatFromInt(axis) else -1;
    t.block.results[4] = if (form.uniform) @floatFromInt(form.row_bytes) else -1;
    t.block.results[5] = @floatFromInt(area.offset);
    t.block.results[6] = @floatFromInt(area.stride);
    t.block.results[7] = @floatFromInt(@intFromBool(model.form.batching != null));
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

/// Fills `completions` with requests that have ended, as (number, status); returns how many. Status 0: the outputs are in the
/// request's memory and it is idle again; 1: ask for the outputs, then `recycle`; negative: it failed, the same. Number
/// 0xFFFFFFFF: a compiled batch of the replica (status) lacks rows; `flush` when none will come.
pub fn finished(t: *Thread, slot: u32, generation: u32) !i32 {
    const client = try own(t, slot, generation);
    // Acquire pairs with the release in `Client.ask`.
    const hungry = if (client.shared.hungry.load(.monotonic) == 0) 0 else client.shared.hungry.swap(0, .acquire);
    if (hungry > 0) t.block.completions[0] = .{ .slot = hungry_number, .generation = hungry - 1 };
    const first: u32 = @intFromBool(hungry > 0);
    return @intCast(first + client.take(t.block.completions[first..]));
}

/// Compiled batches that lack rows run as they are.
pub fn flush(t: *Thread, slot: u32, generation: u32, replica: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    (try replicaOf(pinned.ptr, replica)).schedule.flush();
    return 0;
}

/// Of all replicas. Results: rows run, runs, rows of padding, replicas that run now, nanoseconds of a replica's time that a
/// request takes lately, requests that replicas have.
pub fn stats(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const replicas = pinned.ptr.model.replicas;
    var totals: [6]f64 = @splat(0);
    for (replicas) |*replica| {
        const schedule = &replica.schedule;
        schedule.lock.lock();
        defer schedule.lock.unlock();
        totals[0] += @floatFromInt(schedule.record.rows);
        totals[1] += @floatFromInt(schedule.record.batches);
        totals[2] += @floatFromInt(schedule.record.padding);
        var running = schedule.running.first;
        while (running) |plan| : (running = plan.next) totals[3] += @floatFromInt(plan.count);
        totals[4] += schedule.record.request_ns / @as(f64, @floatFromInt(replicas.len));
        totals[5] += @floatFromInt(schedule.gate.load.load(.monotonic));
    }
    @memcpy(t.block.results[0..totals.len], &totals);
    return 0;
}

/// Of the requests of one replica, for the four phases of `Record`: results 0 to 3 the percentile at `quantile`, 4 to 7 the
/// mean, in microseconds; 8 to 11 how many.
pub fn latency(t: *Thread, slot: u32, generation: u32, replica: u32, quantile: f64) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const schedule = &(try replicaOf(pinned.ptr, replica)).schedule;
    if (!(quantile >= 0 and quantile <= 1)) return report.fail(error.invalid_argument, "the quantile {d} is not from 0 to 1.", .{quantile});
    schedule.lock.lock();
    defer schedule.lock.unlock();
    for (schedule.record.times, 0..) |*histogram, phase| {
        t.block.results[phase] = histogram.percentile(quantile) / 1000;
        t.block.results[4 + phase] = histogram.mean() / 1000;
        t.block.results[8 + phase] = @floatFromInt(histogram.total);
    }
    return 0;
}

/// The trace at `index` of those that one replica keeps, oldest first; from the end if negative. Results: microseconds of the
/// four phases.
pub fn trace(t: *Thread, slot: u32, generation: u32, replica: u32, index: i32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const schedule = &(try replicaOf(pinned.ptr, replica)).schedule;
    schedule.lock.lock();
    defer schedule.lock.unlock();
    const record = &schedule.record;
    const found = record.traceAt(index) orelse
        return report.fail(error.out_of_bounds, "there is no tracepoint {d} among {d}.", .{ index, record.traces.items.len });
    for (found, t.block.results[0..found.len]) |us, *result| result.* = us;
    return 0;
}

/// Closes the handle and starts a job that ends when what it ran is over, and the engine gone if it was the last handle.
pub fn close(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const started = try jobs.close(t, pinned.ptr);
    try handle.close(Client.kind, slot, generation);
    t.block.results[0] = @floatFromInt(started.generation);
    return @intCast(started.slot);
}

/// Models loaded in this process; results: engine tensors.
pub fn live(t: *Thread) !i32 {
    t.block.results[0] = @floatFromInt(engine_value.liveCount());
    return @intCast(models.liveCount());
}

/// The client behind a handle, for its own thread.
pub fn pin(t: *Thread, slot: u32, generation: u32) !handle.Pinned(Client) {
    const pinned = try handle.pin(Client, slot, generation);
    errdefer pinned.release();
    if (pinned.ptr.thread != t) return report.fail(error.wrong_thread, "the model {d}.{d} belongs to another thread.", .{ slot, generation });
    try mustBeOpen(pinned.ptr, slot, generation);
    return pinned;
}

/// The same without a pin, for calls that are too short for one.
pub fn own(t: *Thread, slot: u32, generation: u32) !*Client {
    const client = try handle.own(Client, t.id, slot, generation);
    try mustBeOpen(client, slot, generation);
    return client;
}

fn mustBeOpen(client: *const Client, slot: u32, generation: u32) !void {
    if (client.closed.load(.monotonic)) return report.fail(error.closed, "the model {d}.{d} was closed.", .{ slot, generation });
}

fn replicaOf(client: *Client, index: u32) !*@import("../replica/replica.zig").Replica {
    const replicas = client.model.replicas;
    if (index >= replicas.len) return report.fail(error.invalid_argument, "there is no replica {d} among {d}.", .{ index, replicas.len });
    return &replicas[index];
}

fn isInput(direction: u32) !bool {
    return switch (direction) {
        0 => true,
        1 => false,
        else => report.fail(error.invalid_argument, "direction {d} is neither 0 nor 1.", .{direction}),
    };
}
