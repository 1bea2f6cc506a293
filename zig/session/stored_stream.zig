//! Data of a model as a stream: tensor data, which is the same each time, or a feed, whose elements come one after the
//! other and at the end from the start again.
const std = @import("std");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;
const Stream = @import("stream.zig").Stream;

const allocator = std.heap.smp_allocator;

/// `bytes` lie in `mapping`. Element `i` begins at `offset + i * stride` and has `size` bytes: of data that holds the
/// replicas' parts one after the other, `offset` chooses the part.
pub const Data = struct { mapping: *Mapping, bytes: []const u8, offset: usize = 0, stride: usize, size: usize, count: usize };

const Stored = struct {
    stream: Stream,
    data: Data,
    /// Elements handed out, and how many of them the device has consumed.
    handed: usize = 0,
    consumed: usize = 0,
};

/// Takes the reference to `data.mapping` over, on success.
pub fn create(data: Data) !*Stream {
    if (data.count == 0) return report.fail(error.wrong_size, "a feed without elements feeds nothing.", .{});
    const last = std.math.mul(usize, data.stride, data.count - 1) catch return tooShort(data);
    const end = std.math.add(usize, last, std.math.add(usize, data.offset, data.size) catch return tooShort(data)) catch return tooShort(data);
    if (end > data.bytes.len) return tooShort(data);
    const self = try allocator.create(Stored);
    self.* = .{ .stream = .{ .calls = &calls }, .data = data };
    return &self.stream;
}

fn tooShort(data: Data) anyerror {
    return report.fail(error.out_of_bounds, "{d} elements of {d} bytes reach beyond the data of {d} bytes.", .{ data.count, data.size, data.bytes.len });
}

const calls: Stream.Calls = .{
    .prefetch = &offer,
    .fetch = &fetch,
    .complete = &complete,
    .invalidate = &invalidate,
    .destroy = &destroy,
};

fn of(stream: *Stream) *Stored {
    return @fieldParentPtr("stream", stream);
}

fn offer(stream: *Stream, buffer: []u8) bool {
    fetch(stream, buffer);
    return true;
}

fn fetch(stream: *Stream, buffer: []u8) void {
    const self = of(stream);
    const data = &self.data;
    const index = if (switches.off("feed_advances")) 0 else self.handed % data.count;
    const size = @min(buffer.len, data.size);
    @memcpy(buffer[0..size], data.bytes[data.offset + index * data.stride ..][0..size]);
    @memset(buffer[size..], 0);
    self.handed += 1;
}

fn complete(stream: *Stream) void {
    of(stream).consumed += 1;
}

fn invalidate(stream: *Stream) void {
    if (!switches.off("feed_invalidate")) of(stream).handed = of(stream).consumed;
}

fn destroy(stream: *Stream) void {
    const self = of(stream);
    self.data.mapping.release();
    allocator.destroy(self);
}

fn testData(bytes: []const u8, offset: usize, stride: usize, size: usize, count: usize) !*Stream {
    const mapping = try Mapping.anonymous(bytes.len);
    errdefer mapping.release();
    @memcpy(mapping.slice(), bytes);
    return create(.{ .mapping = mapping, .bytes = mapping.slice(), .offset = offset, .stride = stride, .size = size, .count = count });
}

fn next(stream: *Stream) u8 {
    var buffer: [1]u8 = undefined;
    stream.calls.fetch(stream, &buffer);
    return buffer[0];
}

test "a feed's elements come in order and then again" {
    const feed = try testData("abc", 0, 1, 1, 3);
    defer feed.release();
    for ("abcabca") |byte| {
        try std.testing.expectEqual(byte, next(feed));
        feed.calls.complete(feed);
    }
}

test "elements that were prefetched and dropped come again" {
    const feed = try testData("abc", 0, 1, 1, 3);
    defer feed.release();
    for ("ab") |byte| try std.testing.expectEqual(byte, next(feed));
    feed.calls.complete(feed);
    feed.calls.invalidate(feed);
    for ("bca") |byte| try std.testing.expectEqual(byte, next(feed));
}

test "each replica has its part of every element" {
    const second = try testData("aAbB", 1, 2, 1, 2);
    defer second.release();
    for ("ABA") |byte| try std.testing.expectEqual(byte, next(second));
}

test "elements beyond the data are refused" {
    const cases = [_][4]usize{ .{ 0, 1, 1, 0 }, .{ 0, 1, 1, 4 }, .{ 1, 1, 1, 3 }, .{ 0, std.math.maxInt(usize), 1, 3 }, .{ std.math.maxInt(usize), 1, 1, 1 } };
    for (cases) |case| try std.testing.expect(std.meta.isError(testData("abc", case[0], case[1], case[2], case[3])));
}
