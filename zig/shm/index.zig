//! Names to records: a hash table with linear probing in shared memory. One process changes it at a time, under the
//! tables' lock; others read it meanwhile and learn from the sequence number that they must look again. Every loop is
//! bounded, whatever the memory holds.
const std = @import("std");
const layout = @import("layout.zig");
const words = @import("words.zig");

pub const hash_seed = 0x6d696c6c;

/// A name to look for, with its hash; its last word is filled up with zeros, so that it compares word by word.
pub const Key = struct {
    hash: u64,
    length: u16,
    bytes: [256]u8 align(8),

    pub fn init(name: []const u8) Key {
        var self: Key = .{ .hash = hashOf(name), .length = @intCast(name.len), .bytes = undefined };
        @memset(self.bytes[name.len..std.mem.alignForward(usize, name.len, 8)], 0);
        @memcpy(self.bytes[0..name.len], name);
        return self;
    }

    /// Of a record's own name; null when it cannot be one.
    pub fn of(record: *const layout.Record) ?Key {
        const copy = words.load(layout.Record, record);
        if (copy.name_length == 0 or copy.name_length > layout.name_max) return null;
        return init(copy.name[0..copy.name_length]);
    }

    fn matches(self: *const Key, record: *const layout.Record) bool {
        if (@atomicLoad(u16, &record.name_length, .monotonic) != self.length) return false;
        const mine: *const [32]u64 = @ptrCast(&self.bytes);
        const theirs: *const [32]u64 = @ptrCast(@alignCast(&record.name));
        for (0..(self.length + 7) / 8) |index| {
            if (@atomicLoad(u64, &theirs[index], .monotonic) != mine[index]) return false;
        }
        return true;
    }
};

/// XXH64 with a fixed seed: the same in every language.
pub fn hashOf(name: []const u8) u64 {
    return std.hash.XxHash64.hash(hash_seed, name);
}

pub const Place = struct { position: u32, record: u32 };

/// Where the key's record stands, or null.
pub fn find(control: *const layout.Control, key: *const Key) ?Place {
    const end = @min(@atomicLoad(u32, &control.header.record_end, .monotonic), layout.records_max);
    var position = home(key.hash);
    for (0..layout.index_max) |_| {
        // Acquire pairs with the releases in `insert` and `replace`: the record behind it is whole.
        const value = control.index[position].load(.acquire);
        if (value == 0) return null;
        if (value <= end and key.matches(&control.records[value - 1])) return .{ .position = position, .record = value - 1 };
        position = next(position);
    }
    return null;
}

/// False when there is no gap, which only damage brings about: there are twice as many places as records.
pub fn insert(control: *layout.Control, hash: u64, record: u32) bool {
    var position = home(hash);
    for (0..layout.index_max) |_| {
        if (control.index[position].load(.monotonic) == 0) {
            // Release pairs with the acquire in `find`.
            control.index[position].store(record + 1, .release);
            return true;
        }
        position = next(position);
    }
    return false;
}

/// Shows another record of the same name.
pub fn replace(control: *layout.Control, position: u32, record: u32) void {
    // Release pairs with the acquire in `find`.
    control.index[position].store(record + 1, .release);
}

/// Closes the gap by moving later entries of the probe sequence back (Knuth, volume 3, 6.4, algorithm R).
pub fn erase(control: *layout.Control, start: u32) void {
    var gap = start;
    var position = start;
    for (0..layout.index_max) |_| {
        position = next(position);
        const value = control.index[position].load(.monotonic);
        if (value == 0 or value > layout.records_max) break;
        const wanted = home(@atomicLoad(u64, &control.records[value - 1].hash, .monotonic));
        // May the entry stand at the gap? Only if its home is not between the gap and where it stands.
        const from_home = (position + layout.index_max - wanted) % layout.index_max;
        const from_gap = (position + layout.index_max - gap) % layout.index_max;
        if (from_home >= from_gap) {
            control.index[gap].store(value, .release);
            gap = position;
        }
    }
    control.index[gap].store(0, .release);
}

pub fn clear(control: *layout.Control) void {
    for (&control.index) |*entry| entry.store(0, .monotonic);
}

fn home(hash: u64) u32 {
    return @intCast(hash % layout.index_max);
}

fn next(position: u32) u32 {
    return (position + 1) % layout.index_max;
}
