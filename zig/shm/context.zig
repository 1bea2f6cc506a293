//! A process's membership in a job: the mapped control file, its slot in the process table, and the lock under which
//! the tables change. One per process and job, shared by all its threads.
const std = @import("std");
const linux = std.os.linux;
const layout = @import("layout.zig");
const file = @import("../os/file.zig");
const identity = @import("../os/identity.zig");
const futex = @import("../os/futex.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const Directory = @import("directory.zig").Directory;
const directory = @import("directory.zig");
const Mapping = @import("mapping.zig").Mapping;
const space = @import("space.zig");
const process = @import("process.zig");
const segment = @import("segment.zig");
const repair = @import("repair.zig");
const Watch = @import("watch.zig").Watch;

const allocator = std.heap.smp_allocator;
const contended: u32 = 1 << 31;
const lock_slice_ns = 20 * std.time.ns_per_ms;
const lock_timeout_ns = 10 * std.time.ns_per_s;
const spins = 200;

/// What this process keeps of a segment that it made: the shared mapping, which recycling uses again.
pub const Local = struct { file: u64 = 0, mapping: ?*Mapping = null };

pub const Context = struct {
    directory: Directory,
    control_fd: file.Fd,
    process_fd: file.Fd = -1,
    control: *layout.Control,
    /// This process's slot, and the number its file is named after.
    slot: u32 = 0,
    process_file: u64 = 0,
    /// Handles of this process.
    users: std.atomic.Value(u32) = .init(1),
    next: ?*Context = null,
    local_lock: futex.Mutex = .{},
    locals: [layout.segments_max]Local = @splat(.{}),
    segment_hint: u32 = 0,
    record_hint: u32 = 0,
    watch: Watch = .{},

    pub fn header(self: *Context) *layout.Header {
        return &self.control.header;
    }

    pub fn references(self: *Context) *layout.ReferenceRow {
        return &self.control.references[self.slot];
    }

    /// Takes the lock of the tables. A holder that died is proved dead by its file's lock, and what it left half-done
    /// is repaired.
    pub fn lock(self: *Context) !void {
        const word = &self.header().lock;
        const me = self.slot + 1;
        // Acquire pairs with the release in `unlock`.
        if (word.cmpxchgStrong(0, me, .acquire, .monotonic) == null) return;
        for (0..spins) |_| {
            std.atomic.spinLoopHint();
            if (word.load(.monotonic) == 0 and word.cmpxchgWeak(0, me, .acquire, .monotonic) == null) return;
        }
        const deadline = futex.now() + lock_timeout_ns;
        while (true) {
            var seen = word.load(.monotonic);
            if (seen == 0) {
                // Others may sleep on it too, so it stays marked.
                if (word.cmpxchgStrong(0, me | contended, .acquire, .monotonic) == null) return;
                continue;
            }
            if (seen & contended == 0) {
                if (word.cmpxchgStrong(seen, seen | contended, .monotonic, .monotonic) != null) continue;
                seen |= contended;
            }
            futex.waitShared(word, seen, lock_slice_ns);
            if (word.load(.monotonic) != seen) continue;
            const holder = (seen & ~contended) -% 1;
            // While entering we hold the directory's lock, so whoever entered before us through the same slot is dead.
            const dead = if (holder == self.slot) self.process_fd < 0 else !process.alive(self, holder);
            if (dead) {
                if (word.cmpxchgStrong(seen, me | contended, .acquire, .monotonic) != null) continue;
                repair.run(self);
                return;
            }
            if (futex.now() > deadline) return report.fail(error.context_busy, "process {d} has held the lock of {s} for 10 s.", .{ process.pid(self, holder), self.directory.pathText() });
        }
    }

    pub fn tryLock(self: *Context) bool {
        return self.header().lock.cmpxchgStrong(0, self.slot + 1, .acquire, .monotonic) == null;
    }

    pub fn unlock(self: *Context) void {
        const word = &self.header().lock;
        var seen = word.load(.monotonic);
        // Not ours any more: we left the table under it, and somebody found the slot empty.
        while (seen & ~contended == self.slot + 1) {
            // Release pairs with the acquire in `lock`.
            seen = word.cmpxchgWeak(seen, 0, .release, .monotonic) orelse {
                if (seen & contended != 0) futex.wakeShared(word, 1);
                return;
            };
        }
    }

    /// The publications are about to change: readers without the lock will look again.
    pub fn begin(self: *Context) void {
        // Sequentially consistent: pairs with `Lookup` taking a reference and reading the sequence after it.
        const before = self.header().sequence.fetchAdd(1, .seq_cst);
        std.debug.assert(before % 2 == 0);
    }

    pub fn commit(self: *Context) void {
        _ = self.header().sequence.fetchAdd(1, .seq_cst);
        if (self.header().waiters.load(.seq_cst) > 0) futex.wakeShared(&self.header().sequence, std.math.maxInt(u31));
    }

    /// Backs part of the control file with memory before it is touched.
    pub fn reserve(self: *Context, address: *const anyopaque, length: usize) !void {
        const offset = @intFromPtr(address) - @intFromPtr(self.control);
        const start = std.mem.alignBackward(usize, offset, layout.page);
        try space.reserve(self.control_fd, start, std.mem.alignForward(usize, offset + length, layout.page) - start);
    }

    /// Waits for nobody: from a signal handler or at exit.
    pub fn abandon(self: *Context) void {
        if (!self.directory.relock(false)) return;
        if (!process.anyOtherAlive(self)) {
            self.directory.clear();
            self.directory.remove();
        } else if (self.tryLock()) {
            var garbage: segment.Garbage = .{};
            process.leave(self, &garbage);
            self.unlock();
            garbage.empty();
        }
        self.directory.unlock();
    }
};

var registry_lock: futex.Mutex = .{};
/// Read by the signal handler without the lock; entries are unlinked before they are freed.
pub var registry: std.atomic.Value(?*Context) = .init(null);

/// Joins the job, making its directory if need be. Clears what dead jobs of this user left below `base`.
pub fn open(base: [:0]const u8, job: []const u8, recycle_limit: u64) !*Context {
    registry_lock.lock();
    defer registry_lock.unlock();
    _ = directory.reap(base);
    var place = try Directory.lock(base, job);
    var cursor = registry.load(.monotonic);
    while (cursor) |known| : (cursor = known.next) {
        if (!std.mem.eql(u8, known.directory.pathText(), place.pathText())) continue;
        // Without users it is being closed by another thread: we join beside it.
        if (!tryRetain(known)) continue;
        place.close();
        return known;
    }
    errdefer {
        // Nothing half-made stays behind.
        if (!place.anyAlive(null)) {
            place.clear();
            place.remove();
        }
        place.close();
    }
    const self = try join(place, job, recycle_limit);
    self.next = registry.load(.monotonic);
    registry.store(self, .release);
    @import("exit.zig").install();
    place.unlock();
    return self;
}

fn join(place: Directory, job: []const u8, recycle_limit: u64) !*Context {
    const self = try allocator.create(Context);
    errdefer allocator.destroy(self);
    // Everybody died: what they left is not ours to use.
    if (!place.anyAlive(null)) place.clear();
    const control_fd = try file.openExisting(place.fd, "control", flags) orelse try make(place, job);
    errdefer file.close(control_fd);
    self.* = .{ .directory = place, .control_fd = control_fd, .control = try map(control_fd) };
    errdefer _ = linux.munmap(@ptrCast(self.control), @sizeOf(layout.Control));
    try verify(self.header(), job);
    try process.enter(self, recycle_limit);
    return self;
}

const flags: linux.O = .{ .ACCMODE = .RDWR, .CLOEXEC = true, .NOFOLLOW = true };

fn make(place: Directory, job: []const u8) !file.Fd {
    var creating = flags;
    creating.CREAT = true;
    creating.EXCL = true;
    _ = linux.unlinkat(place.fd, "control.new", 0);
    const fd = try file.openat(place.fd, "control.new", creating, 0o600);
    errdefer file.close(fd);
    switches.step("control_created");
    _ = try file.check(linux.ftruncate(fd, @sizeOf(layout.Control)), "ftruncate", "the control file");
    try space.reserve(fd, 0, layout.page * 2);
    try space.reserve(fd, @offsetOf(layout.Control, "index"), @sizeOf(u32) * layout.index_max);
    try space.reserve(fd, @offsetOf(layout.Control, "processes"), @sizeOf([layout.processes_max]layout.Process));
    const control = try map(fd);
    defer _ = linux.munmap(@ptrCast(control), @sizeOf(layout.Control));
    const header = &control.header;
    header.magic = layout.magic;
    header.version = layout.version;
    header.boot_id = identity.bootId();
    header.job_name_length = @intCast(job.len);
    @memcpy(header.job_name[0..job.len], job);
    header.next_file = 1;
    switches.step("control_written");
    _ = try file.check(linux.renameat(place.fd, "control.new", place.fd, "control"), "rename", "the control file");
    switches.step("control_named");
    return fd;
}

fn map(fd: file.Fd) !*layout.Control {
    const found = (try file.facts(fd, "")).?;
    if (found.size != @sizeOf(layout.Control)) return report.fail(error.wrong_version, "the control file has {d} bytes, not {d}.", .{ found.size, @sizeOf(layout.Control) });
    const result = linux.mmap(null, @sizeOf(layout.Control), .{ .READ = true, .WRITE = true }, .{ .TYPE = .SHARED, .NORESERVE = true }, fd, 0);
    const address = try file.check(result, "mmap", "the control file");
    _ = linux.madvise(@ptrFromInt(address), @sizeOf(layout.Control), linux.MADV.DONTDUMP);
    return @ptrFromInt(address);
}

fn verify(header: *const layout.Header, job: []const u8) !void {
    if (!std.mem.eql(u8, &header.magic, &layout.magic)) return report.fail(error.corrupt, "the control file does not begin with its magic.", .{});
    if (header.version != layout.version) return report.fail(error.wrong_version, "the context has layout {d}, this library {d}.", .{ header.version, layout.version });
    const length = header.job_name_length;
    if (length > layout.job_name_max or !std.mem.eql(u8, header.job_name[0..length], job))
        return report.fail(error.corrupt, "the control file belongs to another job.", .{});
}

/// One user more; the caller already keeps the context open.
pub fn retain(self: *Context) void {
    _ = self.users.fetchAdd(1, .monotonic);
}

fn tryRetain(self: *Context) bool {
    var users = self.users.load(.monotonic);
    while (users > 0) users = self.users.cmpxchgWeak(users, users + 1, .monotonic, .monotonic) orelse return true;
    return false;
}

/// One user less; the last one leaves the job, and the last process of a job clears it.
pub fn close(self: *Context) void {
    if (self.users.fetchSub(1, .acq_rel) > 1) return;
    registry_lock.lock();
    defer registry_lock.unlock();
    self.watch.stop(self);
    const locked = self.directory.relock(true);
    unlink(self);
    if (locked) {
        if (self.lock()) {
            var garbage: segment.Garbage = .{};
            process.reapDead(self, &garbage);
            process.leave(self, &garbage);
            self.unlock();
            garbage.empty();
        } else |_| {
            // Its holder is stopped, not dead. Our file's lock goes with this process; the next one clears up.
        }
        if (!self.directory.anyAlive(null) and !switches.off("close_clears")) {
            self.directory.clear();
            self.directory.remove();
        }
        self.directory.unlock();
    }
    file.close(self.process_fd);
    for (&self.locals) |*local| if (local.mapping) |mapping| mapping.release();
    _ = linux.munmap(@ptrCast(self.control), @sizeOf(layout.Control));
    file.close(self.control_fd);
    self.directory.close();
    allocator.destroy(self);
}

fn unlink(self: *Context) void {
    if (registry.load(.monotonic) == self) return registry.store(self.next, .release);
    var cursor = registry.load(.monotonic);
    while (cursor) |entry| : (cursor = entry.next) {
        if (entry.next == self) entry.next = self.next;
    }
}
