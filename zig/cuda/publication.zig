//! Memory of this process that is published by name. The publication keeps the memory: it ends when it was closed, which hides
//! its names, and no other process holds it any more.
const std = @import("std");
const handle = @import("../abi/handle.zig");
const futex = @import("../os/futex.zig");
const stack = @import("../os/stack.zig");
const switches = @import("../os/switches.zig");
const layout = @import("../shm/layout.zig");
const names = @import("../shm/publication.zig");
const process = @import("../shm/process.zig");
const segment = @import("../shm/segment.zig");
const shm = @import("../shm/context.zig");
const Memory = @import("memory.zig").Memory;

const allocator = std.heap.smp_allocator;
/// Milliseconds between two looks at who holds what was closed.
const pause_ms = 5;

pub const Publication = struct {
    pub const kind: handle.Kind = .cuda_publication;

    context: *shm.Context,
    /// The `open` that it came through; for comparison only: it may be gone.
    opened: *const anyopaque,
    reference: segment.Reference,
    memory: *Memory,
    read_only: bool,
    // Under `lock`.
    next: ?*Publication = null,
    closed: bool = false,

    /// Takes the reference over, unless it fails.
    pub fn create(context: *shm.Context, opened: *const anyopaque, reference: segment.Reference, memory: *Memory, read_only: bool) !*Publication {
        const self = try allocator.create(Publication);
        shm.retain(context);
        self.* = .{ .context = context, .opened = opened, .reference = reference, .memory = memory.retain(), .read_only = read_only };
        lock.lock();
        defer lock.unlock();
        self.next = registry;
        registry = self;
        return self;
    }

    pub fn madeBy(object: *anyopaque, opened: *anyopaque) bool {
        return @as(*Publication, @ptrCast(@alignCast(object))).opened == @as(*const anyopaque, opened);
    }

    /// Nobody finds it from now on.
    pub fn hide(self: *Publication) !void {
        if (!switches.off("gpu_free_hides")) try names.free(self.context, self.reference);
    }

    /// How many other processes hold it.
    pub fn importers(self: *Publication) u32 {
        if (switches.off("gpu_importers")) return 0;
        const context = self.context;
        var count: u32 = 0;
        for (0..process.processEnd(context)) |index| {
            const row: u32 = @intCast(index);
            if (row == context.slot) continue;
            if (context.control.processes[row].state.load(.acquire) != layout.Process.live) continue;
            // Sequentially consistent: pairs with `segment.hold` of a reader, who looks at the sequence number after it, which
            // `hide` has changed before this. One of the two sees the other.
            if (context.control.references[row][self.reference.slot].load(.seq_cst) == 0) continue;
            if (process.alive(context, row)) count += 1;
        }
        return count;
    }

    /// The handle was closed. What importers still hold lives on until they are done.
    pub fn drop(object: *anyopaque) void {
        const self: *Publication = @ptrCast(@alignCast(object));
        // Fails only when the tables' lock cannot be had: then the name goes when the process leaves the job.
        self.hide() catch {};
        lock.lock();
        self.closed = true;
        lock.unlock();
        sweep();
    }

    fn end(self: *Publication) void {
        segment.drop(self.context, self.reference) catch {};
        self.memory.release();
        shm.close(self.context);
        allocator.destroy(self);
    }
};

var lock: futex.Mutex = .{};
/// All that have not ended.
var registry: ?*Publication = null;
var sweeping = false;

/// What this process published there, retained.
pub fn find(context: *shm.Context, reference: segment.Reference) ?struct { memory: *Memory, read_only: bool } {
    lock.lock();
    defer lock.unlock();
    var known = registry;
    while (known) |one| : (known = one.next) {
        if (one.context != context or one.reference.slot != reference.slot or one.reference.generation != reference.generation) continue;
        return .{ .memory = one.memory.retain(), .read_only = one.read_only };
    }
    return null;
}

/// Ends those that were closed and that nobody holds; a thread looks after the others.
fn sweep() void {
    if (!endUnused()) return;
    lock.lock();
    defer lock.unlock();
    if (sweeping) return;
    const thread = std.Thread.spawn(.{ .stack_size = stack.small }, attend, .{}) catch return;
    thread.detach();
    sweeping = true;
}

fn attend() void {
    while (true) {
        for (0..pause_ms) |_| futex.pause();
        if (endUnused()) continue;
        lock.lock();
        defer lock.unlock();
        // Closed meanwhile: whoever did it saw that somebody is here.
        if (anyClosed()) continue;
        sweeping = false;
        return;
    }
}

/// True when some that were closed are still held.
fn endUnused() bool {
    var ended: ?*Publication = null;
    defer while (ended) |one| {
        ended = one.next;
        one.end();
    };
    lock.lock();
    defer lock.unlock();
    var place: *?*Publication = &registry;
    while (place.*) |one| {
        if (!one.closed or one.importers() > 0) {
            place = &one.next;
            continue;
        }
        place.* = one.next;
        one.next = ended;
        ended = one;
    }
    return anyClosed();
}

fn anyClosed() bool {
    var known = registry;
    while (known) |one| : (known = one.next) if (one.closed) return true;
    return false;
}
