//! The empty callback: zeros for what a device reads, nothing for what it writes.
const std = @import("std");
const switches = @import("../os/switches.zig");
const Stream = @import("stream.zig").Stream;

const allocator = std.heap.smp_allocator;

const Empty = struct { stream: Stream };

/// `to_device`: the device reads it.
pub fn create(to_device: bool) !*Stream {
    const self = try allocator.create(Empty);
    self.* = .{ .stream = .{ .calls = if (to_device) &zeros else &nothing } };
    return &self.stream;
}

const zeros: Stream.Calls = .{ .prefetch = &fillAhead, .fetch = &fill, .destroy = &destroy };
const nothing: Stream.Calls = .{ .fetch = &ignore, .destroy = &destroy };

fn fillAhead(stream: *Stream, buffer: []u8) bool {
    fill(stream, buffer);
    return true;
}

fn fill(_: *Stream, buffer: []u8) void {
    @memset(buffer, if (switches.off("empty_zeros")) 1 else 0);
}

fn ignore(_: *Stream, _: []u8) void {}

fn destroy(stream: *Stream) void {
    allocator.destroy(@as(*Empty, @fieldParentPtr("stream", stream)));
}

test "an input under the empty callback reads zeros" {
    const input = try create(true);
    defer input.release();
    var buffer: [16]u8 = @splat(0xff);
    input.calls.fetch(input, &buffer);
    try std.testing.expectEqual(@as([16]u8, @splat(0)), buffer);
    buffer = @splat(0xff);
    try std.testing.expect(input.calls.prefetch.?(input, &buffer));
    try std.testing.expectEqual(@as([16]u8, @splat(0)), buffer);
}

test "an output under the empty callback is dropped" {
    const output = try create(false);
    defer output.release();
    var buffer: [4]u8 = .{ 1, 2, 3, 4 };
    output.calls.fetch(output, &buffer);
    try std.testing.expectEqual([4]u8{ 1, 2, 3, 4 }, buffer);
}
