//! Memory and events of other processes. A handle says whose file to open through /proc, and where in it to look; the
//! owner's list says whether it is there still.
const std = @import("std");
const linux = std.os.linux;
const arena = @import("arena.zig");
const Arena = @import("arena.zig").Arena;
const exports = @import("exports.zig");
const failure = @import("failure.zig");
const Mutex = @import("../../os/futex.zig").Mutex;

const allocator = std.heap.smp_allocator;

pub const What = enum(u32) { memory = 0x6d65_6d31, event = 0x6576_7431, _ };

/// The 64 bytes of a handle.
pub const Handle = extern struct {
    what: What,
    pid: i32,
    fd: i32,
    /// Of the owner's list.
    index: u32,
    nonce: u64,
    id: u64,
    ordinal: u32,
    unused: [28]u8 = @splat(0),

    pub fn of(owner: *const Arena, what: What, index: usize, id: u64, ordinal: c_int) Handle {
        return .{
            .what = what,
            .pid = owner.directory.pid,
            .fd = owner.fd,
            .index = @intCast(index),
            .nonce = owner.directory.nonce,
            .id = id,
            .ordinal = @intCast(ordinal),
        };
    }
};

comptime {
    if (@sizeOf(Handle) != 64) @compileError("a handle has 64 bytes");
}

/// What this process has of another one: its file, and its list.
pub const Import = struct {
    references: std.atomic.Value(u32) = .init(1),
    fd: i32,
    directory: []align(arena.page) u8,
    handle: Handle,
    /// How often the memory was opened and not closed.
    opened: u32 = 1,

    pub fn open(bytes: *const [64]u8, what: What) failure.Failure!*Import {
        var handle: Handle = undefined;
        @memcpy(std.mem.asBytes(&handle), bytes);
        if (handle.what != what) return failure.fail(.invalid_handle);
        if (handle.pid == linux.getpid()) return failure.say(.invalid_context, "the process that exports a handle cannot open it", .{});
        var path_memory: [64]u8 = undefined;
        const path = std.fmt.bufPrintZ(&path_memory, "/proc/{d}/fd/{d}", .{ handle.pid, handle.fd }) catch return failure.fail(.invalid_handle);
        const result = linux.open(path.ptr, .{ .ACCMODE = .RDWR, .CLOEXEC = true }, 0);
        if (linux.errno(result) != .SUCCESS) return failure.say(.map_failed, "the memory of process {d} cannot be opened: {s}", .{ handle.pid, @tagName(linux.errno(result)) });
        const fd: i32 = @intCast(result);
        errdefer _ = linux.close(fd);
        if (!isLongEnough(fd)) return failure.fail(.map_failed);
        const directory = try arena.mapFile(fd, 0, @sizeOf(exports.Directory));
        errdefer _ = linux.munmap(directory.ptr, directory.len);
        const owner: *exports.Directory = @ptrCast(directory.ptr);
        if (!owner.isOf(handle.pid, handle.nonce)) return failure.say(.map_failed, "the process that exported the handle is gone", .{});
        if (handle.index >= exports.memories_max) return failure.fail(.invalid_handle);
        const self = try allocator.create(Import);
        self.* = .{ .fd = fd, .directory = directory, .handle = handle };
        return self;
    }

    pub fn retain(self: *Import) void {
        _ = self.references.fetchAdd(1, .monotonic);
    }

    pub fn release(self: *Import) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        _ = linux.munmap(self.directory.ptr, self.directory.len);
        _ = linux.close(self.fd);
        allocator.destroy(self);
    }

    pub fn list(self: *Import) *exports.Directory {
        return @ptrCast(self.directory.ptr);
    }

    /// The owner's entry, as long as it is what the handle means.
    pub fn memory(self: *Import) failure.Failure!*exports.Memory {
        const entry = &self.list().memories[self.handle.index];
        if (entry.id.load(.acquire) != self.handle.id) return failure.say(.map_failed, "the memory was freed", .{});
        return entry;
    }

    pub fn event(self: *Import) failure.Failure!*exports.Event {
        const entry = &self.list().events[self.handle.index];
        if (entry.id.load(.acquire) != self.handle.id) return failure.say(.map_failed, "the event was destroyed", .{});
        return entry;
    }

    pub fn isSame(self: *const Import, bytes: *const [64]u8) bool {
        return std.mem.eql(u8, std.mem.asBytes(&self.handle), bytes);
    }
};

/// A number that another file of the process got since is no reason to fall over its end.
fn isLongEnough(fd: i32) bool {
    var statx: linux.Statx = undefined;
    if (linux.errno(linux.statx(fd, "", linux.AT.EMPTY_PATH, linux.STATX.BASIC_STATS, &statx)) != .SUCCESS) return false;
    return statx.size >= @sizeOf(exports.Directory);
}
