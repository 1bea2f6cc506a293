//! What streams are connected to, and what the host may reach of the device.
const std = @import("std");
const plans = @import("plan.zig");
const poplar = @import("../../driver/poplar/table.zig");
const report = @import("../../abi/report.zig");
const Endpoint = @import("endpoint.zig").Endpoint;
const Engine = @import("engine.zig").Engine;

/// Memory that outlives the connection, used in turns; at least one byte unless the stream has none.
pub fn connectMemory(engine: *Engine, handle: []const u8, replica: u32, bytes: []u8) !void {
    const endpoint = try endpointOf(engine, handle, replica);
    if (bytes.len == 0 and engine.sizeOf(endpoint.stream) > 0)
        return report.fail(error.invalid_argument, "stream {s} cannot be connected to memory without bytes.", .{handle});
    endpoint.connection = .{ .memory = .{ .bytes = bytes } };
}

/// `context` outlives the connection.
pub fn connectCallbacks(engine: *Engine, handle: []const u8, replica: u32, calls: poplar.Callbacks, context: ?*anyopaque) !void {
    const endpoint = try endpointOf(engine, handle, replica);
    endpoint.connection = .{ .callbacks = .{ .calls = calls, .context = context } };
    if (calls.interrupt != null) engine.host.watch();
}

fn endpointOf(engine: *Engine, handle: []const u8, replica: u32) !*Endpoint {
    if (engine.running.load(.acquire)) return report.fail(error.invalid_argument, "stream {s} cannot be connected while a program runs.", .{handle});
    const stream = engine.plan.stream_numbers.get(handle) orelse return report.fail(error.not_connected, "there is no stream {s}.", .{handle});
    const endpoints = engine.endpointsOf(stream);
    if (replica >= endpoints.len)
        return report.fail(error.invalid_argument, "stream {s} has no replica {d}, only {d}.", .{ handle, replica, endpoints.len });
    return &endpoints[replica];
}

/// The block's memory, of the size that the plan gives the buffer.
pub fn remoteBlock(engine: *Engine, handle: []const u8, repeat: u32, replica: u32) ![]u8 {
    const index = engine.plan.remote_numbers.get(handle) orelse return report.fail(error.not_connected, "there is no remote buffer {s}.", .{handle});
    const buffer = engine.plan.remote_buffers[index];
    if (repeat >= buffer.repeats or replica >= engine.plan.replicas)
        return report.fail(error.invalid_argument, "remote buffer {s} has {d} blocks of {d} replicas, not block {d} of replica {d}.", .{ handle, buffer.repeats, engine.plan.replicas, repeat, replica });
    if (!engine.loaded) return report.fail(error.stopped, "the engine is not loaded.", .{});
    return engine.memory.block(index, replica, repeat);
}
/// Streams of the program that are connected to nothing are an error that names them all.
pub fn mustBeConnected(engine: *Engine, program: *const plans.Program) !void {
    engine.ahead_streams.len = 0;
    for (program.streams) |stream| {
        for (engine.endpointsOf(stream)) |*endpoint| if (endpoint.connection == .none) return notConnected(engine, program);
        if (!engine.lanes[stream].ahead) continue;
        engine.ahead_streams.len += 1;
        engine.ahead_streams[engine.ahead_streams.len - 1] = stream;
    }
}

fn notConnected(engine: *Engine, program: *const plans.Program) anyerror {
    var list: [256]u8 = undefined;
    var writer: std.Io.Writer = .fixed(&list);
    for (program.streams) |stream| for (engine.endpointsOf(stream)) |*endpoint| if (endpoint.connection == .none) {
        writer.print("{s}{s}", .{ if (writer.end == 0) "" else ", ", engine.plan.streams[stream].handle }) catch {};
        if (engine.lanes[stream].count > 1) writer.print(" of replica {d}", .{endpoint.replica}) catch {};
    };
    return report.fail(error.not_connected, "program {s} uses streams that are connected to nothing: {s}.", .{ program.name, writer.buffered() });
}
