//! Segments: files of shared memory, their slots in the control file, and the references that keep them.
//!
//! A reference is a count in the row of the process that holds it, so a death gives back exactly what the dead held.
//! A segment goes when no publication shows it and no row counts it.
const std = @import("std");
const linux = std.os.linux;
const layout = @import("layout.zig");
const file = @import("../os/file.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const space = @import("space.zig");
const Mapping = @import("mapping.zig").Mapping;
const Context = @import("context.zig").Context;
const process = @import("process.zig");
const recycling = @import("recycling.zig");
const exit = @import("exit.zig");
pub const Garbage = @import("garbage.zig").Garbage;

pub const Reference = struct { slot: u32, generation: u32, size: u64 };

pub const size_max = std.math.maxInt(u48);

const Name = [24]u8;

fn nameOf(buffer: *Name, number: u64) [:0]const u8 {
    return std.fmt.bufPrintZ(buffer, "s-{x}", .{number}) catch unreachable;
}

pub fn end(self: *Context) u32 {
    return @min(@atomicLoad(u32, &self.header().segment_end, .monotonic), layout.segments_max);
}

pub const Options = struct { size: u64, uninitialized: bool };

/// New memory, referenced once, private until published. Zeroed unless asked otherwise.
pub fn create(self: *Context, options: Options) !Reference {
    if (options.size == 0) return report.fail(error.invalid_argument, "the size is 0.", .{});
    if (options.size > size_max) return report.fail(error.no_space, "{d} bytes were asked for.", .{options.size});
    if (try recycling.take(self, options)) |reference| return reference;
    const capacity = std.mem.alignForward(u64, options.size, layout.page);
    const new = try take(self, options.size, capacity);
    switches.step("create_reserved");
    var buffer: Name = undefined;
    const fd = file.openNew(self.directory.fd, nameOf(&buffer, new.file)) catch |err| {
        giveUp(self, new.reference.slot);
        return err;
    };
    errdefer unmake(self, new.reference.slot);
    defer file.close(fd);
    switches.step("create_file");
    space.reserve(fd, 0, layout.data_offset + capacity) catch |err| {
        // What is kept for recycling is the first thing to give up.
        if (err != error.no_space or !try recycling.purge(self)) return err;
        try space.reserve(fd, 0, layout.data_offset + capacity);
    };
    switches.step("create_memory");
    try writeHeader(self, fd, new, capacity);
    const mapping = try Mapping.window(.{ .fd = fd, .offset = layout.data_offset, .private = false }, capacity);
    keepLocal(self, new.reference.slot, new.file, mapping);
    switches.step("create_header");
    hold(self, new.reference.slot);
    self.control.segments[new.reference.slot].state.store(@intFromEnum(layout.Segment.State.private), .release);
    switches.step("create_ready");
    return new.reference;
}

/// A slot without a file.
fn giveUp(self: *Context, slot: u32) void {
    self.lock() catch return;
    self.control.segments[slot].state.store(@intFromEnum(layout.Segment.State.free), .release);
    self.unlock();
}

fn unmake(self: *Context, slot: u32) void {
    var garbage: Garbage = .{};
    // Without the lock the slot stays ours, as `creating`, until we leave.
    self.lock() catch return;
    delete(self, slot, &garbage);
    self.unlock();
    garbage.empty();
}

/// A slot that was taken, as this process remembers it: shared memory is not asked again.
pub const Taken = struct { reference: Reference, file: u64 };

fn take(self: *Context, size: u64, capacity: u64) !Taken {
    try self.lock();
    defer self.unlock();
    const slot = try freeSlot(self);
    const entry = &self.control.segments[slot];
    const number = self.header().next_file;
    self.header().next_file +%= 1;
    entry.file = number;
    @atomicStore(u64, &entry.size, size, .monotonic);
    entry.capacity = capacity;
    entry.creator = self.slot;
    entry.creator_file = self.process_file;
    entry.names.store(0, .monotonic);
    const generation = entry.generation.fetchAdd(1, .monotonic) +% 1;
    entry.state.store(@intFromEnum(layout.Segment.State.creating), .release);
    return .{ .reference = .{ .slot = slot, .generation = generation, .size = size }, .file = number };
}

fn freeSlot(self: *Context) !u32 {
    var attempts: u32 = 0;
    while (attempts < 2) : (attempts += 1) {
        const used = end(self);
        for (0..used) |step| {
            const slot: u32 = @intCast((self.segment_hint + step) % used);
            const entry = &self.control.segments[slot];
            // A generation that has run out retires its slot.
            if (entry.state.load(.monotonic) == 0 and entry.generation.load(.monotonic) < std.math.maxInt(u32)) {
                self.segment_hint = slot + 1;
                return slot;
            }
        }
        if (used < layout.segments_max) {
            try self.reserve(&self.control.segments[used], @sizeOf(layout.Segment));
            @atomicStore(u32, &self.header().segment_end, used + 1, .monotonic);
            return used;
        }
        var garbage: Garbage = .{};
        process.reapDead(self, &garbage);
        garbage.empty();
    }
    return report.fail(error.table_full, "the context holds {d} allocations, as many as it can.", .{layout.segments_max});
}

pub fn writeHeader(self: *Context, fd: file.Fd, taken: Taken, capacity: u64) !void {
    const owner = &self.control.processes[self.slot];
    const header: layout.SegmentHeader = .{
        .generation = taken.reference.generation,
        .file = taken.file,
        .size = taken.reference.size,
        .capacity = capacity,
        .creator_pid = owner.pid,
        .creator_start_time = owner.start_time,
        .creator_namespace = owner.pid_namespace,
    };
    const bytes = std.mem.asBytes(&header);
    _ = try file.check(linux.pwrite(fd, bytes, bytes.len, 0), "write", "a segment's header");
}

fn keepLocal(self: *Context, slot: u32, number: u64, mapping: ?*Mapping) void {
    self.local_lock.lock();
    const before = self.locals[slot].mapping;
    self.locals[slot] = .{ .file = number, .mapping = mapping };
    self.local_lock.unlock();
    if (before) |old| old.release();
}

/// What this process keeps of a segment that it made, retained.
pub fn localMapping(self: *Context, slot: u32, number: u64) ?*Mapping {
    self.local_lock.lock();
    defer self.local_lock.unlock();
    const local = self.locals[slot];
    if (local.file != number) return null;
    return (local.mapping orelse return null).retain();
}

pub fn openFile(self: *Context, number: u64, mode: std.posix.ACCMODE) !file.Fd {
    var buffer: Name = undefined;
    const name = nameOf(&buffer, number);
    return try file.openExisting(self.directory.fd, name, .{ .ACCMODE = mode, .CLOEXEC = true, .NOFOLLOW = true }) orelse
        report.fail(error.corrupt, "the file of a live segment, {s}, is gone.", .{name});
}

/// A view of `length` bytes from `offset`. `private`: the reader's own pages, copy on write.
pub fn view(self: *Context, reference: Reference, private: bool, offset: u64, length: u64) !*Mapping {
    if (offset > reference.size or length > reference.size - offset)
        return report.fail(error.out_of_bounds, "{d} bytes at {d} reach beyond the {d} that are there.", .{ length, offset, reference.size });
    if (offset % 64 != 0) return report.fail(error.invalid_argument, "the offset {d} is not a multiple of 64.", .{offset});
    if (length > std.math.maxInt(u32)) return report.fail(error.too_large, "a view of {d} bytes was asked for.", .{length});
    const entry = &self.control.segments[reference.slot];
    if (switches.off("freed_readable") and entry.state.load(.monotonic) == @intFromEnum(layout.Segment.State.freed)) return report.fail(error.freed, "the memory was freed.", .{});
    const number = entry.file;
    if (!private and offset == 0) {
        // The creator's own mapping serves, so that recycled memory is not mapped and touched anew.
        self.local_lock.lock();
        defer self.local_lock.unlock();
        const local = &self.locals[reference.slot];
        if (local.file == number) if (local.mapping) |mapping| {
            if (length > mapping.length) return report.fail(error.corrupt, "segment {x} has {d} bytes, fewer than {d}.", .{ number, mapping.length, length });
            return mapping.part(length);
        };
    }
    const fd = try openFile(self, number, .RDWR);
    defer file.close(fd);
    // Beyond the end of the file there is nothing to map, only SIGBUS. Cheaper than `stat`.
    const held = try file.check(linux.lseek(fd, 0, linux.SEEK.END), "lseek", "a segment");
    if (held < layout.data_offset + reference.size)
        return report.fail(error.corrupt, "segment {x} has {d} bytes, fewer than {d}.", .{ number, held, layout.data_offset + reference.size });
    // The header comes with the first window: one fault brings it and the first of the data.
    const before: usize = if (offset == 0) layout.data_offset else 0;
    const mapping = try Mapping.window(.{ .fd = fd, .offset = layout.data_offset + offset, .private = private and !switches.off("private_views"), .before = before }, length);
    errdefer mapping.release();
    var header: layout.SegmentHeader = undefined;
    if (before > 0) {
        header = @as(*const layout.SegmentHeader, @ptrCast(mapping.ahead().ptr)).*;
    } else {
        const bytes = std.mem.asBytes(&header);
        _ = try file.check(linux.pread(fd, bytes, bytes.len, 0), "read", "a segment's header");
    }
    try verify(&header, reference, number);
    return mapping;
}

/// What the file says must agree with what the table said. `header` is a copy of this process's own.
fn verify(header: *const layout.SegmentHeader, reference: Reference, number: u64) !void {
    if (!std.mem.eql(u8, &header.magic, &layout.magic) or header.version != layout.version)
        return report.fail(error.corrupt, "segment {x} does not begin with its header.", .{number});
    if (header.generation != reference.generation or header.file != number or header.size != reference.size)
        return report.fail(error.corrupt, "segment {x} says {d} bytes in generation {d}, the table {d} in {d}.", .{ number, header.size, header.generation, reference.size, reference.generation });
}

/// One count more in this process's row.
pub fn hold(self: *Context, slot: u32) void {
    _ = self.references()[slot].fetchAdd(1, .seq_cst);
}

/// One count fewer; returns what is left. Below zero only damaged memory leads.
pub fn unhold(self: *Context, slot: u32) u32 {
    const count = &self.references()[slot];
    var before = count.load(.monotonic);
    while (before > 0) before = count.cmpxchgWeak(before, before - 1, .seq_cst, .monotonic) orelse return before - 1;
    return 0;
}

/// Gives one reference of this process back.
pub fn drop(self: *Context, reference: Reference) !void {
    // Sequentially consistent, as is the load after it: pairs with `publication` dropping the last name and then
    // looking at the rows. One of the two sees the other and collects.
    if (unhold(self, reference.slot) > 0) return;
    const entry = &self.control.segments[reference.slot];
    if (entry.names.load(.seq_cst) > 0) return;
    switches.step("release_dropped");
    var garbage: Garbage = .{};
    defer garbage.empty();
    try self.lock();
    defer self.unlock();
    // Whatever generation is there now: a reader that took a reference to what was just going away may have kept
    // somebody else from collecting its successor.
    collect(self, reference.slot, &garbage);
}

/// Does the memory still exist for anyone?
pub fn lives(self: *Context, reference: Reference) bool {
    const entry = &self.control.segments[reference.slot];
    const state: layout.Segment.State = @enumFromInt(entry.state.load(.acquire));
    return entry.generation.load(.acquire) == reference.generation and state != .free and state != .recyclable;
}

/// Deletes or recycles the segment if nobody holds it. Under the lock.
pub fn collect(self: *Context, slot: u32, garbage: *Garbage) void {
    const entry = &self.control.segments[slot];
    const state: layout.Segment.State = @enumFromInt(entry.state.load(.monotonic));
    switch (state) {
        .private, .shared, .freed => {},
        .free, .creating, .recyclable, _ => return,
    }
    if (entry.names.load(.seq_cst) > 0 or switches.off("collect")) return;
    // Ours first: it is at hand, and while we hold the memory nobody else's row matters.
    // (One who is entering has no row: that of its slot is backed by no memory.)
    if (self.slot < process.entering and self.references()[slot].load(.seq_cst) > 0) return;
    for (0..process.processEnd(self)) |row| {
        if (self.control.processes[row].state.load(.monotonic) != layout.Process.live) continue;
        if (self.control.references[row][slot].load(.seq_cst) > 0) return;
    }
    if (recycling.keep(self, entry)) return;
    delete(self, slot, garbage);
}

/// Unlinks the file and frees the slot. Under the lock. The slot is freed last: whoever finds us dead deletes again.
pub fn delete(self: *Context, slot: u32, garbage: *Garbage) void {
    const entry = &self.control.segments[slot];
    var buffer: Name = undefined;
    const name = nameOf(&buffer, entry.file);
    const fd = file.openExisting(self.directory.fd, name, .{ .ACCMODE = .RDWR, .CLOEXEC = true, .NOFOLLOW = true }) catch null;
    _ = linux.unlinkat(self.directory.fd, name, 0);
    if (fd) |open| garbage.add(open, layout.data_offset +| entry.capacity);
    switches.step("delete_unlinked");
    entry.state.store(@intFromEnum(layout.Segment.State.free), .release);
    // The process is ending, and this may be a signal handler: its mappings end with it.
    if (exit.cleaning.load(.monotonic)) return;
    self.local_lock.lock();
    const local = self.locals[slot];
    if (local.file == entry.file) self.locals[slot] = .{};
    self.local_lock.unlock();
    if (local.file == entry.file) if (local.mapping) |mapping| mapping.release();
}
