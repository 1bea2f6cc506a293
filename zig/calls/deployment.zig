//! Models that are put together from parts: a graph with weights in memory, constant inputs, sessions on devices.
const std = @import("std");
const handles = @import("../abi/handle.zig");
const kernel_launch = @import("../engine/program/kernel_launch.zig");
const Container = @import("../engine/program/container.zig").Container;
const Device = @import("../cuda/device.zig").Device;
const Thread = @import("../abi/thread.zig").Thread;
const block = @import("../abi/block.zig");
const report = @import("../abi/report.zig");
const outline = @import("../engine/onnx/outline.zig");
const engine = @import("../engine/onnx/session.zig");
const engine_value = @import("../engine/onnx/value.zig");
const Executor = @import("../session/executor.zig").Executor;
const jobs = @import("../replica/model_jobs.zig");
const parts = @import("../replica/parts.zig");
const Parts = parts.Parts;
const memory = @import("memory.zig");
const path = @import("path.zig");
const session = @import("session.zig");
const settings = @import("model_settings.zig");
const source = @import("source.zig");

const allocator = std.heap.smp_allocator;

const Constant = struct { name: []const u8, type: u8, shape: ?[]const i64 = null, memory: [2]u32, offset: u64, size: u64 };
const Devices = struct {
    sessions: []const [2]u32,
    main: []const u32,
    load: []const u32,
    inputs: []const StreamPort,
    outputs: []const StreamPort,
    autoReset: bool,
};
const StreamPort = struct { name: [:0]const u8, handle: []const u8, type: u8, shape: []const i64 };
/// The program of an executable that lies in the graph's place.
const Kernels = struct { main: u32, inputs: []const StreamPort, outputs: []const StreamPort, checkPackageHash: bool };
const Cuda = struct { devices: []const [2]u32, provider: []const u8 };
const Described = struct {
    path: []const u8 = "",
    weights: []const outline.Weight = &.{},
    constants: []const Constant = &.{},
    devices: ?Devices = null,
    kernels: ?Kernels = null,
    cuda: ?Cuda = null,
};

/// Starts a job as `mr_replica_load` does, with its values. The memory holds a graph, `graph_size` bytes (0: there is none), and
/// then JSON of `json_size` bytes: `{ path, weights, constants, devices }`, each of which may be missing. `path` is the model's
/// file, when there is no graph; `weights` as in `mr_graph_describe`; `constants`, inputs that no request has: `[{ name, type,
/// shape, memory, offset, size }]`; `devices`, sessions that are bound and loaded, one for each replica, and not to be used
/// until the model is gone: `{ sessions, main, load, inputs, outputs, autoReset }` with ports `{ name, handle, type, shape }`,
/// whose shape is that of all of the executable's replicas together; `kernels`, when the graph is an executable whose main program
/// brings inputs, runs kernels and gives outputs: `{ main, inputs, outputs, checkPackageHash }`; `cuda`, CUDA devices that graph or
/// kernels run on, one for each replica: `{ devices, provider }`, where `provider` is the path of the engine's CUDA provider, empty
/// for kernels. The engine's path is in `text`.
pub fn load(t: *Thread, slot: u32, generation: u32, graph_size: f64, json_size: f64, library_length: u32) !i32 {
    const pinned = try memory.pin(slot, generation);
    defer pinned.release();
    var library_memory: [std.fs.max_path_bytes + 1]u8 = undefined;
    const library = try path.read(&library_memory, try t.block.input(0, library_length));
    const graph_bytes = try block.toInteger(graph_size);
    const json_bytes = try block.toInteger(json_size);
    if (json_bytes > outline.weights_json_max) return report.fail(error.too_large, "{d} bytes describe a model; at most {d} can.", .{ json_bytes, outline.weights_json_max });
    const bytes = pinned.ptr.slice();
    if (graph_bytes > bytes.len or json_bytes > bytes.len - graph_bytes)
        return report.fail(error.out_of_bounds, "{d} and {d} bytes reach beyond the memory of {d}.", .{ graph_bytes, json_bytes, bytes.len });
    var model_memory: [std.fs.max_path_bytes + 1]u8 = undefined;
    var described = try settings.read(t, library, "");
    const made = try Parts.create();
    described.parts = made;
    {
        errdefer made.destroy();
        try made.keep(pinned.ptr.retain());
        made.graph = bytes[0..@intCast(graph_bytes)];
        const read = try parse(made.arena.allocator(), bytes[@intCast(graph_bytes)..][0..@intCast(json_bytes)]);
        if (read.kernels) |kernels| try addKernels(made, kernels);
        if (read.cuda) |cuda| try addCuda(made, cuda, described.replicas);
        if (made.graph.len == 0 and read.devices == null and read.kernels == null) described.model_path = try path.read(&model_memory, read.path);
        try addWeights(made, read.weights);
        try addConstants(made, read.constants);
        if (read.devices) |devices| try addDevices(t, made, devices, described.replicas);
    }
    const started = try jobs.load(t, described);
    t.block.results[0] = @floatFromInt(started.generation);
    return @intCast(started.slot);
}

fn parse(arena: std.mem.Allocator, json: []const u8) !Described {
    return std.json.parseFromSliceLeaky(Described, arena, json, .{ .allocate = .alloc_always }) catch |err| switch (err) {
        error.OutOfMemory => err,
        else => report.fail(error.invalid_argument, "the model's description cannot be read: {s}.", .{@errorName(err)}),
    };
}

fn addWeights(made: *Parts, described: []const outline.Weight) !void {
    const weights = try made.arena.allocator().alloc(engine.Weight, described.len);
    for (weights, described) |*weight, from| {
        const size = try engine_value.sizeOf(from.type, from.shape);
        const found = try source.find(from.memory[0], from.memory[1], from.offset, size);
        try made.keep(found.mapping);
        weight.* = .{ .name = from.name, .element = from.type, .shape = from.shape, .bytes = found.bytes };
    }
    made.weights = weights;
}

fn addConstants(made: *Parts, described: []const Constant) !void {
    const constants = try made.arena.allocator().alloc(parts.Constant, described.len);
    for (constants, described) |*constant, from| {
        const found = try source.find(from.memory[0], from.memory[1], from.offset, from.size);
        try made.keep(found.mapping);
        constant.* = .{ .name = from.name, .element = from.type, .shape = from.shape, .bytes = found.bytes[0..@intCast(from.size)] };
    }
    made.constants = constants;
}

fn addDevices(t: *Thread, made: *Parts, described: Devices, replicas: u32) !void {
    const arena = made.arena.allocator();
    if (described.sessions.len != replicas) return report.fail(error.invalid_argument, "{d} sessions for {d} replicas.", .{ described.sessions.len, replicas });
    if (described.main.len == 0) return report.fail(error.invalid_argument, "the model has no main program.", .{});
    const executors = try arena.alloc(?*Executor, replicas);
    @memset(executors, null);
    made.devices = .{
        .executors = executors,
        .main = described.main,
        .load = described.load,
        .inputs = try ports(arena, described.inputs),
        .outputs = try ports(arena, described.outputs),
        .auto_reset = described.autoReset,
    };
    for (executors, described.sessions) |*executor, handle| {
        const pinned = try session.pin(t, handle[0], handle[1]);
        defer pinned.release();
        executor.* = try pinned.ptr.lend();
    }
}

fn addKernels(made: *Parts, described: Kernels) !void {
    const arena = made.arena.allocator();
    const container: Container = try .open(allocator, made.graph, .{ .check_package_hash = described.checkPackageHash });
    made.graph = "";
    made.kernels = try .of(arena, container, described.main, try ports(arena, described.inputs), try ports(arena, described.outputs));
    const program = &made.kernels.?;
    for (program.kernels) |kernel| try kernel_launch.check(kernel, program.container.plan.tensors);
}

fn addCuda(made: *Parts, described: Cuda, replicas: u32) !void {
    if (described.devices.len != replicas) return report.fail(error.invalid_argument, "{d} devices for {d} replicas.", .{ described.devices.len, replicas });
    const arena = made.arena.allocator();
    const devices = try arena.alloc(?*Device, replicas);
    made.cuda = .{ .devices = devices[0..0], .provider = try arena.dupeZ(u8, described.provider) };
    for (described.devices, 1..) |handle, count| {
        const pinned = try handles.pin(Device, handle[0], handle[1]);
        defer pinned.release();
        devices[count - 1] = pinned.ptr.retain();
        made.cuda.?.devices = devices[0..count];
    }
}

fn ports(arena: std.mem.Allocator, described: []const StreamPort) ![]const parts.StreamPort {
    const made = try arena.alloc(parts.StreamPort, described.len);
    for (made, described) |*port, from| {
        if (from.shape.len > 16) return report.fail(error.unsupported_type, "\"{s}\" has {d} axes.", .{ from.name, from.shape.len });
        for (from.shape) |size| if (size < 0) return report.fail(error.invalid_shape, "\"{s}\" has an axis of size {d}.", .{ from.name, size });
        _ = try engine_value.sizeOf(from.type, from.shape);
        port.* = .{ .name = from.name, .handle = from.handle, .element = from.type, .shape = from.shape };
    }
    return made;
}
