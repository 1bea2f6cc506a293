//! Models: load, describe, close, and collect the requests that have ended.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const engine_value = @import("../engine/onnx/value.zig");
const jobs = @import("../replica/replica_jobs.zig");
const replicas = @import("../replica/replica.zig");
const path = @import("path.zig");
const Port = @import("../engine/onnx/port.zig").Port;
const Replica = replicas.Replica;

const requests_limit = 1 << 16;
const threads_limit = 1024;

/// Starts a job that loads a model; the paths of the engine and of the model are in `text`, one after the other.
/// Result of the job: the slot; results: generation, inputs, outputs; the engine's version is in `text`, its length
/// the fourth result. `threads` 0: one fewer than there are cores.
pub fn load(t: *Thread, library_length: u32, model_length: u32, threads: u32, requests_max: u32) !i32 {
    if (threads > threads_limit) return report.fail(error.invalid_argument, "{d} threads are more than {d}.", .{ threads, threads_limit });
    if (requests_max == 0 or requests_max > requests_limit) return report.fail(error.invalid_argument, "{d} requests at a time: 1 to {d} are possible.", .{ requests_max, requests_limit });
    var path_memory: [2][std.fs.max_path_bytes + 1]u8 = undefined;
    const started = try jobs.load(t, .{
        .library_path = try path.read(&path_memory[0], try t.block.input(0, library_length)),
        .model_path = try path.read(&path_memory[1], try t.block.input(library_length, model_length)),
        .options = .{ .intra_op_threads = threads },
        .requests_max = requests_max,
    });
    t.block.results[0] = @floatFromInt(started.generation);
    return @intCast(started.slot);
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

/// Fills `completions` with requests that have ended, as (number, status as its bits); returns how many.
pub fn finished(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    return @intCast(pinned.ptr.schedule.takeFinished(&t.block.completions));
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

/// The replica behind a handle, for its own thread.
pub fn pin(t: *Thread, slot: u32, generation: u32) !handle.Pinned(Replica) {
    const pinned = try handle.pin(Replica, slot, generation);
    errdefer pinned.release();
    if (pinned.ptr.owner != t) return report.fail(error.wrong_thread, "the model {d}.{d} belongs to another thread.", .{ slot, generation });
    return pinned;
}

pub fn portOf(replica: *Replica, direction: u32, index: u32) !Port {
    const ports = switch (direction) {
        0 => replica.session.inputs,
        1 => replica.session.outputs,
        else => return report.fail(error.invalid_argument, "direction {d} is neither 0 nor 1.", .{direction}),
    };
    if (index >= ports.len) return report.fail(error.invalid_argument, "there is no port {d}.", .{index});
    return ports[index];
}
