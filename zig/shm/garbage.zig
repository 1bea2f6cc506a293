//! Files that were unlinked under the lock; their memory is given back outside it, where it may take its time.
const std = @import("std");
const file = @import("../os/file.zig");
const stack = @import("../os/stack.zig");
const exit = @import("exit.zig");
const space = @import("space.zig");

pub const Garbage = struct {
    const Item = struct { fd: file.Fd, length: u64 };
    items: [32]Item = undefined,
    count: usize = 0,

    pub fn add(self: *Garbage, fd: file.Fd, length: u64) void {
        if (self.count == self.items.len) return discard(fd, length);
        self.items[self.count] = .{ .fd = fd, .length = length };
        self.count += 1;
    }

    pub fn empty(self: *Garbage) void {
        // A process that is ending starts no thread: it may be in a signal handler.
        if (exit.cleaning.load(.monotonic)) return self.emptyHere();
        for (self.items[0..self.count]) |item| {
            // 64 MiB take some milliseconds.
            if (item.length >= 64 << 20) {
                if (std.Thread.spawn(.{ .stack_size = stack.small }, discard, .{ item.fd, item.length })) |worker| {
                    worker.detach();
                    continue;
                } else |_| {}
            }
            discard(item.fd, item.length);
        }
        self.count = 0;
    }

    pub fn emptyHere(self: *Garbage) void {
        for (self.items[0..self.count]) |item| discard(item.fd, item.length);
        self.count = 0;
    }

    fn discard(fd: file.Fd, length: u64) void {
        // Mappings that other processes keep warm must not keep the memory.
        space.discard(fd, 0, length);
        file.close(fd);
    }
};
