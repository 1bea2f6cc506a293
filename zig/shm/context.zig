//! A process's membership in a job: the mapped control file, its slot in the process table, and the lock under which
//! the tables change. One per process and job, shared by all its threads.
const std = @import("std");
const layout = @import("layout.zig");
const file = @import("../os/file.zig");
const identity = @import("../os/identity.zig");
const futex = @import("../os/futex.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const Directory = @import("directory.zig").Directory;
const directory = @import("directory.zig");
const control_file = @import("control_file.zig");
const Mapping = @import("mapping.zig").Mapping;
const space = @import("space.zig");
const process = @import("process.zig");
const segment = @import("segment.zig");
const table_lock = @import("lock.zig");
const exit = @import("exit.zig");
const Watch = @import("watch.zig").Watch;

const allocator = std.heap.smp_allocator;
const directory_attempts = 10_000;

/// What this process keeps of a segment that it made: the shared mapping, which recycling uses again.
pub const Local = struct { file: u64 = 0, mapping: ?*Mapping = null };

pub const Context = struct {
    directory: Directory,
    control_fd: file.Fd,
    process_fd: file.Fd = -1,
    control: *layout.Control,
    /// This process's slot, and the number its file is named after.
    slot: u32 = process.entering,
    process_file: u64 = 0,
    /// What the lock's word is while we hold it.
    lock_identity: u32 = 0,
    /// We hold the directory's lock: nobody else is entering or leaving.
    holds_directory: std.atomic.Value(bool) = .init(true),
    /// Handles of this process.
    users: std.atomic.Value(u32) = .init(1),
    next: std.atomic.Value(?*Context) = .init(null),
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

    /// Takes the lock of the tables.
    pub fn lock(self: *Context) !void {
        return table_lock.take(self);
    }

    pub fn unlock(self: *Context) void {
        table_lock.release(self);
    }

    /// The publications are about to change: readers without the lock will look again.
    pub fn begin(self: *Context) void {
        const sequence = &self.header().sequence;
        // Sequentially consistent: pairs with `publication.get` taking a reference and reading the sequence after it.
        // Odd before only when memory was damaged; it changes all the same.
        _ = sequence.swap((sequence.load(.monotonic) +% 1) | 1, .seq_cst);
    }

    pub fn commit(self: *Context) void {
        const sequence = &self.header().sequence;
        // From odd to even, or from even to even when one store was the whole change.
        _ = sequence.swap((sequence.load(.monotonic) +% 2) & ~@as(u32, 1), .seq_cst);
        if (self.header().waiters.load(.seq_cst) > 0) futex.wakeShared(sequence, std.math.maxInt(u31));
    }

    /// Backs part of the control file with memory before it is touched.
    pub fn reserve(self: *Context, address: *const anyopaque, length: usize) !void {
        const offset = @intFromPtr(address) - @intFromPtr(self.control);
        const start = std.mem.alignBackward(usize, offset, layout.page);
        try space.reserve(self.control_fd, start, std.mem.alignForward(usize, offset + length, layout.page) - start);
    }

    fn lockDirectory(self: *Context, attempts: usize) bool {
        if (!self.directory.relock(attempts)) return false;
        self.holds_directory.store(true, .monotonic);
        return true;
    }

    fn unlockDirectory(self: *Context) void {
        self.holds_directory.store(false, .monotonic);
        self.directory.unlock();
    }

    /// From a signal handler or at exit: system calls only, and no waiting beyond a second. What it cannot do, the next
    /// process does on the proof of death.
    pub fn abandon(self: *Context) void {
        // Others may be ending too: one signal ends a whole group.
        if (!self.lockDirectory(1000)) return;
        if (process.anyOtherAlive(self)) {
            if (table_lock.tryTake(self, 200)) {
                var garbage: segment.Garbage = .{};
                process.leave(self, &garbage);
                self.unlock();
                garbage.empty();
            }
        } else for (0..100) |_| {
            // Another thread may just be making a file; from now on it is refused the lock.
            self.directory.clear();
            if (self.directory.remove()) break;
        }
        self.unlockDirectory();
    }
};

var registry_lock: futex.Mutex = .{};
/// Read by the signal handler without the lock; entries are unlinked before they are freed.
pub var registry: std.atomic.Value(?*Context) = .init(null);

/// Joins the job, making its directory if need be. Clears what dead jobs of this user left below `base`.
pub fn open(base: [:0]const u8, job: []const u8, recycle_limit: u64) !*Context {
    registry_lock.lock();
    defer registry_lock.unlock();
    if (exit.cleaning.load(.seq_cst)) return report.fail(error.closed, "the process is ending.", .{});
    _ = directory.reap(base);
    var place = try Directory.lock(base, job);
    var cursor = registry.load(.monotonic);
    while (cursor) |known| : (cursor = known.next.load(.monotonic)) {
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
            _ = place.remove();
        }
        place.close();
    }
    const self = try join(place, job, recycle_limit);
    self.next.store(registry.load(.monotonic), .monotonic);
    registry.store(self, .seq_cst);
    exit.install();
    self.unlockDirectory();
    return self;
}

fn join(place: Directory, job: []const u8, recycle_limit: u64) !*Context {
    const self = try allocator.create(Context);
    errdefer allocator.destroy(self);
    // Everybody died: what they left is not ours to use.
    if (!place.anyAlive(null)) place.clear();
    const control_fd = try control_file.open(&place, job);
    errdefer file.close(control_fd);
    self.* = .{ .directory = place, .control_fd = control_fd, .control = try control_file.map(control_fd) };
    errdefer control_file.unmap(self.control);
    try control_file.verify(&self.control.header, job);
    try process.enter(self, recycle_limit);
    return self;
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
    if (self.lockDirectory(directory_attempts)) {
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
            _ = self.directory.remove();
        }
        self.unlockDirectory();
    }
    unlink(self);
    // Whoever cleans up at the end of the process found it in the registry and may be using it.
    if (exit.cleaning.load(.seq_cst)) return;
    file.close(self.process_fd);
    for (&self.locals) |*local| if (local.mapping) |mapping| mapping.release();
    control_file.unmap(self.control);
    file.close(self.control_fd);
    self.directory.close();
    allocator.destroy(self);
}

/// Sequentially consistent: pairs with `exit.clean`, which says that it cleans before it reads the registry.
fn unlink(self: *Context) void {
    const next = self.next.load(.monotonic);
    if (registry.load(.monotonic) == self) return registry.store(next, .seq_cst);
    var cursor = registry.load(.monotonic);
    while (cursor) |entry| : (cursor = entry.next.load(.monotonic)) {
        if (entry.next.load(.monotonic) == self) entry.next.store(next, .seq_cst);
    }
}
