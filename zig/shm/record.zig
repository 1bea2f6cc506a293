//! Records: what a publication says. Written whole while free, shown by one store of their state, and read by a copy
//! that is checked before any of it is used.
const std = @import("std");
const layout = @import("layout.zig");
const report = @import("../abi/report.zig");
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
    words.loadFields(layout.Record, &copy, record, "stamp", "name");
    if (copy.segment >= segment.end(self)) return corrupt("segment", copy.segment);
    if (copy.rank > layout.rank_max) return corrupt("rank", copy.rank);
    if (copy.rank > 4) words.loadFields(layout.Record, &copy, record, "more_dimensions", "hash");
    if (copy.attributes_length > layout.attributes_max) return corrupt("attributes' length", copy.attributes_length);
    const size = @atomicLoad(u64, &self.control.segments[copy.segment].size, .monotonic);
    if (size == 0 or size > segment.size_max) return corrupt("size", size);
    words.loadBytes(attributes[0..@min(attributes.len, copy.attributes_length)], attributesOf(self, number));
    return .{
        .reference = .{ .slot = copy.segment, .generation = copy.generation, .size = size },
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
    record.segment = reference.slot;
    record.generation = reference.generation;
    record.name_length = key.length;
    record.element_type = metadata.element_type;
    record.rank = metadata.rank;
    record.attributes_length = @intCast(metadata.attributes.len);
    record.dimensions = metadata.dimensions[0..4].*;
    record.more_dimensions = metadata.dimensions[4..].*;
    record.name = key.bytes;
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
    if (slot >= segment.end(self)) return null;
    const names = &self.control.segments[slot].names;
    // Only the lock's holder changes it; `Context.commit` orders it before the look at the rows.
    names.store(names.load(.monotonic) -| 1, .monotonic);
    return slot;
}
