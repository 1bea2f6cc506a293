//! How a model is to be loaded, as JavaScript leaves it in the block's values.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const report = @import("../abi/report.zig");
const models = @import("../replica/model.zig");
const forever = @import("../replica/plan.zig").forever;

const threads_limit = 1024;
const replicas_limit = 256;
const rows_limit = 1 << 16;
const traces_limit = 1 << 20;

/// Values: threads of a run (0: one fewer than there are cores, shared by the replicas), replicas, batching axis + 1 (0: none),
/// rows of a merged batch at most, nanoseconds that a compiled batch waits (-1: for ever), 1 to ask for rows when they are over,
/// traces kept (0: all), 1 if other threads may attach, 1 if requests have whole compiled batches, nanoseconds that a device
/// under way waits for the first rows of a batch (-1: for ever), 1 if it gets zeros only while a request waits, 1 if programs end by
/// themselves when the model is closed; from 16 on, numbers kept for `notes`.
pub fn read(t: *Thread, library_path: [:0]const u8, model_path: [:0]const u8) !models.Settings {
    const threads = try limited(t, 0, 0, threads_limit, "threads");
    const replicas = try limited(t, 1, 1, replicas_limit, "replicas");
    const batching = try t.block.value(2);
    const rows = try limited(t, 3, 1, rows_limit, "rows of a batch");
    const traces = try limited(t, 6, 0, traces_limit, "traces");
    const cores = std.Thread.getCpuCount() catch 1;
    return .{
        .library_path = library_path,
        .model_path = model_path,
        .options = .{ .intra_op_threads = if (threads > 0) threads else @intCast(@max(1, (cores -| 1) / replicas)) },
        .replicas = replicas,
        .batching = if (batching == 0) null else @intCast(batching - 1),
        .whole_batches = t.block.values[8] == 1,
        .rules = .{
            .rows_max = rows,
            .wait_ns = try duration(t, 4),
            .ask = t.block.values[5] == 1,
            .idle_ns = try duration(t, 9),
            .only_awaited = t.block.values[10] == 1,
            .ends = t.block.values[11] == 1,
        },
        .traces_max = traces,
        .shared = t.block.values[7] == 1,
        .notes = t.block.values[16..][0..models.notes_max].*,
    };
}

fn duration(t: *Thread, index: usize) !u64 {
    return if (t.block.values[index] == -1) forever else t.block.value(index);
}

fn limited(t: *Thread, index: usize, least: u32, most: u32, what: []const u8) !u32 {
    const number = try t.block.value(index);
    if (number < least or number > most) return report.fail(error.invalid_argument, "{d} {s}: {d} to {d} are possible.", .{ number, what, least, most });
    return @intCast(number);
}
