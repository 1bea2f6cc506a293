//! What a plan's numbers and names must be, before anything relies on them.
const std = @import("std");
const kernels = @import("kernel_check.zig");
const plans = @import("plan.zig");
const Source = @import("plan_reader.zig").Source;
const report = @import("../../abi/report.zig");
const value = @import("../onnx/value.zig");
const limits = plans.limits;

pub fn check(arena: std.mem.Allocator, source: Source, has_graph: bool) !plans.Plan {
    if (source.replicas < 1 or source.replicas > limits.replicas) return wrong("{d} replicas, not 1 to {d}", .{ source.replicas, limits.replicas });
    if ((source.tensors.len + source.streams.len) * source.replicas > limits.copies)
        return wrong("{d} tensors and {d} streams of {d} replicas are more than {d}", .{ source.tensors.len, source.streams.len, source.replicas, limits.copies });
    const tensors = try tensorsOf(arena, source);
    const streams = try streamsOf(arena, source);
    const remote_buffers = try remoteBuffersOf(arena, source);
    var made: plans.Plan = .{
        .replicas = @intCast(source.replicas),
        .tensors = tensors,
        .streams = streams,
        .stream_numbers = try numbered(arena, "streams", plans.Stream, "handle", streams),
        .remote_buffers = remote_buffers,
        .remote_numbers = try numbered(arena, "remote buffers", plans.RemoteBuffer, "handle", remote_buffers),
        .graph = .{
            .inputs = try indexes(arena, source.graph.inputs, tensors.len),
            .outputs = try indexes(arena, source.graph.outputs, tensors.len),
            .weights = try indexes(arena, source.graph.weights, tensors.len),
        },
        .programs = &.{},
    };
    for (made.graph.weights) |weight| tensors[weight].weight = true;
    for (made.graph.outputs) |output| if (tensors[output].weight) return wrong("weight {s} is an output of the graph", .{tensors[output].name});
    if (source.programs.len > limits.programs) return wrong("{d} programs are more than {d}", .{ source.programs.len, limits.programs });
    const programs = try arena.alloc(plans.Program, source.programs.len);
    // By stream: the last program that names it, plus one.
    const named = try arena.alloc(u32, source.streams.len);
    @memset(named, 0);
    for (programs, source.programs, 1..) |*program, from, number| {
        program.* = .{ .name = from.name, .steps = from.steps.list, .streams = try streamsUsed(arena, from.steps.list, &made, named, @intCast(number), has_graph) };
    }
    made.programs = programs;
    return made;
}

fn wrong(comptime what: []const u8, args: anytype) anyerror {
    return report.fail(error.invalid_executable, "the executable's plan has " ++ what ++ ".", args);
}

fn tensorsOf(arena: std.mem.Allocator, source: Source) ![]plans.Tensor {
    const tensors = try arena.alloc(plans.Tensor, source.tensors.len);
    for (tensors, source.tensors) |*tensor, from| {
        if (from.shape.len > limits.rank) return wrong("tensor {s} with {d} axes, more than {d}", .{ from.name, from.shape.len, limits.rank });
        const shape = try arena.alloc(i64, from.shape.len);
        for (shape, from.shape) |*axis, size| axis.* = @intCast(size);
        const element = std.math.cast(u8, from.type) orelse 0;
        if (value.elementSize(element) == null) return wrong("tensor {s} of element type {d}, which is no plain number", .{ from.name, from.type });
        const size = value.sizeOf(element, shape) catch std.math.maxInt(usize);
        if (size > limits.number) return wrong("tensor {s} of shape {any}, which fits into no memory", .{ from.name, shape });
        tensor.* = .{ .name = from.name, .element = element, .shape = shape, .size = size };
    }
    _ = try numbered(arena, "tensors", plans.Tensor, "name", tensors);
    return tensors;
}

fn streamsOf(arena: std.mem.Allocator, source: Source) ![]plans.Stream {
    const streams = try arena.alloc(plans.Stream, source.streams.len);
    for (streams, source.streams) |*stream, from| {
        if (from.tensor >= source.tensors.len) return wrong("stream {s} for tensor {d} of {d}", .{ from.handle, from.tensor, source.tensors.len });
        if (from.depth < 1 or from.depth > limits.depth) return wrong("stream {s} of depth {d}, not 1 to {d}", .{ from.handle, from.depth, limits.depth });
        stream.* = .{
            .handle = from.handle,
            .tensor = @intCast(from.tensor),
            .to_device = from.toDevice,
            .depth = @intCast(from.depth),
            .prefetch = from.prefetch and from.toDevice,
        };
    }
    return streams;
}

fn remoteBuffersOf(arena: std.mem.Allocator, source: Source) ![]plans.RemoteBuffer {
    const buffers = try arena.alloc(plans.RemoteBuffer, source.remoteBuffers.len);
    for (buffers, source.remoteBuffers) |*buffer, from| {
        const repeats = std.math.cast(u32, from.repeats) orelse 0;
        if (repeats < 1 or from.size *| from.repeats *| source.replicas > limits.number)
            return wrong("remote buffer {s} of {d} blocks of {d} bytes", .{ from.handle, from.repeats, from.size });
        buffer.* = .{ .handle = from.handle, .size = @intCast(from.size), .repeats = repeats };
    }
    return buffers;
}

fn numbered(arena: std.mem.Allocator, comptime what: []const u8, comptime T: type, comptime field: []const u8, items: []const T) !plans.Numbers {
    var known: plans.Numbers = .empty;
    try known.ensureTotalCapacity(arena, @intCast(items.len));
    for (items, 0..) |item, index| {
        const name = @field(item, field);
        if (name.len == 0) return wrong(what ++ " without a " ++ field, .{});
        const entry = known.getOrPutAssumeCapacity(name);
        if (entry.found_existing) return wrong("two " ++ what ++ " {s}", .{name});
        entry.value_ptr.* = @intCast(index);
    }
    return known;
}

fn indexes(arena: std.mem.Allocator, from: []const u64, count: usize) ![]u32 {
    const list = try arena.alloc(u32, from.len);
    for (list, from) |*index, number| {
        if (number >= count) return wrong("a graph with tensor {d} of {d}", .{ number, count });
        index.* = @intCast(number);
    }
    return list;
}

fn streamsUsed(arena: std.mem.Allocator, steps: []const plans.Step, plan: *const plans.Plan, named: []u32, program: u32, has_graph: bool) ![]const u32 {
    var streams: std.ArrayList(u32) = .empty;
    for (steps) |step| switch (step) {
        .sync, .repeat, .end => {},
        .to_tensor, .to_stream => |stream| {
            if (stream >= plan.streams.len) return wrong("a step with stream {d} of {d}", .{ stream, plan.streams.len });
            if (plan.streams[stream].to_device != (step == .to_tensor)) return wrong("a step that uses stream {s} the wrong way", .{plan.streams[stream].handle});
            if (named[stream] == program) continue;
            named[stream] = program;
            try streams.append(arena, stream);
        },
        .kernel => |kernel| try kernels.check(kernel, plan.tensors),
        .graph => if (!has_graph) return wrong("a graph step, but the executable has no graph", .{}),
        .remote_to_tensor, .tensor_to_remote => |remote| {
            if (remote.buffer >= plan.remote_buffers.len) return wrong("a step with remote buffer {d} of {d}", .{ remote.buffer, plan.remote_buffers.len });
            if (remote.tensor >= plan.tensors.len) return wrong("a step with tensor {d} of {d}", .{ remote.tensor, plan.tensors.len });
            const buffer = plan.remote_buffers[remote.buffer];
            const tensor = plan.tensors[remote.tensor];
            if (buffer.size != tensor.size) return wrong("remote buffer {s} of {d} bytes for tensor {s} of {d}", .{ buffer.handle, buffer.size, tensor.name, tensor.size });
        },
    };
    return streams.items;
}
