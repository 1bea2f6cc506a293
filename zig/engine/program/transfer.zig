//! What goes between the device's tensors and the host: streams, and remote buffers.
const plans = @import("plan.zig");
const Engine = @import("engine.zig").Engine;

pub fn toTensor(engine: *Engine, stream: u32) !void {
    const described = &engine.plan.streams[stream];
    for (engine.endpointsOf(stream)) |*endpoint| {
        const tensor = engine.memory.tensor(described.tensor, endpoint.replica);
        switch (endpoint.connection) {
            .memory => |*memory| memory.read(tensor),
            .callbacks => |connected| if (endpoint.buffered > 0) {
                @memcpy(tensor, engine.memory.prefetched(stream, endpoint.replica, endpoint.head));
                connected.calls.complete(connected.context);
                endpoint.head = (endpoint.head + 1) % described.depth;
                endpoint.buffered -= 1;
            } else {
                endpoint.refused = false;
                try engine.host.fetch(endpoint, tensor, described.handle);
            },
            .none => unreachable,
        }
    }
    written(engine, described.tensor);
}

pub fn toStream(engine: *Engine, stream: u32) !void {
    const described = &engine.plan.streams[stream];
    for (engine.endpointsOf(stream)) |*endpoint| {
        const tensor = engine.memory.tensor(described.tensor, endpoint.replica);
        switch (endpoint.connection) {
            .memory => |*memory| memory.write(tensor),
            .callbacks => try engine.host.fetch(endpoint, tensor, described.handle),
            .none => unreachable,
        }
    }
}

fn written(engine: *Engine, tensor: u32) void {
    if (!engine.plan.tensors[tensor].weight) return;
    if (engine.graph) |*graph| graph.forget();
}

pub fn fromRemote(engine: *Engine, remote: plans.Step.Remote) void {
    for (0..engine.plan.copiesOf(remote.tensor)) |replica| {
        @memcpy(engine.memory.tensor(remote.tensor, @intCast(replica)), engine.memory.block(remote.buffer, @intCast(replica), 0));
    }
    written(engine, remote.tensor);
}

pub fn toRemote(engine: *Engine, remote: plans.Step.Remote) void {
    const weight = engine.plan.tensors[remote.tensor].weight;
    for (0..engine.plan.replicas) |replica| {
        const copy: u32 = if (weight) 0 else @intCast(replica);
        @memcpy(engine.memory.block(remote.buffer, @intCast(replica), 0), engine.memory.tensor(remote.tensor, copy));
    }
}
