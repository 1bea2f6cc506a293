//! Publications: names that show a segment, with the metadata it was published with. Readers take no lock: a sequence
//! number tells them to look again.
const std = @import("std");
const builtin = @import("builtin");
const layout = @import("layout.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const Context = @import("context.zig").Context;
const index = @import("index.zig");
const record = @import("record.zig");
const segment = @import("segment.zig");
const words = @import("words.zig");

pub const Metadata = record.Metadata;
pub const Found = record.Found;

/// Tries without the lock before a reader takes it.
const tries = 8;

pub fn has(self: *Context, name: []const u8) !bool {
    const key: index.Key = .init(name);
    for (0..tries) |_| {
        const before = self.header().sequence.load(.acquire);
        if (before % 2 == 0) {
            const found = index.find(self.control, &key) != null;
            if (unchanged(self, before)) return found;
        }
        std.atomic.spinLoopHint();
    }
    try self.lock();
    defer self.unlock();
    return index.find(self.control, &key) != null;
}

/// Were the tables at rest since `before` was read? The reads before it stay before it.
fn unchanged(self: *Context, before: u32) bool {
    loadFence();
    return self.header().sequence.load(.seq_cst) == before;
}

/// Keeps loads in their order. x86 does so itself; an atomic addition of nothing would too, but takes the line away
/// from everybody else who polls.
inline fn loadFence() void {
    switch (builtin.cpu.arch) {
        .aarch64 => asm volatile ("dmb ishld" ::: .{ .memory = true }),
        .x86_64 => asm volatile ("" ::: .{ .memory = true }),
        else => @compileError("no load fence for this architecture"),
    }
}

/// A new reference to what `name` shows, and a copy of its metadata; attributes go to `attributes`.
pub fn get(self: *Context, name: []const u8, attributes: []align(8) u8) !Found {
    const key: index.Key = .init(name);
    for (0..tries) |_| {
        const before = self.header().sequence.load(.acquire);
        if (before % 2 == 0) {
            if (index.find(self.control, &key)) |place| {
                const version = record.versionOf(self, place.record);
                const copied = record.read(self, place.record, attributes);
                loadFence();
                if (version % 2 == 1 or record.versionOf(self, place.record) != version) {
                    std.atomic.spinLoopHint();
                    continue;
                }
                if (copied) |found| {
                    segment.hold(self, found.reference.slot);
                    switches.step("get_held");
                    // Sequentially consistent: pairs with `Context.begin`. Unchanged means that the name stood while
                    // our reference was already visible, so whoever drops the name later sees it.
                    if (unchanged(self, before)) {
                        switches.step("get_referenced");
                        return found;
                    }
                    try segment.drop(self, found.reference);
                } else |damage| {
                    // Or a record that was being changed while we read it.
                    if (unchanged(self, before)) return damage;
                }
            } else if (unchanged(self, before)) return unknown(name);
        }
        std.atomic.spinLoopHint();
    }
    try self.lock();
    defer self.unlock();
    const place = index.find(self.control, &key) orelse return unknown(name);
    const found = try record.read(self, place.record, attributes);
    segment.hold(self, found.reference.slot);
    return found;
}

fn unknown(name: []const u8) anyerror {
    return report.fail(error.not_found, "nothing is published as \"{s}\".", .{name});
}

/// Shows `reference` as `name` in the whole job.
pub fn publish(self: *Context, reference: segment.Reference, name: []const u8, metadata: Metadata, replace: bool) !void {
    var garbage: segment.Garbage = .{};
    defer garbage.empty();
    const key: index.Key = .init(name);
    try self.lock();
    defer self.unlock();
    switches.step("publish_locked");
    const entry = &self.control.segments[reference.slot];
    if (entry.state.load(.monotonic) == @intFromEnum(layout.Segment.State.freed) and !switches.off("freed_nameless"))
        return report.fail(error.freed, "the memory of \"{s}\" was freed.", .{name});
    if (switches.off("publish_again") and entry.state.load(.monotonic) == @intFromEnum(layout.Segment.State.shared)) return report.fail(error.exists, "the memory has a name.", .{});
    const existing = index.find(self.control, &key);
    if (existing != null and !replace and !switches.off("publish_exists")) return report.fail(error.exists, "\"{s}\" is published already.", .{name});
    if (existing) |place| if (record.isPlain(self, place.record, metadata)) {
        const old = record.replace(self, place.record, reference, metadata);
        return finish(self, reference, old, &garbage);
    };
    const number = try record.write(self, reference, &key, metadata);
    switches.step("publish_record");
    // One store shows the record, so readers may go on meanwhile: the sequence number changes after it, not before.
    record.use(self, number);
    switches.step("publish_used");
    if (existing) |place| {
        index.replace(self.control, place.position, number);
    } else if (!index.insert(self.control, key.hash, number)) {
        self.control.records[number].state.store(layout.Record.free, .release);
        self.commit();
        return record.corrupt("index", layout.index_max);
    }
    switches.step("publish_shown");
    if (existing == null) self.header().published +|= 1;
    finish(self, reference, if (existing) |place| record.hide(self, place.record) else null, &garbage);
}

/// The name shows the new memory: count it, tell the readers, and let go of what it showed before.
fn finish(self: *Context, reference: segment.Reference, previous: ?u32, garbage: *segment.Garbage) void {
    const entry = &self.control.segments[reference.slot];
    const shared = @intFromEnum(layout.Segment.State.shared);
    if (entry.state.load(.monotonic) != shared) entry.state.store(shared, .release);
    entry.names.store(entry.names.load(.monotonic) +| 1, .monotonic);
    switches.step("publish_counted");
    self.commit();
    switches.step("publish_committed");
    const total = &self.header().bytes_published;
    total.store(total.load(.monotonic) +% reference.size, .monotonic);
    const old = previous orelse return;
    if (switches.off("replace_keeps")) segment.delete(self, old, garbage) else segment.collect(self, old, garbage);
}

/// Hides every name of the memory in the whole job; references stay. The caller holds one.
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
    if (!switches.off("free_hides")) for (0..record.end(self.control)) |number| {
        if (entry.names.load(.monotonic) == 0) break;
        if (!shows(&self.control.records[number], reference)) continue;
        if (index.Key.of(&self.control.records[number])) |key| if (index.find(self.control, &key)) |place| {
            if (place.record == number) index.erase(self.control, place.position);
        };
        switches.step("free_erased");
        _ = record.hide(self, @intCast(number));
        self.header().published -|= 1;
        switches.step("free_hidden");
    };
    self.commit();
    switches.step("free_committed");
}

fn shows(one: *const layout.Record, reference: segment.Reference) bool {
    return one.state.load(.monotonic) == layout.Record.used and one.segment == reference.slot and one.generation == reference.generation;
}

/// Writes names from record `start` on, each with its length in two bytes before it, while they fit. Returns the
/// record to go on with, or null at the end.
pub fn list(self: *Context, start: u32, out: []u8, written: *usize) !?u32 {
    written.* = 0;
    try self.lock();
    defer self.unlock();
    var number = start;
    while (number < record.end(self.control)) : (number += 1) {
        const copy = words.load(layout.Record, &self.control.records[number]);
        if (copy.state.raw != layout.Record.used or copy.name_length > layout.name_max) continue;
        const length: usize = copy.name_length;
        if (written.* + 2 + length > out.len) return number;
        std.mem.writeInt(u16, out[written.*..][0..2], @intCast(length), .little);
        @memcpy(out[written.* + 2 ..][0..length], copy.name[0..length]);
        written.* += 2 + length;
    }
    return null;
}
