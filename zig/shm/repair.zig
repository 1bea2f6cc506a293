//! What happens when the holder of the lock is proved dead. The rule: a record decides. Records that are used, whole and
//! of a live segment are kept, of two with one name the later; everything else about publications is derived from them
//! again: the index, how many names a segment has. Then the dead are reaped as usual. A repair that is cut short is
//! begun anew by the next holder and comes to the same end.
const std = @import("std");
const layout = @import("layout.zig");
const switches = @import("../os/switches.zig");
const Context = @import("context.zig").Context;
const index = @import("index.zig");
const process = @import("process.zig");
const record = @import("record.zig");
const segment = @import("segment.zig");
const sweep = @import("sweep.zig");

/// Under the lock.
pub fn run(self: *Context) void {
    if (self.header().sequence.load(.monotonic) % 2 == 0) self.begin();
    record.undo(self);
    for (self.control.segments[0..segment.end(self)]) |*entry| entry.names.store(0, .seq_cst);
    index.clear(self.control);
    switches.step("repair_cleared");
    self.header().published = 0;
    for (0..record.end(self.control)) |number| restore(self, @intCast(number));
    switches.step("repair_shown");
    recount(self);
    self.commit();
    var garbage: segment.Garbage = .{};
    process.reapDead(self, &garbage);
    for (0..segment.end(self)) |slot| segment.collect(self, @intCast(slot), &garbage);
    sweep.run(self);
    garbage.empty();
}

pub fn restore(self: *Context, number: u32) void {
    const one = &self.control.records[number];
    record.settle(self, number);
    if (one.state.load(.acquire) != layout.Record.used) return;
    const key = index.Key.of(one);
    if (key == null or key.?.hash != one.hash or !sound(self, one)) return one.state.store(layout.Record.free, .release);
    if (index.find(self.control, &key.?)) |place| {
        const other = &self.control.records[place.record];
        if (other.stamp > one.stamp) return one.state.store(layout.Record.free, .release);
        index.replace(self.control, place.position, number);
        _ = record.hide(self, place.record);
    } else {
        if (!index.insert(self.control, key.?.hash, number)) return one.state.store(layout.Record.free, .release);
        self.header().published +|= 1;
    }
    _ = self.control.segments[one.segment].names.fetchAdd(1, .seq_cst);
}

/// A freed segment's names are gone, even if the one who freed it died before hiding them all.
fn sound(self: *Context, one: *const layout.Record) bool {
    if (one.segment >= segment.end(self) or one.rank > layout.rank_max or one.attributes_length > layout.attributes_max) return false;
    const entry = &self.control.segments[one.segment];
    if (entry.generation.load(.monotonic) != one.generation) return false;
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
    for (self.control.segments[0..segment.end(self)]) |*entry| {
        if (entry.state.load(.monotonic) != @intFromEnum(layout.Segment.State.recyclable)) continue;
        if (entry.creator >= layout.processes_max) continue;
        const creator = &self.control.processes[entry.creator];
        creator.recycled_bytes +|= entry.capacity;
        creator.recycled_count +|= 1;
    }
}
