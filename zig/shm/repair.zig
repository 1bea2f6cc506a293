//! What happens when the holder of the lock is proved dead. The rule: an index entry decides. Records that it shows,
//! whole and of a live segment, are kept; everything else of the publications is derived from them again: probe
//! sequences, free records, how many names a segment has. Then the dead are reaped as usual.
const std = @import("std");
const layout = @import("layout.zig");
const Context = @import("context.zig").Context;
const process = @import("process.zig");
const publication = @import("publication.zig");
const segment = @import("segment.zig");

/// Under the lock.
pub fn run(self: *Context) void {
    const sequence = &self.header().sequence;
    if (sequence.load(.monotonic) % 2 == 0) self.begin();
    var kept: std.StaticBitSet(layout.records_max) = .empty;
    for (&self.control.index) |*entry| {
        const value = entry.load(.acquire);
        if (value == 0 or value > layout.records_max or value > self.header().record_end) continue;
        if (sound(self, &self.control.records[value - 1])) kept.set(value - 1);
    }
    for (0..segment.end(self)) |slot| self.control.segments[slot].names.store(0, .seq_cst);
    publication.rebuild(self, &kept);
    recount(self);
    self.commit();
    var garbage: segment.Garbage = .{};
    process.reapDead(self, &garbage);
    for (0..segment.end(self)) |slot| segment.collect(self, @intCast(slot), &garbage);
    garbage.empty();
}

/// A freed segment's names are gone, even if the one who freed it died before hiding them all.
fn sound(self: *Context, record: *const layout.Record) bool {
    if (record.segment >= segment.end(self) or record.rank > layout.rank_max or record.name_length > layout.name_max) return false;
    const entry = &self.control.segments[record.segment];
    if (entry.generation.load(.monotonic) != record.generation) return false;
    return switch (@as(layout.Segment.State, @enumFromInt(entry.state.load(.monotonic)))) {
        .shared => true,
        // Shown, and the publisher died before it said so.
        .private => {
            entry.state.store(@intFromEnum(layout.Segment.State.shared), .release);
            return true;
        },
        else => false,
    };
}

fn recount(self: *Context) void {
    for (&self.control.processes) |*entry| {
        entry.recycled_bytes = 0;
        entry.recycled_count = 0;
    }
    for (0..segment.end(self)) |slot| {
        const entry = &self.control.segments[slot];
        if (entry.state.load(.monotonic) != @intFromEnum(layout.Segment.State.recyclable)) continue;
        if (entry.creator >= layout.processes_max) continue;
        const creator = &self.control.processes[entry.creator];
        creator.recycled_bytes +|= entry.capacity;
        creator.recycled_count += 1;
    }
}
