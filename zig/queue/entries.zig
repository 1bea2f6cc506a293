//! The entries of one queue: a ring of places in memory that together are one stream of bytes. The device reads the
//! stream batch by batch, ahead of what it has consumed by as many batches as it prefetches. Not thread-safe: its owner
//! has a lock.
const std = @import("std");
const Mapping = @import("../shm/mapping.zig").Mapping;

pub const Wants = packed struct(u8) { start: bool = false, complete: bool = false, _: u6 = 0 };

pub const Entry = struct {
    /// Keeps the memory alive; null: no memory, which reads as zeros and swallows what is written.
    mapping: ?*Mapping = null,
    address: [*]u8 = undefined,
    size: usize = 0,
    /// Where it begins in the stream.
    begin: u64 = 0,
    wants: Wants = .{},
    /// Announced, and not yet taken by JavaScript: the place stays in use.
    start_announced: bool = false,
    complete_announced: bool = false,

    pub fn bytes(self: *const Entry) ?[]u8 {
        return if (self.mapping == null) null else self.address[0..self.size];
    }

    fn end(self: *const Entry) u64 {
        return self.begin + self.size;
    }

    fn free(self: *Entry) void {
        if (self.mapping) |mapping| mapping.release();
        self.mapping = null;
    }
};

pub const Entries = struct {
    slots: []Entry,
    // Entries, numbered from 0. freed <= completed <= at <= written.
    written: u64 = 0,
    /// The one that the next byte comes from.
    at: u64 = 0,
    completed: u64 = 0,
    freed: u64 = 0,
    // Bytes of the stream. consumed <= taken <= written_bytes.
    written_bytes: u64 = 0,
    taken: u64 = 0,
    consumed: u64 = 0,

    pub fn create(allocator: std.mem.Allocator, count: usize) !Entries {
        const slots = try allocator.alloc(Entry, count);
        @memset(slots, .{});
        return .{ .slots = slots };
    }

    pub fn destroy(self: *Entries, allocator: std.mem.Allocator) void {
        self.clear();
        allocator.free(self.slots);
    }

    pub fn entry(self: *Entries, number: u64) *Entry {
        return &self.slots[@intCast(number % self.slots.len)];
    }

    pub fn hasRoom(self: *Entries) bool {
        while (self.freed < self.completed) : (self.freed += 1) {
            const oldest = self.entry(self.freed);
            if (oldest.start_announced or oldest.complete_announced) break;
        }
        return self.written - self.freed < self.slots.len;
    }

    /// Takes the reference to the mapping over; there must be room.
    pub fn write(self: *Entries, mapping: ?*Mapping, memory: []u8, wants: Wants) void {
        std.debug.assert(self.written - self.freed < self.slots.len and memory.len > 0);
        self.entry(self.written).* = .{
            .mapping = mapping,
            .address = memory.ptr,
            .size = memory.len,
            .begin = self.written_bytes,
            .wants = wants,
        };
        self.written += 1;
        self.written_bytes += memory.len;
    }

    /// An entry without memory.
    pub fn writeNothing(self: *Entries, size: usize) void {
        self.write(null, @as([*]u8, undefined)[0..size], .{});
    }

    /// The entry that the next byte comes from or goes to; null: nothing is there.
    pub fn current(self: *Entries) ?*Entry {
        return if (self.at < self.written) self.entry(self.at) else null;
    }

    /// Bytes of entries that were not taken yet.
    pub fn ahead(self: *const Entries) u64 {
        return self.written_bytes - self.taken;
    }

    /// Moves on by some bytes of the current entry.
    pub fn take(self: *Entries, count: usize) void {
        self.taken += count;
        if (self.taken == self.entry(self.at).end()) self.at += 1;
    }

    /// Moves back by bytes that were taken and not consumed.
    pub fn putBack(self: *Entries, count: usize) void {
        self.taken -= count;
        while (self.at > self.completed and self.entry(self.at - 1).end() > self.taken) self.at -= 1;
    }

    /// All that was taken and not consumed is to be taken again.
    pub fn putAllBack(self: *Entries) void {
        self.putBack(@intCast(self.taken - self.consumed));
    }

    pub fn consume(self: *Entries, count: usize) void {
        self.consumed += @min(count, self.taken - self.consumed);
    }

    /// The number of an entry that has been consumed whole, once for each; its memory has been let go.
    pub fn nextCompleted(self: *Entries) ?u64 {
        if (self.completed == self.at) return null;
        const oldest = self.entry(self.completed);
        if (oldest.end() > self.consumed) return null;
        oldest.free();
        self.completed += 1;
        return self.completed - 1;
    }

    /// As it was at first.
    pub fn clear(self: *Entries) void {
        for (self.slots) |*slot| {
            slot.free();
            slot.* = .{};
        }
        self.* = .{ .slots = self.slots };
    }
};

test "entries are a stream of bytes that can be read ahead and put back" {
    var memory: [16]u8 = undefined;
    var entries: Entries = try .create(std.testing.allocator, 3);
    defer entries.destroy(std.testing.allocator);
    for (0..4) |_| {
        try std.testing.expect(entries.hasRoom());
        entries.write(null, memory[0..3], .{});
        entries.write(null, memory[3..8], .{});
        entries.writeNothing(2);
        try std.testing.expect(!entries.hasRoom());
        entries.take(3);
        entries.take(4);
        entries.consume(4);
        const first = entries.completed;
        try std.testing.expectEqual(first, entries.nextCompleted());
        try std.testing.expectEqual(null, entries.nextCompleted());
        entries.putAllBack();
        try std.testing.expectEqual(first + 1, entries.at);
        try std.testing.expectEqual(entries.entry(first + 1).begin + 1, entries.taken);
        entries.take(4);
        entries.take(2);
        entries.putBack(3);
        try std.testing.expectEqual(first + 1, entries.at);
        entries.take(1);
        entries.take(2);
        entries.consume(6);
        try std.testing.expectEqual(first + 1, entries.nextCompleted());
        entries.entry(first).start_announced = true;
        try std.testing.expect(!entries.hasRoom());
        entries.entry(first).start_announced = false;
        try std.testing.expect(entries.hasRoom());
        try std.testing.expectEqual(first + 2, entries.nextCompleted());
        try std.testing.expectEqual(null, entries.current());
    }
}
