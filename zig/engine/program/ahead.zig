//! Prefetching: at a sync, and whenever an element was consumed, the program is walked ahead from where it is, and the
//! host is asked for the elements that it will need. Elements of a stream are asked for in order; one that the host does
//! not have yet is fetched when the program comes to it.
const std = @import("std");
const plans = @import("plan.zig");
const Cursor = @import("cursor.zig").Cursor;
const Endpoint = @import("endpoint.zig").Endpoint;
const Engine = @import("engine.zig").Engine;

/// Steps that one walk takes at most; the next walk begins further on.
const steps_max = 256;

/// `place` is where the program is.
pub fn prepare(engine: *Engine, place: Cursor) !void {
    const look_ahead = engine.options.look_ahead;
    if (look_ahead == 0) return;
    var wanted = wantedOf(engine);
    if (wanted == 0) return;
    engine.walk += 1;
    var cursor = place;
    var syncs: u64 = 0;
    for (0..steps_max) |_| {
        const step = cursor.next() orelse return;
        switch (step.*) {
            .sync => {
                syncs += 1;
                if (syncs > look_ahead) return;
            },
            .to_tensor => |stream| if (engine.lanes[stream].ahead) {
                wanted -= try offer(engine, stream, syncs > 0);
                if (wanted == 0) return;
            },
            else => {},
        }
    }
}

/// Endpoints of the running program that could take an element more.
fn wantedOf(engine: *Engine) usize {
    var wanted: usize = 0;
    for (engine.ahead_streams) |stream| {
        const depth = engine.plan.streams[stream].depth;
        for (engine.endpointsOf(stream)) |*endpoint| wanted += @intFromBool(takesMore(endpoint, depth));
    }
    return wanted;
}

fn takesMore(endpoint: *const Endpoint, depth: u32) bool {
    return endpoint.offersAhead() and !endpoint.refused and endpoint.buffered < depth;
}

/// Comes to one use of a stream. Gives how many endpoints take no more since.
fn offer(engine: *Engine, stream: u32, early: bool) !usize {
    const lane = &engine.lanes[stream];
    if (lane.walk != engine.walk) {
        lane.walk = engine.walk;
        lane.uses = 0;
    }
    lane.uses += 1;
    // Elements of the sync under way are needed now, which is not ahead.
    if (!early) return 0;
    const depth = engine.plan.streams[stream].depth;
    var done: usize = 0;
    for (engine.endpointsOf(stream)) |*endpoint| {
        if (!takesMore(endpoint, depth) or endpoint.buffered + 1 != lane.uses) continue;
        const slot = (endpoint.head + endpoint.buffered) % depth;
        const buffer = engine.memory.prefetched(stream, endpoint.replica, slot);
        endpoint.refused = !try engine.host.prefetch(endpoint, buffer, engine.plan.streams[stream].handle);
        if (!takesMore(endpoint, depth)) done += 1;
    }
    return done;
}
