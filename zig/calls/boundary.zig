//! The thread's own calls: finished jobs, waking, leak counters.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const job = @import("../abi/job.zig");
const mapping = @import("../shm/mapping.zig");

/// A Worker that is terminated while it waits ends with the slice.
const wait_ms_max = 100;

/// How many native objects are open in the process; results: live mappings, their bytes.
pub fn live(t: *Thread) !i32 {
    t.block.results[0] = @floatFromInt(mapping.liveMappings());
    t.block.results[1] = @floatFromInt(mapping.liveBytes());
    return @intCast(handle.liveCount());
}

/// Closes what this thread left open: a hot reload starts clean.
pub fn reset(t: *Thread) !i32 {
    handle.closeOwnedBy(t.id);
    return 0;
}

/// Fills `completions`; returns how many.
pub fn completions(t: *Thread) !i32 {
    return @intCast(t.takeCompletions());
}

/// The result of an ended job, as its blocking twin returns it.
pub fn finish(t: *Thread, slot: u32, generation: u32) !i32 {
    return job.finish(t, slot, generation);
}

/// Sleeps until the job has ended, for `ms` at most. 1: it has.
pub fn wait(t: *Thread, slot: u32, generation: u32, ms: u32) !i32 {
    return @intFromBool(try job.wait(t, slot, generation, @as(u64, @min(ms, wait_ms_max)) * std.time.ns_per_ms));
}

/// Drops a job whose result nobody wants any more.
pub fn abandon(_: *Thread, slot: u32, generation: u32) !i32 {
    try handle.close(.job, slot, generation);
    return 0;
}

/// Opens the listening end of the wake socket; its name is left in `text`.
pub fn wakeListen(t: *Thread) !i32 {
    return @intCast(try t.wake.listen(&t.block.text));
}

/// 1 when JavaScript's connection was taken, 0 when it is not there yet.
pub fn wakeAccept(t: *Thread) !i32 {
    return @intFromBool(try t.wake.accept());
}

/// JavaScript is about to sleep. 1: something has finished already, do not.
pub fn wakeArm(t: *Thread) !i32 {
    t.wake.arm();
    if (t.hasCompletions()) {
        t.wake.disarm();
        return 1;
    }
    t.giveWay();
    return 0;
}

pub fn wakeDisarm(t: *Thread) !i32 {
    t.wake.disarm();
    return 0;
}
