//! What an importer holds of another process's memory: a reference to the publication, which keeps the owner from freeing it, and
//! the means to find out that the owner is dead, when nothing can be promised any more.
const std = @import("std");
const futex = @import("../os/futex.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const process = @import("../shm/process.zig");
const segment = @import("../shm/segment.zig");
const shm = @import("../shm/context.zig");

const allocator = std.heap.smp_allocator;
/// A look is three system calls (4 us): each use of the memory looks, but not more often than this.
const recent_ns = std.time.ns_per_ms;

pub const Lease = struct {
    context: *shm.Context,
    reference: segment.Reference,
    /// The number of the owner's file, which no other process is ever given.
    owner: u64,
    looked_ns: std.atomic.Value(u64) = .init(0),
    lost: std.atomic.Value(bool) = .init(false),

    /// Takes the reference over, unless it fails.
    pub fn create(context: *shm.Context, reference: segment.Reference, owner: u64) !*Lease {
        const self = try allocator.create(Lease);
        shm.retain(context);
        self.* = .{ .context = context, .reference = reference, .owner = owner };
        return self;
    }

    /// Fails when the owner is dead. `fresh`: looks, however recently somebody did.
    pub fn require(self: *Lease, fresh: bool) !void {
        if (self.isOwnerAlive(fresh) or switches.off("owner_lost")) return;
        return report.fail(error.owner_lost, "the process that published this memory has ended.", .{});
    }

    fn isOwnerAlive(self: *Lease, fresh: bool) bool {
        if (self.lost.load(.monotonic)) return false;
        const now = futex.now();
        if (!fresh and now -| self.looked_ns.load(.monotonic) < recent_ns) return true;
        if (process.fileAlive(self.context, self.owner)) {
            self.looked_ns.store(now, .monotonic);
            return true;
        }
        self.lost.store(true, .monotonic);
        return false;
    }

    /// The memory has been closed: the owner may free it.
    pub fn end(self: *Lease) void {
        // Fails only when the tables' lock cannot be had; our row then gives the reference back when we leave.
        segment.drop(self.context, self.reference) catch {};
        shm.close(self.context);
        allocator.destroy(self);
    }
};
