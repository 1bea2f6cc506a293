//! Publications: names that show a segment, with the metadata it was published with. A record is written whole, then
//! one store in the index shows it; readers take no lock (a sequence number tells them to look again).
const std = @import("std");
const layout = @import("layout.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const Context = @import("context.zig").Context;
const segment = @import("segment.zig");

pub const Metadata = struct {
    element_type: u8,
    rank: u8,
    dimensions: [layout.rank_max]u64,
    attributes: []const u8,
};

const hash_seed = 0x6d696c6c;
/// Tries without the lock before a reader takes it.
const tries = 8;

fn hashOf(name: []const u8) u64 {
    return std.hash.Wyhash.hash(hash_seed, name);
}

/// Where `name` stands in the index, or null. Bounded, whatever shared memory holds.
fn find(self: *Context, name: []const u8, hash: u64) ?u32 {
    var position: u32 = @truncate(hash % layout.index_max);
    for (0..layout.index_max) |_| {
        // Acquire pairs with the release in `show`: the record behind it is whole.
        const value = self.control.index[position].load(.acquire);
        if (value == 0) return null;
        if (value <= layout.records_max) {
            const record = &self.control.records[value - 1];
            if (record.hash == hash and record.name_length == name.len and std.mem.eql(u8, record.name[0..name.len], name)) return position;
        }
        position = (position + 1) % layout.index_max;
    }
    return null;
}

pub fn has(self: *Context, name: []const u8) !bool {
    const hash = hashOf(name);
    for (0..tries) |_| {
        const before = self.header().sequence.load(.acquire);
        if (before % 2 == 0) {
            const found = find(self, name, hash) != null;
            if (self.header().sequence.load(.acquire) == before) return found;
        }
        std.atomic.spinLoopHint();
    }
    try self.lock();
    defer self.unlock();
    return find(self, name, hash) != null;
}

/// What a reader copies out before it trusts any of it.
pub const Found = struct {
    reference: segment.Reference,
    element_type: u8,
    rank: u8,
    dimensions: [layout.rank_max]u64,
    attributes_length: u32,
};

/// A new reference to what `name` shows, and a copy of its metadata; attributes go to `attributes`.
pub fn get(self: *Context, name: []const u8, attributes: []u8) !Found {
    const hash = hashOf(name);
    for (0..tries) |_| {
        const before = self.header().sequence.load(.acquire);
        if (before % 2 == 0) {
            const position = find(self, name, hash) orelse {
                if (self.header().sequence.load(.acquire) == before) return unknown(name);
                continue;
            };
            const found = try copy(self, position, attributes);
            _ = self.references()[found.reference.slot].fetchAdd(1, .seq_cst);
            // Sequentially consistent: pairs with `Context.begin`. Unchanged means that the name stood while our
            // reference was already visible, so whoever drops the name later sees it.
            if (self.header().sequence.load(.seq_cst) == before) {
                switches.step("get_referenced");
                return checked(self, found);
            }
            try segment.drop(self, found.reference);
        }
        std.atomic.spinLoopHint();
    }
    try self.lock();
    defer self.unlock();
    const position = find(self, name, hash) orelse return unknown(name);
    const found = try copy(self, position, attributes);
    _ = self.references()[found.reference.slot].fetchAdd(1, .seq_cst);
    return checked(self, found);
}

fn unknown(name: []const u8) anyerror {
    return report.fail(error.not_found, "nothing is published as \"{s}\".", .{name});
}

fn copy(self: *Context, position: u32, attributes: []u8) !Found {
    const value = self.control.index[position].load(.acquire);
    if (value == 0 or value > layout.records_max) return corrupt("index", value);
    const record = &self.control.records[value - 1];
    var found: Found = .{
        .reference = .{ .slot = record.segment, .generation = record.generation, .size = 0 },
        .element_type = record.element_type,
        .rank = record.rank,
        .dimensions = undefined,
        .attributes_length = record.attributes_length,
    };
    if (found.reference.slot >= layout.segments_max) return corrupt("segment", found.reference.slot);
    if (found.rank > layout.rank_max) return corrupt("rank", found.rank);
    if (found.attributes_length > layout.attributes_max) return corrupt("attributes' length", found.attributes_length);
    found.dimensions[0..4].* = record.dimensions;
    if (found.rank > 4) found.dimensions[4..].* = record.more_dimensions;
    found.reference.size = self.control.segments[found.reference.slot].size;
    const length = @min(attributes.len, found.attributes_length);
    @memcpy(attributes[0..length], self.control.attributes[value - 1][0..length]);
    return found;
}

/// The reference is held and the record was stable: the segment must be the one that the record means.
fn checked(self: *Context, found: Found) !Found {
    const entry = &self.control.segments[found.reference.slot];
    if (entry.generation.load(.acquire) == found.reference.generation) return found;
    _ = self.references()[found.reference.slot].fetchSub(1, .seq_cst);
    return corrupt("generation", entry.generation.load(.monotonic));
}

fn corrupt(what: []const u8, value: u64) anyerror {
    return report.fail(error.corrupt, "a publication's {s} is {d}.", .{ what, value });
}

/// Shows `reference` as `name` in the whole job.
pub fn publish(self: *Context, reference: segment.Reference, name: []const u8, metadata: Metadata, replace: bool) !void {
    const hash = hashOf(name);
    var garbage: segment.Garbage = .{};
    defer garbage.empty();
    try self.lock();
    defer self.unlock();
    switches.step("publish_locked");
    const entry = &self.control.segments[reference.slot];
    if (entry.state.load(.monotonic) == @intFromEnum(layout.Segment.State.freed))
        return report.fail(error.freed, "the memory of \"{s}\" was freed.", .{name});
    if (switches.off("publish_again") and entry.state.load(.monotonic) == @intFromEnum(layout.Segment.State.shared)) return report.fail(error.exists, "the memory has a name.", .{});
    const existing = find(self, name, hash);
    if (existing != null and !replace and !switches.off("publish_exists")) return report.fail(error.exists, "\"{s}\" is published already.", .{name});
    const record = try write(self, reference, name, hash, metadata);
    switches.step("publish_record");
    self.begin();
    switches.step("publish_begun");
    const old = show(self, existing, record, hash);
    switches.step("publish_shown");
    entry.state.store(@intFromEnum(layout.Segment.State.shared), .release);
    _ = entry.names.fetchAdd(1, .seq_cst);
    if (old) |previous| hide(self, previous) else self.header().published += 1;
    switches.step("publish_counted");
    self.commit();
    switches.step("publish_committed");
    _ = self.header().bytes_published.fetchAdd(reference.size, .monotonic);
    const previous = self.control.records[old orelse return].segment;
    if (switches.off("replace_keeps")) segment.delete(self, previous, &garbage) else segment.collect(self, previous, &garbage);
}

/// A record that the index does not show yet.
fn write(self: *Context, reference: segment.Reference, name: []const u8, hash: u64, metadata: Metadata) !u32 {
    const slot = try freeRecord(self);
    const record = &self.control.records[slot];
    if (metadata.attributes.len > 0) try self.reserve(&self.control.attributes[slot], layout.attributes_max);
    record.hash = hash;
    record.segment = reference.slot;
    record.generation = reference.generation;
    record.name_length = @intCast(name.len);
    record.element_type = metadata.element_type;
    record.rank = metadata.rank;
    record.attributes_length = @intCast(metadata.attributes.len);
    record.dimensions = metadata.dimensions[0..4].*;
    if (metadata.rank > 4) record.more_dimensions = metadata.dimensions[4..].*;
    @memcpy(record.name[0..name.len], name);
    @memcpy(self.control.attributes[slot][0..metadata.attributes.len], metadata.attributes);
    return slot;
}

fn freeRecord(self: *Context) !u32 {
    const used: u32 = @min(self.header().record_end, layout.records_max);
    for (0..used) |step| {
        const slot: u32 = @intCast((self.record_hint + step) % used);
        if (self.control.records[slot].state == layout.Record.free) {
            self.record_hint = slot;
            return slot;
        }
    }
    if (used == layout.records_max) return report.fail(error.table_full, "the context holds {d} publications, as many as it can.", .{used});
    try self.reserve(&self.control.records[used], @sizeOf(layout.Record));
    self.header().record_end = used + 1;
    return used;
}

/// The one store that makes the record visible. Returns the record that the name showed before.
fn show(self: *Context, existing: ?u32, record: u32, hash: u64) ?u32 {
    self.control.records[record].state = layout.Record.used;
    if (existing) |position| {
        const before = self.control.index[position].load(.monotonic);
        // Release pairs with the acquire in `find`.
        self.control.index[position].store(record + 1, .release);
        return before - 1;
    }
    var position: u32 = @truncate(hash % layout.index_max);
    while (self.control.index[position].load(.monotonic) != 0) position = (position + 1) % layout.index_max;
    self.control.index[position].store(record + 1, .release);
    return null;
}

/// A record that the index no longer shows.
fn hide(self: *Context, record: u32) void {
    const entry = &self.control.records[record];
    if (entry.segment < layout.segments_max) {
        const names = &self.control.segments[entry.segment].names;
        if (names.load(.monotonic) > 0) _ = names.fetchSub(1, .seq_cst);
    }
    entry.state = layout.Record.free;
    self.record_hint = record;
}

/// Hides every name of the memory in the whole job; references stay. Under no lock.
pub fn free(self: *Context, reference: segment.Reference) !void {
    try self.lock();
    defer self.unlock();
    switches.step("free_locked");
    const entry = &self.control.segments[reference.slot];
    if (entry.generation.load(.monotonic) != reference.generation) return;
    if (switches.off("free_by_getter") and entry.creator != self.slot) return;
    self.begin();
    entry.state.store(@intFromEnum(layout.Segment.State.freed), .release);
    switches.step("free_marked");
    if (!switches.off("free_hides")) for (0..@min(self.header().record_end, layout.records_max)) |slot| {
        if (entry.names.load(.monotonic) == 0) break;
        const record = &self.control.records[slot];
        if (record.state != layout.Record.used or record.segment != reference.slot or record.generation != reference.generation) continue;
        if (find(self, record.name[0..@min(record.name_length, layout.name_max)], record.hash)) |position| {
            if (self.control.index[position].load(.monotonic) == slot + 1) erase(self, position);
        }
        hide(self, @intCast(slot));
        self.header().published -|= 1;
        switches.step("free_hidden");
    };
    self.commit();
    switches.step("free_committed");
}

/// Closes the gap by moving later entries of the probe sequence back (Knuth 6.4, algorithm R). Copies first, so an
/// entry is never missing if the process dies on the way.
fn erase(self: *Context, start: u32) void {
    var gap = start;
    var position = start;
    for (0..layout.index_max) |_| {
        position = (position + 1) % layout.index_max;
        const value = self.control.index[position].load(.monotonic);
        if (value == 0 or value > layout.records_max) break;
        const home: u32 = @truncate(self.control.records[value - 1].hash % layout.index_max);
        // May the entry stand at the gap? Only if its home is not between the gap and where it stands.
        const from_home = (position + layout.index_max - home) % layout.index_max;
        const from_gap = (position + layout.index_max - gap) % layout.index_max;
        if (from_home >= from_gap) {
            self.control.index[gap].store(value, .release);
            gap = position;
        }
    }
    self.control.index[gap].store(0, .release);
}

/// Puts the records in `kept` into a fresh index; frees all others. For `repair`, inside a change.
pub fn rebuild(self: *Context, kept: *const std.StaticBitSet(layout.records_max)) void {
    for (&self.control.index) |*entry| entry.store(0, .monotonic);
    self.header().published = 0;
    for (0..@min(self.header().record_end, layout.records_max)) |slot| {
        const record = &self.control.records[slot];
        if (!kept.isSet(slot)) {
            record.state = layout.Record.free;
            continue;
        }
        _ = show(self, null, @intCast(slot), record.hash);
        _ = self.control.segments[record.segment].names.fetchAdd(1, .seq_cst);
        self.header().published += 1;
    }
}

/// Writes names from record `start` on, each with its length in two bytes before it, while they fit. Returns the
/// record to go on with, or null at the end.
pub fn list(self: *Context, start: u32, out: []u8, written: *usize) !?u32 {
    written.* = 0;
    try self.lock();
    defer self.unlock();
    const used: u32 = @min(self.header().record_end, layout.records_max);
    var slot = start;
    while (slot < used) : (slot += 1) {
        const record = &self.control.records[slot];
        if (record.state != layout.Record.used or record.name_length > layout.name_max) continue;
        const length: usize = record.name_length;
        if (written.* + 2 + length > out.len) return slot;
        std.mem.writeInt(u16, out[written.*..][0..2], @intCast(length), .little);
        @memcpy(out[written.* + 2 ..][0..length], record.name[0..length]);
        written.* += 2 + length;
    }
    return null;
}
