//! Wakes a JavaScript thread that sleeps in its event loop: one byte on a Unix socket that Bun reads. The name is
//! abstract (nothing is left on disk) and random; the peer must be this process. A byte is written only when
//! JavaScript has said that it sleeps, so a busy thread costs no system call.
const std = @import("std");
const linux = std.os.linux;
const report = @import("../abi/report.zig");
const Mutex = @import("../os/futex.zig").Mutex;

/// Room for foreign processes that connect before JavaScript does; they are turned away.
const backlog = 16;

pub const Wake = struct {
    listener: std.atomic.Value(i32) = .init(-1),
    /// Under `lock`: a byte must not go to a number that was closed and given to another file meanwhile.
    socket: i32 = -1,
    lock: Mutex = .{},
    /// JavaScript sets it before it sleeps; whoever clears it writes the byte.
    armed: std.atomic.Value(bool) = .init(false),

    /// Makes the listening socket and writes its name (without the leading NUL) to `name`; returns the name's length.
    pub fn listen(self: *Wake, name: []u8) !u32 {
        const fd = try call("socket", linux.socket(linux.AF.UNIX, linux.SOCK.STREAM | linux.SOCK.CLOEXEC | linux.SOCK.NONBLOCK, 0));
        errdefer _ = linux.close(fd);
        var random: [12]u8 = undefined;
        _ = linux.getrandom(&random, random.len, 0);
        const hex = std.fmt.bytesToHex(random, .lower);
        const text = std.fmt.bufPrint(name, "millrace-wake-{s}", .{&hex}) catch unreachable;
        var address: linux.sockaddr.un = .{ .path = @splat(0) };
        @memcpy(address.path[1..][0..text.len], text);
        const length: linux.socklen_t = @intCast(@offsetOf(linux.sockaddr.un, "path") + 1 + text.len);
        _ = try call("bind", linux.bind(fd, @ptrCast(&address), length));
        _ = try call("listen", linux.listen(fd, backlog));
        const previous = self.listener.swap(fd, .acq_rel);
        if (previous >= 0) _ = linux.close(previous);
        return @intCast(text.len);
    }

    /// Takes the connection that JavaScript opened. False: not there yet. Foreign peers are turned away.
    pub fn accept(self: *Wake) !bool {
        const listener = self.listener.load(.acquire);
        if (listener < 0) return report.fail(error.invalid_argument, "nothing listens for a wake socket.", .{});
        while (true) {
            const result = linux.accept4(listener, null, null, linux.SOCK.CLOEXEC | linux.SOCK.NONBLOCK);
            if (linux.errno(result) == .AGAIN) return false;
            const fd = try call("accept", result);
            if (!ownProcess(fd)) {
                _ = linux.close(fd);
                continue;
            }
            self.listener.store(-1, .release);
            _ = linux.close(listener);
            self.replaceSocket(fd);
            return true;
        }
    }

    pub fn arm(self: *Wake) void {
        // Sequentially consistent: pairs with `signal`. Either it sees the flag, or JavaScript's re-check after this
        // sees what was completed.
        self.armed.store(true, .seq_cst);
    }

    pub fn disarm(self: *Wake) void {
        self.armed.store(false, .monotonic);
    }

    pub fn signal(self: *Wake) void {
        if (!self.armed.load(.seq_cst) or !self.armed.swap(false, .seq_cst)) return;
        self.lock.lock();
        defer self.lock.unlock();
        if (self.socket < 0) return;
        // A full socket means that a wake is already under way; EPIPE that the thread is gone. Neither is an error.
        _ = linux.sendto(self.socket, "!", 1, linux.MSG.NOSIGNAL | linux.MSG.DONTWAIT, null, 0);
    }

    pub fn close(self: *Wake) void {
        const listener = self.listener.swap(-1, .acq_rel);
        if (listener >= 0) _ = linux.close(listener);
        self.replaceSocket(-1);
    }

    fn replaceSocket(self: *Wake, fd: i32) void {
        self.lock.lock();
        defer self.lock.unlock();
        if (self.socket >= 0) _ = linux.close(self.socket);
        self.socket = fd;
    }
};

fn ownProcess(fd: i32) bool {
    const Credentials = extern struct { pid: i32, uid: u32, gid: u32 };
    var credentials: Credentials = undefined;
    var length: linux.socklen_t = @sizeOf(Credentials);
    const result = linux.getsockopt(fd, linux.SOL.SOCKET, linux.SO.PEERCRED, @ptrCast(&credentials), &length);
    return linux.errno(result) == .SUCCESS and credentials.pid == linux.getpid();
}

fn call(name: []const u8, result: usize) !i32 {
    const number = linux.errno(result);
    if (number != .SUCCESS) return report.system(name, "the wake socket", number);
    return @intCast(@as(isize, @bitCast(result)));
}
