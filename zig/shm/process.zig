//! The process table. A slot's owner is alive exactly while it holds the `flock` on the slot's file.
const std = @import("std");
const linux = std.os.linux;
const layout = @import("layout.zig");
const file = @import("../os/file.zig");
const identity = @import("../os/identity.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const directory = @import("directory.zig");
const Context = @import("context.zig").Context;
const segment = @import("segment.zig");

const Name = [24]u8;

fn nameOf(buffer: *Name, number: u64) [:0]const u8 {
    return std.fmt.bufPrintZ(buffer, "p-{x}", .{number}) catch unreachable;
}

/// Takes a slot; the caller holds the directory's lock.
pub fn enter(self: *Context, recycle_limit: u64) !void {
    // Slot of nobody yet: the lock word names slot 0's owner for a moment, and the directory's lock keeps others out.
    self.slot = layout.processes_max - 1;
    try self.lock();
    defer self.unlock();
    var garbage: segment.Garbage = .{};
    reapDead(self, &garbage);
    defer garbage.empty();
    const slot: u32 = for (&self.control.processes, 0..) |*entry, index| {
        if (index < layout.processes_max - 1 and entry.state.load(.monotonic) == layout.Process.free) break @intCast(index);
    } else return report.fail(error.table_full, "{d} processes have joined the context.", .{layout.processes_max - 1});

    const number = self.header().next_file;
    self.header().next_file += 1;
    var buffer: Name = undefined;
    const name = nameOf(&buffer, number);
    const fd = try file.openat(self.directory.fd, name, .{ .ACCMODE = .RDWR, .CREAT = true, .EXCL = true, .CLOEXEC = true }, 0o600);
    errdefer {
        _ = linux.unlinkat(self.directory.fd, name, 0);
        file.close(fd);
    }
    _ = file.tryLock(fd, file.lock_exclusive);
    switches.step("process_locked");
    const row = &self.control.references[slot];
    try self.reserve(row, @sizeOf(layout.ReferenceRow));
    @memset(std.mem.asBytes(row), 0);
    const entry = &self.control.processes[slot];
    entry.pid = @intCast(linux.getpid());
    entry.start_time = identity.startTime();
    entry.pid_namespace = identity.pidNamespace();
    entry.file = number;
    entry.recycled_bytes = 0;
    entry.recycled_count = 0;
    entry.recycle_limit = recycle_limit;
    entry.waiting = 0;
    entry.state.store(layout.Process.live, .release);
    if (self.header().process_end <= slot) self.header().process_end = slot + 1;
    self.process_fd = fd;
    self.process_file = number;
    switches.step("process_entered");
    // The lock word changes hands from the provisional slot to the real one.
    self.header().lock.store(slot + 1 | (self.header().lock.load(.monotonic) & (1 << 31)), .monotonic);
    self.slot = slot;
}

pub fn alive(self: *Context, slot: u32) bool {
    if (slot >= layout.processes_max) return false;
    // The slot through which processes enter: its user holds the directory's lock, or died with it.
    if (slot == layout.processes_max - 1) return !directoryIdle(self);
    const entry = &self.control.processes[slot];
    if (entry.state.load(.acquire) != layout.Process.live) return false;
    if (slot == self.slot) return true;
    var buffer: Name = undefined;
    return directory.processAlive(self.directory.fd, nameOf(&buffer, entry.file));
}

/// Nobody is entering or leaving: a lock on the directory through a descriptor of our own can be had.
fn directoryIdle(self: *Context) bool {
    const fd = file.openat(self.directory.fd, ".", .{ .ACCMODE = .RDONLY, .DIRECTORY = true, .CLOEXEC = true }, 0) catch return false;
    defer file.close(fd);
    return file.tryLock(fd, file.lock_shared);
}

pub fn pid(self: *Context, slot: u32) u32 {
    return if (slot < layout.processes_max) self.control.processes[slot].pid else 0;
}

pub fn anyOtherAlive(self: *Context) bool {
    var buffer: Name = undefined;
    return self.directory.anyAlive(nameOf(&buffer, self.process_file));
}

pub fn liveCount(self: *Context) u32 {
    var count: u32 = 0;
    for (0..processEnd(self)) |slot| {
        if (self.control.processes[slot].state.load(.acquire) == layout.Process.live) count += 1;
    }
    return count;
}

pub fn processEnd(self: *Context) u32 {
    return @min(self.header().process_end, layout.processes_max - 1);
}

/// Gives back what dead processes held. Under the lock.
pub fn reapDead(self: *Context, garbage: *segment.Garbage) void {
    for (0..processEnd(self)) |slot| {
        const index: u32 = @intCast(slot);
        if (index == self.slot) continue;
        if (self.control.processes[index].state.load(.monotonic) != layout.Process.live) continue;
        if (!alive(self, index)) remove(self, index, garbage);
    }
}

/// This process's own leaving. Under the lock.
pub fn leave(self: *Context, garbage: *segment.Garbage) void {
    remove(self, self.slot, garbage);
    self.process_file = 0;
}

/// Idempotent, so that whoever finds the remover dead can begin again: the slot is freed last.
fn remove(self: *Context, slot: u32, garbage: *segment.Garbage) void {
    const entry = &self.control.processes[slot];
    // Nothing is kept for the next `create` of a process that is leaving.
    entry.recycle_limit = 0;
    @memset(std.mem.asBytes(&self.control.references[slot]), 0);
    switches.step("leave_references");
    for (0..segment.end(self)) |index| {
        const one = &self.control.segments[index];
        const state: layout.Segment.State = @enumFromInt(one.state.load(.monotonic));
        if (state == .free) continue;
        const own = one.creator == slot and one.creator_file == entry.file and !switches.off("private_dies");
        if (own and (state == .creating or state == .private or state == .recyclable)) {
            segment.delete(self, @intCast(index), garbage);
        } else segment.collect(self, @intCast(index), garbage);
    }
    switches.step("leave_segments");
    if (entry.waiting > 0) {
        const waiters = &self.header().waiters;
        waiters.store(waiters.load(.monotonic) -| entry.waiting, .monotonic);
        entry.waiting = 0;
    }
    var buffer: Name = undefined;
    _ = linux.unlinkat(self.directory.fd, nameOf(&buffer, entry.file), 0);
    entry.state.store(layout.Process.free, .release);
}
