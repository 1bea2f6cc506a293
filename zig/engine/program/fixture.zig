//! Makes containers and records what an engine asks of the host, for the tests of this folder.
const std = @import("std");
const containers = @import("container.zig");
const poplar = @import("../../driver/poplar/table.zig");
const futex = @import("../../os/futex.zig");
const Engine = @import("engine.zig").Engine;

const allocator = std.testing.allocator;

/// The bytes of a container; the caller frees.
pub fn pack(plan: []const u8, graph: []const u8) ![]u8 {
    const padded = std.mem.alignForward(usize, plan.len, 64);
    const bytes = try allocator.alloc(u8, containers.header_size + padded + graph.len);
    @memset(bytes, ' ');
    @memcpy(bytes[0..8], containers.magic);
    std.mem.writeInt(u32, bytes[8..12], containers.container_version, .little);
    std.mem.writeInt(u32, bytes[12..16], containers.step_list_version, .little);
    std.mem.writeInt(u64, bytes[16..24], padded, .little);
    std.mem.writeInt(u64, bytes[24..32], graph.len, .little);
    @memcpy(bytes[64..][0..plan.len], plan);
    @memcpy(bytes[bytes.len - graph.len ..], graph);
    bytes[32..64].* = containers.packageHash(bytes[8..16].*, graph);
    return bytes;
}

/// A loaded engine with what it stands on.
pub const Loaded = struct {
    bytes: []u8,
    container: *containers.Container,
    engine: *Engine,

    pub fn create(plan: []const u8, graph: []const u8, options: []const poplar.Option) !Loaded {
        const bytes = try pack(plan, graph);
        errdefer allocator.free(bytes);
        const container = try allocator.create(containers.Container);
        errdefer allocator.destroy(container);
        container.* = try .open(allocator, bytes, .{});
        errdefer container.close();
        const engine: *Engine = try .create(allocator, container, options);
        errdefer engine.destroy();
        try engine.load();
        return .{ .bytes = bytes, .container = container, .engine = engine };
    }

    pub fn destroy(self: Loaded) void {
        self.engine.destroy();
        self.container.close();
        allocator.destroy(self.container);
        allocator.free(self.bytes);
    }
};

/// What the engine did, in order: `pi` prefetch of stream i, `pi!` one that was not available, `fi` fetch, `ci` complete,
/// `xi` invalidate, `s` sync.
pub const Record = struct {
    text: std.ArrayList(u8) = .empty,
    lock: futex.Mutex = .{},

    pub fn add(self: *Record, comptime format: []const u8, args: anytype) void {
        self.lock.lock();
        defer self.lock.unlock();
        if (self.text.items.len > 0) self.text.append(allocator, ' ') catch unreachable;
        self.text.print(allocator, format, args) catch unreachable;
    }

    pub fn expect(self: *Record, expected: []const u8) !void {
        try std.testing.expectEqualStrings(expected, self.text.items);
        self.text.clearRetainingCapacity();
    }

    pub fn destroy(self: *Record) void {
        self.text.deinit(allocator);
    }

    pub fn sync(context: ?*anyopaque, _: *Engine) anyerror!void {
        const self: *Record = @ptrCast(@alignCast(context.?));
        self.add("s", .{});
    }
};

/// A host's end of a stream of bytes: the k-th element that it gives is k, and it notes the elements that it gets. As a
/// queue does, it keeps an element until it is completed.
pub const Feed = struct {
    record: *Record,
    name: u8,
    completed: u8 = 0,
    /// Given and not completed.
    given: u8 = 0,
    /// Elements that there are.
    available: u8 = 255,
    /// Waits in prefetch and fetch for elements, until `interrupt`.
    waits: bool = false,
    arrived: std.atomic.Value(u32) = .init(0),
    interrupted: std.atomic.Value(u32) = .init(0),
    got: std.ArrayList(u8) = .empty,

    pub const to_device: poplar.Callbacks = .{ .prefetch = prefetch, .fetch = fetch, .complete = complete, .invalidate_prefetched = invalidate, .interrupt = interrupt };
    pub const from_device: poplar.Callbacks = .{ .prefetch = null, .fetch = take, .complete = complete, .invalidate_prefetched = invalidate, .interrupt = interrupt };

    pub fn destroy(self: *Feed) void {
        self.got.deinit(allocator);
    }

    fn of(context: ?*anyopaque) *Feed {
        return @ptrCast(@alignCast(context.?));
    }

    fn prefetch(context: ?*anyopaque, buffer: [*]u8) callconv(.c) i32 {
        const self = of(context);
        if (self.waits) self.wait();
        const there = self.completed + self.given < self.available;
        self.record.add("p{c}{s}", .{ self.name, if (there) "" else "!" });
        if (!there) return 1;
        self.give(buffer);
        return 0;
    }

    fn fetch(context: ?*anyopaque, buffer: [*]u8) callconv(.c) void {
        const self = of(context);
        if (self.waits) self.wait();
        self.record.add("f{c}", .{self.name});
        self.give(buffer);
    }

    fn wait(self: *Feed) void {
        self.arrived.store(1, .release);
        while (self.completed + self.given >= self.available and self.interrupted.load(.acquire) == 0) futex.pause();
    }

    fn give(self: *Feed, buffer: [*]u8) void {
        self.given += 1;
        buffer[0] = self.completed + self.given;
    }

    fn take(context: ?*anyopaque, buffer: [*]u8) callconv(.c) void {
        const self = of(context);
        self.record.add("f{c}", .{self.name});
        self.got.append(allocator, buffer[0]) catch unreachable;
    }

    fn complete(context: ?*anyopaque) callconv(.c) void {
        const self = of(context);
        self.record.add("c{c}", .{self.name});
        if (self.given == 0) return;
        self.given -= 1;
        self.completed += 1;
    }

    fn invalidate(context: ?*anyopaque) callconv(.c) void {
        const self = of(context);
        self.record.add("x{c}", .{self.name});
        self.given = 0;
    }

    fn interrupt(context: ?*anyopaque) callconv(.c) void {
        of(context).interrupted.store(1, .release);
    }
};
