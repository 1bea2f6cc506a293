//! FastIO contexts and what can be asked of them by name.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const block = @import("../abi/block.zig");
const job = @import("../abi/job.zig");
const report = @import("../abi/report.zig");
const layout = @import("../shm/layout.zig");
const shm = @import("../shm/context.zig");
const directory = @import("../shm/directory.zig");
const publication = @import("../shm/publication.zig");
const segment = @import("../shm/segment.zig");
const process = @import("../shm/process.zig");
const allocation = @import("allocation.zig");
const Publication = @import("../cuda/publication.zig").Publication;

const allocator = std.heap.smp_allocator;

/// One `open` of one thread.
pub const Opened = struct {
    pub const kind: handle.Kind = .context;

    context: *shm.Context,
    thread: *Thread,
    /// Calls of `watch` that were not taken back.
    watching: std.atomic.Value(u32) = .init(0),

    fn destroy(object: *anyopaque) void {
        const self: *Opened = @ptrCast(@alignCast(object));
        for (0..self.watching.load(.monotonic)) |_| self.context.watch.remove(self.thread);
        shm.close(self.context);
        self.thread.release();
        allocator.destroy(self);
    }
};

/// Joins a job: `text` holds its name, then the base directory. Results: generation.
pub fn open(t: *Thread, name_length: u32, directory_length: u32, recycle_limit: f64) !i32 {
    const name = try nameIn(t, name_length);
    const base = try baseIn(t, name_length, directory_length);
    const context = try shm.open(std.mem.sliceTo(&base, 0), name, try block.toInteger(recycle_limit));
    errdefer shm.close(context);
    const self = try allocator.create(Opened);
    errdefer allocator.destroy(self);
    self.* = .{ .context = context, .thread = t.retain() };
    errdefer t.release();
    const opened = try handle.open(.context, t.id, self, Opened.destroy);
    t.block.results[0] = @floatFromInt(opened.generation);
    return @intCast(opened.slot);
}

/// Closes this thread's allocations and GPU tensors of the context, then the context.
pub fn close(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Opened, slot, generation);
    defer pinned.release();
    try handle.close(.context, slot, generation);
    handle.closeMatching(.cuda_publication, t.id, pinned.ptr, Publication.madeBy);
    handle.closeMatching(.allocation, t.id, pinned.ptr, allocation.Allocation.madeBy);
    return 0;
}

/// New memory: an allocation's handle. Results: see `allocation.give`.
pub fn create(t: *Thread, slot: u32, generation: u32, size: f64, uninitialized: u32) !i32 {
    const pinned = try handle.pin(Opened, slot, generation);
    defer pinned.release();
    const options: segment.Options = .{ .size = try block.toInteger(size), .uninitialized = uninitialized != 0 };
    return allocation.give(t, pinned.ptr, pinned.ptr.context, try segment.create(pinned.ptr.context, options));
}

const Creation = struct {
    opened: handle.Pinned(Opened),
    generation: u32,
    options: segment.Options,
    made: ?segment.Reference = null,

    fn run(object: *anyopaque) anyerror!void {
        const self: *Creation = @ptrCast(@alignCast(object));
        self.made = try segment.create(self.opened.ptr.context, self.options);
    }

    fn deliver(object: *anyopaque, t: *Thread) anyerror!i32 {
        const self: *Creation = @ptrCast(@alignCast(object));
        // Closed meanwhile: nobody would ever close what we give. `destroy` drops it.
        const still = try handle.pin(Opened, self.opened.slot, self.generation);
        defer still.release();
        const made = self.made.?;
        self.made = null;
        return allocation.give(t, self.opened.ptr, self.opened.ptr.context, made);
    }

    fn destroy(object: *anyopaque) void {
        const self: *Creation = @ptrCast(@alignCast(object));
        if (self.made) |unwanted| segment.drop(self.opened.ptr.context, unwanted) catch {};
        self.opened.release();
        allocator.destroy(self);
    }
};

/// As `create`, off the JavaScript thread: a job's handle.
pub fn createJob(t: *Thread, slot: u32, generation: u32, size: f64, uninitialized: u32) !i32 {
    const options: segment.Options = .{ .size = try block.toInteger(size), .uninitialized = uninitialized != 0 };
    const pinned = try handle.pin(Opened, slot, generation);
    const self = allocator.create(Creation) catch |err| {
        pinned.release();
        return err;
    };
    // From here on `Creation.destroy` gives the pin back, also when the job does not start.
    self.* = .{ .opened = pinned, .generation = generation, .options = options };
    const started = try job.start(t, self, Creation.run, Creation.deliver, Creation.destroy);
    t.block.results[0] = @floatFromInt(started.generation);
    return @intCast(started.slot);
}

/// A new reference to what is published as the name in `text`. Results: see `allocation.give`, then element type, rank,
/// length of the attributes (left in `text`); `values`: dimensions.
pub fn get(t: *Thread, slot: u32, generation: u32, name_length: u32) !i32 {
    const pinned = try handle.pin(Opened, slot, generation);
    defer pinned.release();
    const name = try nameIn(t, name_length);
    var attributes: [layout.attributes_max]u8 align(8) = undefined;
    const found = try publication.get(pinned.ptr.context, name, &attributes);
    if (found.element_type & layout.on_gpu != 0) {
        segment.drop(pinned.ptr.context, found.reference) catch {};
        return report.fail(error.gpu_tensor, "\"{s}\" is a tensor on a GPU.", .{name});
    }
    const result = try allocation.give(t, pinned.ptr, pinned.ptr.context, found.reference);
    t.block.results[4] = @floatFromInt(found.element_type);
    t.block.results[5] = @floatFromInt(found.rank);
    t.block.results[6] = @floatFromInt(found.attributes_length);
    for (found.dimensions[0..found.rank], t.block.values[0..found.rank]) |from, *to| to.* = @floatFromInt(from);
    @memcpy(t.block.text[0..found.attributes_length], attributes[0..found.attributes_length]);
    return result;
}

/// 1 when the name in `text` is published.
pub fn has(t: *Thread, slot: u32, generation: u32, name_length: u32) !i32 {
    const pinned = try handle.pin(Opened, slot, generation);
    defer pinned.release();
    return @intFromBool(try publication.has(pinned.ptr.context, try nameIn(t, name_length)));
}

/// Names from record `start` on, each behind its length in two bytes. Returns the bytes; results: where to go on, or -1.
pub fn list(t: *Thread, slot: u32, generation: u32, start: u32) !i32 {
    const pinned = try handle.pin(Opened, slot, generation);
    defer pinned.release();
    var written: usize = 0;
    const next = try publication.list(pinned.ptr.context, start, &t.block.text, &written);
    t.block.results[0] = if (next) |record| @floatFromInt(record) else -1;
    return @intCast(written);
}

/// Changes with every publication: what a waiter polls. 31 bits.
pub fn sequence(_: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Opened, slot, generation);
    defer pinned.release();
    return @intCast(pinned.ptr.context.header().sequence.load(.acquire) >> 1);
}

/// Wakes this thread when publications change, from now on. `on` 0 takes one such call back.
pub fn watch(t: *Thread, slot: u32, generation: u32, on: u32) !i32 {
    const pinned = try handle.pin(Opened, slot, generation);
    defer pinned.release();
    const context = pinned.ptr.context;
    // Another thread's handle: its waits are its own.
    if (pinned.ptr.thread != t) return report.fail(error.wrong_thread, "the context {d}.{d} belongs to another thread.", .{ slot, generation });
    if (on != 0) {
        try context.watch.add(context, t);
        _ = pinned.ptr.watching.fetchAdd(1, .monotonic);
    } else if (pinned.ptr.watching.load(.monotonic) > 0) {
        _ = pinned.ptr.watching.fetchSub(1, .monotonic);
        context.watch.remove(t);
    }
    return 0;
}

/// Adds to the job's totals of bytes copied into (`direction` 0) and out of (1) shared memory.
pub fn count(_: *Thread, slot: u32, generation: u32, direction: u32, bytes: f64) !i32 {
    const pinned = try handle.pin(Opened, slot, generation);
    defer pinned.release();
    const header = pinned.ptr.context.header();
    const amount = try block.toInteger(bytes);
    switch (direction) {
        0 => _ = header.bytes_copied_in.fetchAdd(amount, .monotonic),
        1 => _ = header.bytes_copied_out.fetchAdd(amount, .monotonic),
        else => return report.fail(error.invalid_argument, "direction {d} is neither 0 (in) nor 1 (out).", .{direction}),
    }
    return 0;
}

/// Results: publications, segments, their bytes, recyclable segments, their bytes, processes, bytes published, copied
/// in, copied out.
pub fn stats(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Opened, slot, generation);
    defer pinned.release();
    const context = pinned.ptr.context;
    const header = context.header();
    var segments: u64 = 0;
    var bytes: u64 = 0;
    var recyclable: u64 = 0;
    var recyclable_bytes: u64 = 0;
    for (context.control.segments[0..segment.end(context)]) |*entry| switch (@as(layout.Segment.State, @enumFromInt(entry.state.load(.monotonic)))) {
        .free, _ => {},
        .recyclable => {
            recyclable += 1;
            recyclable_bytes +|= entry.capacity;
        },
        else => {
            segments += 1;
            bytes +|= entry.size;
        },
    };
    const numbers = [_]u64{
        header.published,                        segments,                                bytes,
        recyclable,                              recyclable_bytes,                        process.liveCount(context),
        header.bytes_published.load(.monotonic), header.bytes_copied_in.load(.monotonic), header.bytes_copied_out.load(.monotonic),
    };
    for (numbers, t.block.results[0..numbers.len]) |number, *to| to.* = @floatFromInt(number);
    return 0;
}

/// Gives back what dead members of the context held.
pub fn reapMembers(_: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try handle.pin(Opened, slot, generation);
    defer pinned.release();
    const context = pinned.ptr.context;
    var garbage: segment.Garbage = .{};
    defer garbage.empty();
    try context.lock();
    defer context.unlock();
    const before = process.liveCount(context);
    process.reapDead(context, &garbage);
    return @intCast(before - process.liveCount(context));
}

/// Clears the jobs of this user, below the directory in `text`, in which nobody lives; returns how many.
pub fn reapJobs(t: *Thread, directory_length: u32) !i32 {
    const base = try baseIn(t, 0, directory_length);
    return @intCast(directory.reap(std.mem.sliceTo(&base, 0)));
}

/// The name at the start of the text, after its check.
pub fn nameIn(t: *Thread, length: u32) ![]const u8 {
    if (length == 0 or length > layout.name_max) return report.fail(error.invalid_name, "the name has {d} bytes.", .{length});
    const name = try t.block.input(0, length);
    if (std.mem.indexOfScalar(u8, name, 0) != null) return report.fail(error.invalid_name, "the name contains NUL.", .{});
    if (!std.unicode.utf8ValidateSlice(name)) return report.fail(error.invalid_name, "the name is not UTF-8.", .{});
    return name;
}

fn baseIn(t: *Thread, offset: u32, length: u32) ![directory.path_max:0]u8 {
    if (length == 0 or length >= directory.path_max - 64) return report.fail(error.invalid_argument, "the directory's path has {d} bytes.", .{length});
    const text = try t.block.input(offset, length);
    if (std.mem.indexOfScalar(u8, text, 0) != null) return report.fail(error.invalid_argument, "the directory's path contains NUL.", .{});
    var out: [directory.path_max:0]u8 = @splat(0);
    @memcpy(out[0..text.len], text);
    return out;
}
