//! Another process of the same program, for what takes two. It does one thing, and ends with 0 when that went well.
const std = @import("std");
const linux = std.os.linux;

pub const Child = struct {
    pid: linux.pid_t,
    /// What the child reads, a byte at a time, when it is to go on.
    to: i32,
    /// What the child writes, a byte at a time, when it has got somewhere.
    from: i32,

    /// `arguments` follow the program's name.
    pub fn start(arguments: []const [*:0]const u8) !Child {
        var down: [2]i32 = undefined;
        var up: [2]i32 = undefined;
        if (linux.errno(linux.pipe2(&down, .{ .CLOEXEC = true })) != .SUCCESS) return error.Pipe;
        if (linux.errno(linux.pipe2(&up, .{ .CLOEXEC = true })) != .SUCCESS) return error.Pipe;
        var list: [8:null]?[*:0]const u8 = @splat(null);
        list[0] = "conformance";
        for (arguments, list[1..][0..arguments.len]) |argument, *place| place.* = argument;
        const pid = linux.fork();
        if (linux.errno(pid) != .SUCCESS) return error.Fork;
        if (pid == 0) {
            // Only system calls from here: other threads may have held any lock.
            _ = linux.dup2(down[0], 0);
            _ = linux.dup2(up[1], 3);
            _ = linux.execve("/proc/self/exe", &list, std.c.environ);
            linux.exit_group(127);
        }
        _ = linux.close(down[0]);
        _ = linux.close(up[1]);
        return .{ .pid = @intCast(pid), .to = down[1], .from = up[0] };
    }

    /// Waits until the child has got somewhere.
    pub fn hear(self: Child) !void {
        var byte: [1]u8 = undefined;
        if (linux.read(self.from, &byte, 1) != 1) return error.ChildEnded;
    }

    pub fn tell(self: Child) void {
        _ = linux.write(self.to, "x", 1);
    }

    pub fn kill(self: Child) void {
        _ = linux.kill(self.pid, .KILL);
    }

    /// What it ended with; a signal: 128 and more.
    pub fn wait(self: Child) u32 {
        var status: u32 = 0;
        while (linux.errno(linux.waitpid(self.pid, &status, 0)) == .INTR) {}
        _ = linux.close(self.to);
        _ = linux.close(self.from);
        const signal = status & 0x7f;
        return if (signal != 0) 128 + signal else (status >> 8) & 0xff;
    }
};

/// In the child: it has got somewhere.
pub fn tellParent() void {
    _ = linux.write(3, "x", 1);
}

/// In the child: waits until it is to go on, or the parent is gone.
pub fn hearParent() void {
    var byte: [1]u8 = undefined;
    _ = linux.read(0, &byte, 1);
}
