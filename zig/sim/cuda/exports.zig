//! What a process lets others open, at the beginning of its device's file: memory and events. Others write here too: who
//! imports what, and when an event was reached.
const std = @import("std");
const linux = std.os.linux;
const failure = @import("failure.zig");
const futex = @import("../../os/futex.zig");
const handles = @import("handles.zig");

pub const memories_max = 512;
pub const events_max = 512;
const importers_max = 12;

const magic = 0x6d69_6c6c_7261_6365;

pub const Memory = extern struct {
    /// 0: free.
    id: std.atomic.Value(u64),
    offset: u64,
    size: u64,
    /// Process ids; 0: free.
    importers: [importers_max]std.atomic.Value(i32),

    pub fn enter(self: *Memory, pid: i32) bool {
        for (&self.importers) |*slot| {
            // Pairs among themselves: each slot has one owner.
            if (slot.cmpxchgStrong(0, pid, .acq_rel, .acquire) == null) return true;
        }
        return false;
    }

    pub fn leave(self: *Memory, pid: i32) void {
        for (&self.importers) |*slot| if (slot.cmpxchgStrong(pid, 0, .acq_rel, .acquire) == null) return;
    }

    pub fn isImported(self: *const Memory) bool {
        for (&self.importers) |*slot| {
            const pid = slot.load(.acquire);
            if (pid != 0 and isAlive(pid)) return true;
        }
        return false;
    }
};

/// An interprocess event: how often it was recorded, and how far the streams got.
pub const Event = extern struct {
    /// 0: free.
    id: std.atomic.Value(u64),
    issued: std.atomic.Value(u64),
    reached: std.atomic.Value(u64),
    /// Of the process that made it.
    pid: i32,
    /// Changes when `reached` does.
    word: std.atomic.Value(u32),

    pub fn reach(self: *Event, ticket: u64) void {
        // Release pairs with the acquire in `isReached`: what the stream did before is there.
        _ = self.reached.fetchMax(ticket, .acq_rel);
        _ = self.word.fetchAdd(1, .release);
        futex.wakeShared(&self.word, std.math.maxInt(u31));
    }

    pub fn isReached(self: *const Event, ticket: u64) bool {
        return self.reached.load(.acquire) >= ticket;
    }

    /// Also returns when the process that was to reach it is gone.
    pub fn wait(self: *Event, ticket: u64, slice_ns: u64) void {
        while (!self.isReached(ticket)) {
            const seen = self.word.load(.acquire);
            if (self.isReached(ticket)) return;
            futex.waitShared(&self.word, seen, slice_ns);
            if (self.pid != linux.getpid() and !isAlive(self.pid)) return;
        }
    }
};

pub const Directory = extern struct {
    magic: u64,
    /// Tells this file from that of another process which got the same id.
    nonce: u64,
    pid: i32,
    unused: u32,
    memories: [memories_max]Memory,
    events: [events_max]Event,

    pub fn begin(self: *Directory) void {
        self.pid = linux.getpid();
        var random: u64 = 0;
        _ = linux.getrandom(@ptrCast(&random), @sizeOf(u64), 0);
        self.nonce = random;
        self.magic = magic;
    }

    pub fn isOf(self: *const Directory, pid: i32, nonce: u64) bool {
        return self.magic == magic and self.pid == pid and self.nonce == nonce;
    }

    /// Where the window is listed from now on.
    pub fn addMemory(self: *Directory, offset: u64, size: u64) failure.Failure!u32 {
        for (&self.memories, 0..) |*entry, index| {
            if (entry.id.load(.monotonic) != 0) continue;
            entry.offset = offset;
            entry.size = size;
            for (&entry.importers) |*importer| importer.store(0, .monotonic);
            // Release pairs with the acquire of the importer's look at `id`.
            entry.id.store(handles.fresh(), .release);
            return @intCast(index);
        }
        return failure.say(.out_of_memory, "{d} allocations are exported: the simulator has no room for more", .{memories_max});
    }

    pub fn addEvent(self: *Directory) failure.Failure!*Event {
        for (&self.events) |*entry| {
            if (entry.id.load(.monotonic) != 0) continue;
            entry.issued.store(0, .monotonic);
            entry.reached.store(0, .monotonic);
            entry.pid = self.pid;
            entry.id.store(handles.fresh(), .release);
            return entry;
        }
        return failure.say(.out_of_memory, "{d} events are interprocess: the simulator has no room for more", .{events_max});
    }
};

pub fn isAlive(pid: i32) bool {
    return linux.errno(linux.kill(pid, @enumFromInt(0))) != .SRCH;
}
