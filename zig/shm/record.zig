//! Records: what a publication says. Written whole while free, shown by one store of their state, and read by a copy
//! that is checked before any of it is used.
const std = @import("std");
const layout = @import("layout.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const words = @import("words.zig");
const Context = @import("context.zig").Context;
const Key = @import("index.zig").Key;
const segment = @import("segment.zig");

pub const Metadata = struct {
    element_type: u8,
    rank: u8,
    dimensions: [layout.rank_max]u64,
    attributes: []const u8,
};

/// What a reader copied out.
pub const Found = struct {
    reference: segment.Reference,
    element_type: u8,
    rank: u8,
    dimensions: [layout.rank_max]u64,
    attributes_length: u32,
};

pub fn end(control: *const layout.Control) u32 {
    return @min(@atomicLoad(u32, &control.header.record_end, .monotonic), layout.records_max);
}

/// Attributes go to `attributes`. Whoever reads without the lock takes an error for damage only when the sequence
/// number has not changed.
pub fn read(self: *Context, number: u32, attributes: []align(8) u8) !Found {
    const record = &self.control.records[number];
    var copy: layout.Record = undefined;
    words.loadFields(layout.Record, &copy, record, "size", "name");
    if (copy.segment >= segment.end(self)) return corrupt("segment", copy.segment);
    if (copy.rank > layout.rank_max) return corrupt("rank", copy.rank);
    if (copy.rank > 4) words.loadFields(layout.Record, &copy, record, "more_dimensions", "hash");
    if (copy.attributes_length > layout.attributes_max) return corrupt("attributes' length", copy.attributes_length);
    if (copy.size == 0 or copy.size > segment.size_max) return corrupt("size", copy.size);
    words.loadBytes(attributes[0..@min(attributes.len, copy.attributes_length)], attributesOf(self, number));
    return .{
        .reference = .{ .slot = copy.segment, .generation = copy.generation, .size = copy.size },
        .element_type = copy.element_type,
        .rank = copy.rank,
        .dimensions = copy.dimensions ++ copy.more_dimensions,
        .attributes_length = copy.attributes_length,
    };
}

fn attributesOf(self: *Context, number: u32) [*]align(8) u8 {
    return @alignCast(self.control.attributes[number][0..].ptr);
}

pub fn corrupt(what: []const u8, value: u64) anyerror {
    return report.fail(error.corrupt, "a publication's {s} is {d}.", .{ what, value });
}

/// Is the head being rewritten? Then what was copied since may be torn, though the sequence number has not changed yet.
pub fn versionOf(self: *Context, number: u32) u32 {
    // Acquire pairs with the releases in `rewrite`.
    return self.control.records[number].version.load(.acquire);
}

/// Can another tensor be shown by changing the head alone? So one line changes hands for most of them.
pub fn isPlain(self: *Context, number: u32, metadata: Metadata) bool {
    const record = &self.control.records[number];
    return metadata.attributes.len == 0 and metadata.rank <= 4 and record.attributes_length == 0 and record.rank <= 4;
}

/// Shows another segment under the record's name, in place. Under the lock. Returns the segment shown before.
pub fn replace(self: *Context, number: u32, reference: segment.Reference, metadata: Metadata) ?u32 {
    const header = self.header();
    const record = &self.control.records[number];
    var next: layout.Record = undefined;
    words.loadFields(layout.Record, &next, record, "size", "name");
    const before = next.segment;
    for (&header.undo, headOf(&next)) |*to, from| @atomicStore(u64, to, from, .monotonic);
    // Release: who repairs finds the copy whole.
    header.undo_record.store(number + 1, .release);
    switches.step("publish_saved");
    next.size = reference.size;
    next.segment = reference.slot;
    next.generation = reference.generation;
    next.element_type = metadata.element_type;
    next.rank = metadata.rank;
    next.dimensions = metadata.dimensions[0..4].*;
    rewrite(record, headOf(&next));
    switches.step("publish_rewritten");
    // From here on repair keeps it. Only then may readers see it: what one of them got is never taken back.
    header.undo_record.store(0, .release);
    switches.step("publish_decided");
    settle(self, number);
    return hideSegment(self, before);
}

/// What the dead did not finish is taken back. Under the lock, before anything reads records.
pub fn undo(self: *Context) void {
    const header = self.header();
    const number = header.undo_record.load(.acquire) -% 1;
    if (number < end(self.control)) rewrite(&self.control.records[number], &header.undo);
    header.undo_record.store(0, .release);
}

/// Readers may look at the head again.
pub fn settle(self: *Context, number: u32) void {
    const version = &self.control.records[number].version;
    const now = version.load(.monotonic);
    if (now % 2 == 1) version.store(now +% 1, .release);
}

const state_word = @offsetOf(layout.Record, "state") / 8;

fn headOf(record: *layout.Record) *[8]u64 {
    return @ptrCast(record);
}

/// Leaves the version odd: readers that meet it half-way see that or another one. Pairs with `settle`.
fn rewrite(record: *layout.Record, head: *const [8]u64) void {
    record.version.store(record.version.load(.monotonic) | 1, .monotonic);
    for (headOf(record), head, 0..) |*to, from, index| {
        if (index == state_word) continue;
        // Release, each: none becomes visible before the odd version.
        @atomicStore(u64, to, from, .release);
        if (index == 0) switches.step("publish_torn");
    }
}

/// A record that nothing shows yet. Under the lock.
pub fn write(self: *Context, reference: segment.Reference, key: *const Key, metadata: Metadata) !u32 {
    const number = try freeNumber(self);
    if (metadata.attributes.len > 0) {
        try self.reserve(&self.control.attributes[number], layout.attributes_max);
        words.storeBytes(attributesOf(self, number), metadata.attributes);
    }
    const header = self.header();
    const stamp = header.next_stamp;
    header.next_stamp +%= 1;
    var record = std.mem.zeroes(layout.Record);
    record.hash = key.hash;
    record.size = reference.size;
    record.segment = reference.slot;
    record.generation = reference.generation;
    record.name_length = key.length;
    record.element_type = metadata.element_type;
    record.rank = metadata.rank;
    record.attributes_length = @intCast(metadata.attributes.len);
    record.dimensions = metadata.dimensions[0..4].*;
    record.more_dimensions = metadata.dimensions[4..].*;
    @memcpy(record.name[0..key.length], key.bytes[0..key.length]);
    record.stamp = stamp;
    words.store(layout.Record, &self.control.records[number], &record);
    return number;
}

fn freeNumber(self: *Context) !u32 {
    const used = end(self.control);
    for (0..used) |step| {
        const number: u32 = @intCast((self.record_hint + step) % used);
        if (self.control.records[number].state.load(.monotonic) == layout.Record.free) {
            self.record_hint = number;
            return number;
        }
    }
    if (used == layout.records_max) return report.fail(error.table_full, "the context holds {d} publications, as many as it can.", .{used});
    try self.reserve(&self.control.records[used], @sizeOf(layout.Record));
    @atomicStore(u32, &self.header().record_end, used + 1, .monotonic);
    return used;
}

/// From here on the publication exists, though its writer may die before the index shows it.
pub fn use(self: *Context, number: u32) void {
    // Release: the words of the record come first.
    self.control.records[number].state.store(layout.Record.used, .release);
}

/// A record that the index no longer shows. Returns the segment that it showed, if that can be one.
pub fn hide(self: *Context, number: u32) ?u32 {
    const record = &self.control.records[number];
    const slot = @atomicLoad(u32, &record.segment, .monotonic);
    record.state.store(layout.Record.free, .release);
    self.record_hint = number;
    return hideSegment(self, slot);
}

/// One name fewer. Returns the segment if it can be one.
fn hideSegment(self: *Context, slot: u32) ?u32 {
    if (slot >= segment.end(self)) return null;
    const names = &self.control.segments[slot].names;
    // Only the lock's holder changes it; `Context.commit` orders it before the look at the rows.
    names.store(names.load(.monotonic) -| 1, .monotonic);
    return slot;
}
