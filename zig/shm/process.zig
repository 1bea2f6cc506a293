//! The process table. A slot's owner is alive exactly while it holds the `flock` on the slot's file.
const std = @import("std");
const linux = std.os.linux;
const layout = @import("layout.zig");
const file = @import("../os/file.zig");
const futex = @import("../os/futex.zig");
const identity = @import("../os/identity.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const directory = @import("directory.zig");
const Context = @import("context.zig").Context;
const lock = @import("lock.zig");
const segment = @import("segment.zig");

/// The slot that names a process which has none yet.
pub const entering: u32 = layout.processes_max - 1;

const Name = [24]u8;

fn nameOf(buffer: *Name, number: u64) [:0]const u8 {
    return std.fmt.bufPrintZ(buffer, "p-{x}", .{number}) catch unreachable;
}

/// Takes a slot; the caller holds the directory's lock.
pub fn enter(self: *Context, recycle_limit: u64) !void {
    // Slot of nobody yet. The tag must differ from that of whoever enters after us; pids repeat between namespaces.
    self.slot = entering;
    self.lock_identity = lock.identity(entering, futex.now() ^ @as(u64, @intCast(linux.getpid())) << 12);
    var garbage: segment.Garbage = .{};
    defer garbage.empty();
    try self.lock();
    defer self.unlock();
    reapDead(self, &garbage);
    const slot: u32 = for (&self.control.processes, 0..) |*entry, index| {
        if (index < entering and entry.state.load(.monotonic) == layout.Process.free) break @intCast(index);
    } else return report.fail(error.table_full, "{d} processes have joined the context.", .{entering});

    const number = self.header().next_file;
    self.header().next_file +%= 1;
    var buffer: Name = undefined;
    const name = nameOf(&buffer, number);
    const fd = try file.openNew(self.directory.fd, name);
    errdefer {
        _ = linux.unlinkat(self.directory.fd, name, 0);
        file.close(fd);
    }
    if (!file.tryLock(fd, file.lock_exclusive)) return report.fail(error.unsupported_filesystem, "{s} cannot be locked.", .{name});
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
    entry.waiting.store(0, .monotonic);
    entry.state.store(layout.Process.live, .release);
    if (processEnd(self) <= slot) @atomicStore(u32, &self.header().process_end, slot + 1, .monotonic);
    self.process_fd = fd;
    self.process_file = number;
    switches.step("process_entered");
    lock.rename(self, lock.identity(slot, number));
    self.slot = slot;
}

pub fn alive(self: *Context, slot: u32) bool {
    if (slot >= entering) return false;
    const entry = &self.control.processes[slot];
    if (entry.state.load(.acquire) != layout.Process.live) return false;
    if (slot == self.slot) return true;
    var buffer: Name = undefined;
    return directory.processAlive(self.directory.fd, nameOf(&buffer, entry.file));
}

/// Is the process alive that was given this file? Files are never given twice.
pub fn fileAlive(self: *Context, number: u64) bool {
    var buffer: Name = undefined;
    return directory.processAlive(self.directory.fd, nameOf(&buffer, number));
}

/// Nobody is entering or leaving: a lock on the directory through a descriptor of our own can be had.
pub fn directoryIdle(self: *Context) bool {
    const fd = file.openat(self.directory.fd, ".", .{ .ACCMODE = .RDONLY, .DIRECTORY = true, .CLOEXEC = true }, 0) catch return false;
    defer file.close(fd);
    return file.tryLock(fd, file.lock_shared);
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
    return @min(@atomicLoad(u32, &self.header().process_end, .monotonic), entering);
}

/// Gives back what dead processes held. Under the lock.
pub fn reapDead(self: *Context, garbage: *segment.Garbage) void {
    for (0..processEnd(self)) |slot| {
        const index: u32 = @intCast(slot);
        if (index == self.slot) continue;
        if (self.control.processes[index].state.load(.monotonic) != layout.Process.live) continue;
        if (!alive(self, index)) remove(self, index, self.control.processes[index].file, garbage);
    }
}

/// This process's own leaving. Under the lock.
pub fn leave(self: *Context, garbage: *segment.Garbage) void {
    remove(self, self.slot, self.process_file, garbage);
    self.process_file = 0;
}

/// Idempotent, so that whoever finds the remover dead can begin again: the slot is freed last.
fn remove(self: *Context, slot: u32, number: u64, garbage: *segment.Garbage) void {
    const entry = &self.control.processes[slot];
    for (self.control.references[slot][0..segment.end(self)]) |*count| count.store(0, .seq_cst);
    // Nothing is kept for the next `create` of a process that is leaving.
    entry.recycle_limit = 0;
    switches.step("leave_references");
    for (0..segment.end(self)) |index| {
        const one = &self.control.segments[index];
        const state: layout.Segment.State = @enumFromInt(one.state.load(.monotonic));
        if (state == .free or (state == .private and switches.off("private_dies"))) continue;
        const own = one.creator == slot and one.creator_file == number;
        if (own and (state == .creating or state == .private or state == .recyclable)) {
            segment.delete(self, @intCast(index), garbage);
        } else segment.collect(self, @intCast(index), garbage);
    }
    switches.step("leave_segments");
    if (entry.waiting.swap(0, .monotonic) != 0) stopWaiting(self);
    var buffer: Name = undefined;
    _ = linux.unlinkat(self.directory.fd, nameOf(&buffer, number), 0);
    switches.step("leave_unlinked");
    entry.state.store(layout.Process.free, .release);
}

/// One waiter fewer; never below zero, whatever the dead left.
pub fn stopWaiting(self: *Context) void {
    const waiters = &self.header().waiters;
    var count = waiters.load(.monotonic);
    while (count > 0) count = waiters.cmpxchgWeak(count, count - 1, .seq_cst, .monotonic) orelse return;
}
