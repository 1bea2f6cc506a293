//! A job of its own for one native test, below a directory of its own.
const std = @import("std");
const linux = std.os.linux;
const contexts = @import("context.zig");
const layout = @import("layout.zig");
const file = @import("../os/file.zig");
const publication = @import("publication.zig");
const record = @import("record.zig");
const segment = @import("segment.zig");

var made: u32 = 0;

pub const Job = struct {
    base: [64:0]u8,
    context: *contexts.Context,

    pub fn init() !Job {
        return initWith(1 << 20);
    }

    pub fn initWith(recycle_limit: u64) !Job {
        var self: Job = .{ .base = @splat(0), .context = undefined };
        made += 1;
        _ = try std.fmt.bufPrint(&self.base, "/dev/shm/millrace-native-{d}-{d}", .{ linux.getpid(), made });
        _ = linux.mkdirat(linux.AT.FDCWD, self.path(), 0o700);
        self.context = try contexts.open(self.path(), "job", recycle_limit);
        return self;
    }

    fn path(self: *const Job) [:0]const u8 {
        return std.mem.sliceTo(&self.base, 0);
    }

    /// Closes the job; fails when anything is left.
    pub fn deinit(self: *Job) !void {
        contexts.close(self.context);
        if (linux.errno(linux.rmdir(self.path())) != .SUCCESS) return error.LeftBehind;
    }

    /// Files of the job's directory whose names begin with `kind`.
    pub fn files(self: *Job, kind: u8) !usize {
        const list = try file.openat(self.context.directory.fd, ".", .{ .ACCMODE = .RDONLY, .DIRECTORY = true }, 0);
        defer file.close(list);
        var names: file.Names = .{ .fd = list };
        var count: usize = 0;
        while (names.next()) |name| count += @intFromBool(name[0] == kind);
        return count;
    }

    pub fn create(self: *Job, size: u64) !segment.Reference {
        return segment.create(self.context, .{ .size = size, .uninitialized = false });
    }

    pub fn publish(self: *Job, reference: segment.Reference, name: []const u8, replace: bool) !void {
        return publication.publish(self.context, reference, name, about(reference.size), replace);
    }

    pub fn get(self: *Job, name: []const u8) !segment.Reference {
        var attributes: [layout.attributes_max]u8 align(8) = undefined;
        return (try publication.get(self.context, name, &attributes)).reference;
    }

    pub fn drop(self: *Job, reference: segment.Reference) !void {
        return segment.drop(self.context, reference);
    }

    /// Hides the names, then gives the reference back.
    pub fn free(self: *Job, reference: segment.Reference) !void {
        try publication.free(self.context, reference);
        return self.drop(reference);
    }
};

fn about(size: u64) record.Metadata {
    var dimensions: [layout.rank_max]u64 = @splat(0);
    dimensions[0] = size;
    return .{ .element_type = 1, .rank = 1, .dimensions = dimensions, .attributes = "" };
}
