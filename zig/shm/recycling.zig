//! Memory that nobody holds any more stays with the process that made it, up to a limit of its own: the first touch of
//! fresh memory costs five times the copy. Only its maker uses it again, and only within the job.
const std = @import("std");
const layout = @import("layout.zig");
const file = @import("../os/file.zig");
const switches = @import("../os/switches.zig");
const Context = @import("context.zig").Context;
const Mapping = @import("mapping.zig").Mapping;
const process = @import("process.zig");
const segment = @import("segment.zig");

const State = layout.Segment.State;

/// Memory that was kept, as new. At most a quarter may go unused.
pub fn take(self: *Context, options: segment.Options) !?segment.Reference {
    while (try choose(self, options.size)) |chosen| {
        defer chosen.mapping.release();
        switches.step("recycle_taken");
        renew(self, chosen) catch {
            // Its file is gone or cannot be written: it is no use to anyone.
            try discard(self, chosen.taken.reference);
            continue;
        };
        if (!options.uninitialized and !switches.off("zero_fill")) @memset(chosen.mapping.address[0..options.size], 0);
        return chosen.taken.reference;
    }
    return null;
}

/// The mapping is what this process knows of the memory; its length is trusted, that in the table is not.
const Chosen = struct { taken: segment.Taken, mapping: *Mapping };

fn choose(self: *Context, size: u64) !?Chosen {
    const own = &self.control.processes[self.slot];
    if (@atomicLoad(u32, &own.recycled_count, .monotonic) == 0) return null;
    try self.lock();
    defer self.unlock();
    for (self.control.segments[0..segment.end(self)], 0..) |*entry, index| {
        if (entry.state.load(.monotonic) != @intFromEnum(State.recyclable)) continue;
        if (entry.creator != self.slot or entry.creator_file != self.process_file) continue;
        const slot: u32 = @intCast(index);
        const mapping = segment.localMapping(self, slot, entry.file) orelse continue;
        const capacity = mapping.length;
        if (capacity < size or capacity - size > capacity / 4 + layout.page) {
            mapping.release();
            continue;
        }
        uncount(own, entry.capacity);
        @atomicStore(u64, &entry.size, size, .monotonic);
        entry.names.store(0, .monotonic);
        const generation = entry.generation.fetchAdd(1, .monotonic) +% 1;
        segment.hold(self, slot);
        entry.state.store(@intFromEnum(State.private), .release);
        return .{ .taken = .{ .reference = .{ .slot = slot, .generation = generation, .size = size }, .file = entry.file }, .mapping = mapping };
    }
    return null;
}

fn renew(self: *Context, chosen: Chosen) !void {
    const fd = try segment.openFile(self, chosen.taken.file, .RDWR);
    defer file.close(fd);
    try segment.writeHeader(self, fd, chosen.taken, chosen.mapping.length);
}

fn discard(self: *Context, reference: segment.Reference) !void {
    var garbage: segment.Garbage = .{};
    defer garbage.empty();
    try self.lock();
    defer self.unlock();
    _ = segment.unhold(self, reference.slot);
    segment.delete(self, reference.slot, &garbage);
}

/// Keeps the segment for its creator if that lives and has room. Under the lock.
pub fn keep(self: *Context, entry: *layout.Segment) bool {
    if (entry.creator >= process.entering or switches.off("recycle")) return false;
    if (entry.generation.load(.monotonic) == std.math.maxInt(u32)) return false;
    const creator = &self.control.processes[entry.creator];
    if (creator.state.load(.monotonic) != layout.Process.live or creator.file != entry.creator_file) return false;
    if (creator.recycled_bytes +| entry.capacity > creator.recycle_limit) return false;
    creator.recycled_bytes +|= entry.capacity;
    @atomicStore(u32, &creator.recycled_count, creator.recycled_count +| 1, .monotonic);
    entry.state.store(@intFromEnum(State.recyclable), .release);
    switches.step("collect_recycled");
    return true;
}

/// Deletes what the processes of the job keep and what the dead held; false when there is nothing.
pub fn purge(self: *Context) !bool {
    var garbage: segment.Garbage = .{};
    // The caller needs the room now.
    defer garbage.emptyHere();
    try self.lock();
    defer self.unlock();
    for (self.control.segments[0..segment.end(self)], 0..) |*entry, index| {
        if (entry.state.load(.monotonic) != @intFromEnum(State.recyclable)) continue;
        if (entry.creator < process.entering) uncount(&self.control.processes[entry.creator], entry.capacity);
        segment.delete(self, @intCast(index), &garbage);
    }
    process.reapDead(self, &garbage);
    return garbage.count > 0;
}

fn uncount(creator: *layout.Process, capacity: u64) void {
    creator.recycled_bytes -|= capacity;
    @atomicStore(u32, &creator.recycled_count, creator.recycled_count -| 1, .monotonic);
}
