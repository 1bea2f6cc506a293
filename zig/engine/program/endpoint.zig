//! One stream of one replica: what it is connected to, and how far the host is ahead of the program.
const std = @import("std");
const poplar = @import("../../driver/poplar/table.zig");

pub const Endpoint = struct {
    /// The stream's number in the plan, and the replica's.
    stream: u32,
    replica: u32,
    connection: Connection = .none,
    /// Elements prefetched and not yet consumed; the oldest is in slot `head`.
    buffered: u32 = 0,
    head: u32 = 0,
    /// The element after those was not available ahead: it is fetched when the program comes to it.
    refused: bool = false,
    /// A fetch has begun and was not completed.
    fetching: bool = false,

    pub const Connection = union(enum) {
        none,
        memory: Memory,
        callbacks: struct { calls: poplar.Callbacks, context: ?*anyopaque },
    };

    /// The host's memory, used in turns from its beginning.
    pub const Memory = struct {
        bytes: []u8,
        at: usize = 0,

        pub fn read(self: *Memory, into: []u8) void {
            var done: usize = 0;
            while (done < into.len) {
                const piece = @min(into.len - done, self.bytes.len - self.at);
                @memcpy(into[done..][0..piece], self.bytes[self.at..][0..piece]);
                done += piece;
                self.advance(piece);
            }
        }

        pub fn write(self: *Memory, from: []const u8) void {
            var done: usize = 0;
            while (done < from.len) {
                const piece = @min(from.len - done, self.bytes.len - self.at);
                @memcpy(self.bytes[self.at..][0..piece], from[done..][0..piece]);
                done += piece;
                self.advance(piece);
            }
        }

        fn advance(self: *Memory, piece: usize) void {
            self.at += piece;
            if (self.at == self.bytes.len) self.at = 0;
        }
    };

    /// What could be asked for ahead.
    pub fn offersAhead(self: *const Endpoint) bool {
        return self.connection == .callbacks and self.connection.callbacks.calls.prefetch != null;
    }

    /// Drops what was not completed; the host offers it again.
    pub fn invalidate(self: *Endpoint) void {
        const outstanding = self.buffered > 0 or self.fetching;
        self.buffered = 0;
        self.head = 0;
        self.refused = false;
        self.fetching = false;
        if (!outstanding or self.connection != .callbacks) return;
        const host = self.connection.callbacks;
        host.calls.invalidate_prefetched(host.context);
    }
};

test "memory is read and written in turns, also where an element crosses its end" {
    var bytes = [_]u8{ 1, 2, 3, 4, 5 };
    var memory: Endpoint.Memory = .{ .bytes = &bytes };
    var element: [3]u8 = undefined;
    memory.read(&element);
    try std.testing.expectEqualSlices(u8, &.{ 1, 2, 3 }, &element);
    memory.read(&element);
    try std.testing.expectEqualSlices(u8, &.{ 4, 5, 1 }, &element);
    memory.write(&.{ 9, 8, 7 });
    memory.write(&.{ 6, 5 });
    try std.testing.expectEqualSlices(u8, &.{ 5, 9, 8, 7, 6 }, &bytes);
}
