//! Models that lie in memory: what they look like to the engine.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const block = @import("../abi/block.zig");
const report = @import("../abi/report.zig");
const outline = @import("../engine/onnx/outline.zig");
const jobs = @import("graph_jobs.zig");
const memory = @import("memory.zig");
const path = @import("path.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;

/// Starts a job that loads a model and describes its inputs and outputs. The memory holds the model, `graph_size` bytes,
/// and then, as JSON of `weights_size` bytes (0: it has none), where its external weights lie: `[{ name, type, shape, memory: [slot,
/// generation], offset }]`. The engine's path is in `text`. Result of the job: the slot of new memory; results: its
/// generation, and the bytes of JSON in it: `{ inputs, outputs }`, each `[{ name, kind, type, shape }]`.
pub fn describe(t: *Thread, slot: u32, generation: u32, graph_size: f64, weights_size: f64, library_length: u32) !i32 {
    const pinned = try memory.pin(slot, generation);
    defer pinned.release();
    var library_path: [std.fs.max_path_bytes + 1]u8 = undefined;
    const library = try path.read(&library_path, try t.block.input(0, library_length));
    const graph_bytes = try block.toInteger(graph_size);
    const json_bytes = try block.toInteger(weights_size);
    if (json_bytes > outline.weights_json_max) return report.fail(error.too_large, "{d} bytes describe weights; at most {d} can.", .{ json_bytes, outline.weights_json_max });
    const bytes = pinned.ptr.slice();
    if (graph_bytes > bytes.len or json_bytes > bytes.len - graph_bytes)
        return report.fail(error.out_of_bounds, "{d} and {d} bytes reach beyond the memory of {d}.", .{ graph_bytes, json_bytes, bytes.len });
    const self = try prepare(library, pinned.ptr, bytes[0..@intCast(graph_bytes)], bytes[@intCast(graph_bytes)..][0..@intCast(json_bytes)]);
    const started = try jobs.start(t, self);
    t.block.results[0] = @floatFromInt(started.generation);
    return @intCast(started.slot);
}

fn prepare(library: []const u8, mapping: *Mapping, model: []const u8, weights: []const u8) !*jobs.Describe {
    const self = try jobs.Describe.create(library, model, mapping);
    errdefer self.destroy();
    if (weights.len > 0) for (try outline.readWeights(self.arena.allocator(), weights)) |weight| try self.add(weight);
    return self;
}
