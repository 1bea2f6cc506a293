//! A range of memory that JavaScript may be looking at. Whoever shows it holds a reference: the native object behind
//! the handle, and each `ArrayBuffer` made over it. The last one unmaps, so a buffer that the user pinned, moved or
//! forgot delays the unmapping and never faults.
const std = @import("std");
const linux = std.os.linux;
const pagemap = @import("../os/pagemap.zig");
const stack = @import("../os/stack.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");

pub const page = 4096;
const allocator = std.heap.smp_allocator;
/// Below this, pages of its own cost more than they are worth.
const heap_limit = 32 * 1024;
/// From here on unmapping takes milliseconds (45 ms for 2 GiB touched) and moves to a thread of its own.
const slow_unmap = 64 * 1024 * 1024;

var live_bytes = std.atomic.Value(usize).init(0);
var live_count = std.atomic.Value(usize).init(0);

pub const Mapping = struct {
    address: [*]align(64) u8,
    length: usize,
    /// What is really mapped: begins at a page boundary at or before `address`. Zero: from the heap.
    mapped: []align(page) u8,
    /// What this is a part of; unmapping is its business.
    whole: ?*Mapping = null,
    private: bool = false,
    references: std.atomic.Value(u32) = .init(1),
    /// Set when the memory is somebody else's, who is told when the last reference goes.
    owner: ?Owner = null,

    pub const Owner = struct { context: *anyopaque, release: *const fn (context: *anyopaque) void };
    /// `before`: bytes ahead of the window that are mapped too, for their reader's use (see `ahead`).
    pub const Source = struct { fd: i32, offset: u64, private: bool, before: usize = 0 };

    /// Memory of this process alone, zeroed, aligned to 64 bytes.
    pub fn anonymous(length: usize) !*Mapping {
        const self = try allocator.create(Mapping);
        errdefer allocator.destroy(self);
        if (length <= heap_limit) {
            const bytes = try allocator.alignedAlloc(u8, .@"64", @max(length, 1));
            @memset(bytes, 0);
            self.* = .{ .address = bytes.ptr, .length = length, .mapped = &.{} };
        } else {
            const bytes = try map(length, null);
            self.* = .{ .address = bytes.ptr, .length = length, .mapped = bytes };
        }
        return self.counted();
    }

    /// A window of a file. `private`: copy on write, so that a write lands in the reader's own page. The offset must
    /// be a multiple of 64; the pages around it are mapped.
    pub fn window(source: Source, length: usize) !*Mapping {
        const self = try allocator.create(Mapping);
        errdefer allocator.destroy(self);
        const lead: usize = @as(usize, @intCast(source.offset % page)) + source.before;
        const bytes = try map(length + lead, .{ .fd = source.fd, .offset = source.offset - lead, .private = source.private });
        self.* = .{ .address = @alignCast(bytes.ptr + lead), .length = length, .mapped = bytes, .private = source.private };
        return self.counted();
    }

    /// What was mapped before the window.
    pub fn ahead(self: *const Mapping) []align(page) u8 {
        return self.mapped[0 .. @intFromPtr(self.address) - @intFromPtr(self.mapped.ptr)];
    }

    /// Drops the pages that a private view wrote; the file's show through again. Views that were only read, as nearly
    /// all are, keep their pages: finding them again costs a fault for every 64 KiB.
    pub fn forgetWrites(self: *Mapping) void {
        if (self.private and pagemap.isWritten(self.mapped) != false) _ = linux.madvise(self.mapped.ptr, self.mapped.len, linux.MADV.DONTNEED);
    }

    /// Memory that `owner` keeps until the last reference goes. On error the owner has not been told.
    pub fn borrowed(bytes: []align(64) u8, owner: Owner) !*Mapping {
        const self = try allocator.create(Mapping);
        self.* = .{ .address = bytes.ptr, .length = bytes.len, .mapped = &.{}, .owner = owner };
        return self.counted();
    }

    fn counted(self: *Mapping) *Mapping {
        _ = live_count.fetchAdd(1, .monotonic);
        _ = live_bytes.fetchAdd(self.length, .monotonic);
        return self;
    }

    pub fn retain(self: *Mapping) *Mapping {
        _ = self.references.fetchAdd(1, .monotonic);
        return self;
    }

    pub fn release(self: *Mapping) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        _ = live_count.fetchSub(1, .monotonic);
        _ = live_bytes.fetchSub(self.length, .monotonic);
        if (self.whole) |whole| {
            whole.release();
        } else if (self.owner) |owner| {
            owner.release(owner.context);
        } else if (self.mapped.len == 0) {
            allocator.free(self.address[0..@max(self.length, 1)]);
        } else if (self.mapped.len < slow_unmap) {
            _ = linux.munmap(self.mapped.ptr, self.mapped.len);
        } else if (std.Thread.spawn(.{ .stack_size = stack.small }, unmap, .{self.mapped})) |worker| {
            worker.detach();
        } else |_| unmap(self.mapped);
        allocator.destroy(self);
    }

    /// The first `length` bytes, as a mapping of their own that keeps the whole.
    pub fn part(self: *Mapping, length: usize) !*Mapping {
        std.debug.assert(length <= self.length);
        const one = try allocator.create(Mapping);
        one.* = .{ .address = self.address, .length = length, .mapped = &.{}, .whole = self.retain() };
        return one.counted();
    }

    pub fn slice(self: *const Mapping) []u8 {
        return self.address[0..self.length];
    }
};

fn unmap(bytes: []align(page) u8) void {
    _ = linux.munmap(bytes.ptr, bytes.len);
}

fn map(length: usize, file: ?Mapping.Source) ![]align(page) u8 {
    const rounded = std.mem.alignForward(usize, @max(length, 1), page);
    const flags: linux.MAP = if (file) |source| .{
        .TYPE = if (source.private) .PRIVATE else .SHARED,
        // A private mapping is only ever copied where it is written: nothing to reserve.
        .NORESERVE = source.private,
    } else .{ .TYPE = .PRIVATE, .ANONYMOUS = true };
    const fd = if (file) |source| source.fd else -1;
    const offset: i64 = if (file) |source| @intCast(source.offset) else 0;
    const result = linux.mmap(null, rounded, .{ .READ = true, .WRITE = true }, flags, fd, offset);
    switch (linux.errno(result)) {
        .SUCCESS => {},
        .NOMEM => {
            if (atMappingLimit()) return report.fail(error.too_many_mappings, "mapping {d} bytes failed: the process has reached vm.max_map_count.", .{length});
            return report.fail(error.out_of_memory, "mapping {d} bytes failed.", .{length});
        },
        else => |number| return report.system("mmap", "a tensor", number),
    }
    const pointer: [*]align(page) u8 = @ptrFromInt(result);
    // Tensors are not what one looks for in a core dump, and would fill the disk.
    if (file != null and !switches.off("dont_dump")) _ = linux.madvise(pointer, rounded, linux.MADV.DONTDUMP);
    return pointer[0..rounded];
}

/// ENOMEM from mmap means either no memory or no more mappings; one more page of anonymous memory with another
/// protection than its neighbours tells which.
fn atMappingLimit() bool {
    const probe = linux.mmap(null, page, .{}, .{ .TYPE = .PRIVATE, .ANONYMOUS = true, .NORESERVE = true }, -1, 0);
    if (linux.errno(probe) == .NOMEM) return true;
    _ = linux.munmap(@ptrFromInt(probe), page);
    return false;
}

pub fn liveMappings() usize {
    return live_count.load(.monotonic);
}

pub fn liveBytes() usize {
    return live_bytes.load(.monotonic);
}

test "anonymous memory is zeroed, aligned and gone with its last reference" {
    for ([_]usize{ 0, 1, 64, heap_limit, heap_limit + 1, 1 << 20 }) |length| {
        const before = liveMappings();
        const mapping = try Mapping.anonymous(length);
        try std.testing.expectEqual(0, @intFromPtr(mapping.address) % 64);
        for (mapping.slice()) |byte| try std.testing.expectEqual(0, byte);
        const shared = mapping.retain();
        mapping.release();
        try std.testing.expectEqual(before + 1, liveMappings());
        if (length > 0) shared.slice()[length - 1] = 1;
        shared.release();
        try std.testing.expectEqual(before, liveMappings());
    }
}
