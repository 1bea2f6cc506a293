//! Who has an IPU: whoever has bound its abstract Unix socket. The kernel refuses a second bind, in any process of the
//! network namespace, and gives the name back when the owner closes it or dies. Nothing is on disk.
const std = @import("std");
const linux = std.os.linux;
const Mutex = @import("../../os/futex.zig").Mutex;
const futex = @import("../../os/futex.zig");
const file = @import("../../os/file.zig");
const report = @import("../../abi/report.zig");

const allocator = std.heap.smp_allocator;

pub const name_max = 48;
const path_max = 107;
/// How often a name is asked for again that only a process on its way to `exec` can still hold, a millisecond apart.
const attempts_max = 50;
/// As often while nobody says that it is theirs.
const unlabelled_max = 5;

pub const Claim = struct {
    /// Bound to the IPU's name.
    fd: i32,
    /// Bound to a name that tells the owner's pid, for messages: `/proc/net/unix` lists names, not owners.
    label: i32,

    /// Null: another owner has it.
    pub fn take(system: []const u8, ipu: u32) !?Claim {
        var memory: [path_max]u8 = undefined;
        const path = name(&memory, system, ipu, null);
        taking.lock();
        defer taking.unlock();
        var attempt: u32 = 0;
        const fd = while (attempt < attempts_max) : (attempt += 1) {
            if (try bind(path)) |fd| break fd;
            if (isHeldHere(path)) return null;
            // A child that was forked here and has not reached its `exec` holds copies of what was closed since; so
            // does one of a process that died. No owner: it was given back meanwhile, or its label is not there yet.
            if (holder(system, ipu)) |owner| {
                if (owner != linux.getpid() and !isGone(owner)) return null;
            } else if (attempt >= unlabelled_max) return null;
            futex.pause();
        } else return null;
        errdefer file.close(fd);
        var label_memory: [path_max]u8 = undefined;
        // Only for messages: a stale one of the same number does no harm.
        const label = (try bind(name(&label_memory, system, ipu, @intCast(linux.getpid())))) orelse -1;
        errdefer file.close(label);
        try held.append(allocator, .{ .fd = fd, .hash = hashOf(path) });
        return .{ .fd = fd, .label = label };
    }

    pub fn give(self: Claim) void {
        taking.lock();
        defer taking.unlock();
        for (held.items, 0..) |one, index| if (one.fd == self.fd) {
            _ = held.swapRemove(index);
            break;
        };
        file.close(self.label);
        file.close(self.fd);
    }
};

/// The pid of the process that has the IPU; null when nobody does or it cannot be told.
pub fn holder(system: []const u8, ipu: u32) ?i32 {
    var memory: [path_max]u8 = undefined;
    const label = name(&memory, system, ipu, 0);
    const prefix = label[0 .. label.len - 1];
    const fd = (file.openExisting(linux.AT.FDCWD, "/proc/net/unix", .{ .CLOEXEC = true }) catch return null) orelse return null;
    defer file.close(fd);
    var buffer: [8192]u8 = undefined;
    var kept: usize = 0;
    while (true) {
        const count = linux.read(fd, buffer[kept..].ptr, buffer.len - kept);
        if (linux.errno(count) != .SUCCESS or count == 0) return null;
        const text = buffer[0 .. kept + count];
        if (std.mem.find(u8, text, prefix)) |at| {
            const digits = text[at + prefix.len ..];
            if (std.mem.findScalar(u8, digits, '\n')) |end| return std.fmt.parseInt(i32, digits[0..end], 10) catch null;
        }
        // A name may lie across two reads.
        const tail = text[text.len -| 2 * path_max..];
        kept = tail.len;
        std.mem.copyForwards(u8, buffer[0..kept], tail);
    }
}

const Held = struct { fd: i32, hash: u64 };

/// What this process holds, and the lock under which it is taken and given back.
var held: std.ArrayList(Held) = .empty;
var taking: Mutex = .{};

fn isHeldHere(path: []const u8) bool {
    const hash = hashOf(path);
    for (held.items) |one| if (one.hash == hash) return true;
    return false;
}

fn hashOf(path: []const u8) u64 {
    return std.hash.Wyhash.hash(0, path);
}

fn isGone(pid: i32) bool {
    return linux.errno(linux.kill(pid, @enumFromInt(0))) == .SRCH;
}

/// Users do not share IPUs by accident: the name carries their number.
fn name(memory: *[path_max]u8, system: []const u8, ipu: u32, owner: ?u32) []const u8 {
    std.debug.assert(system.len <= name_max);
    const path = std.fmt.bufPrint(memory, "millrace-ipu/{d}/{s}/{d}", .{ linux.getuid(), system, ipu }) catch unreachable;
    const pid = owner orelse return path;
    const rest = std.fmt.bufPrint(memory[path.len..], "/of/{d}", .{pid}) catch unreachable;
    return memory[0 .. path.len + rest.len];
}

/// A socket that nobody connects to. Null: the name is taken.
fn bind(path: []const u8) !?i32 {
    const fd: i32 = @intCast(try file.check(linux.socket(linux.AF.UNIX, linux.SOCK.DGRAM | linux.SOCK.CLOEXEC, 0), "socket", "an IPU"));
    errdefer file.close(fd);
    var address: linux.sockaddr.un = .{ .path = @splat(0) };
    @memcpy(address.path[1..][0..path.len], path);
    const length: linux.socklen_t = @intCast(@offsetOf(linux.sockaddr.un, "path") + 1 + path.len);
    const result = linux.bind(fd, @ptrCast(&address), length);
    if (linux.errno(result) == .ADDRINUSE) {
        file.close(fd);
        return null;
    }
    _ = try file.check(result, "bind", "an IPU");
    return fd;
}

test "one owner at a time, who can be named, and whose claim goes when it is given back" {
    const system = "claim-test";
    const first = (try Claim.take(system, 3)).?;
    try std.testing.expectEqual(null, try Claim.take(system, 3));
    try std.testing.expectEqual(linux.getpid(), holder(system, 3).?);
    const other = (try Claim.take(system, 4)).?;
    other.give();
    first.give();
    try std.testing.expectEqual(null, holder(system, 3));
    const again = (try Claim.take(system, 3)).?;
    again.give();
    held.clearAndFree(allocator);
}
