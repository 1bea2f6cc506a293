//! A stream of a program, connected: what the driver calls, led to what answers.
const std = @import("std");
const drivers = @import("../driver/poplar/table.zig");
const Stream = @import("stream.zig").Stream;

const allocator = std.heap.smp_allocator;

pub const Connection = struct {
    handle: [:0]const u8,
    replica: u32,
    stream: *Stream,
    /// Bytes of one transfer; known once applied.
    size: usize,
    /// The engine has been told. It calls whatever it was told last, so what this one replaced lives until then.
    applied: bool = false,
    replaces: ?*Connection = null,

    /// Takes the reference to `stream` over, on success.
    pub fn create(handle: []const u8, replica: u32, size: usize, stream: *Stream) !*Connection {
        const self = try allocator.create(Connection);
        errdefer allocator.destroy(self);
        self.* = .{ .handle = try allocator.dupeZ(u8, handle), .replica = replica, .stream = stream, .size = size };
        return self;
    }

    pub fn destroy(self: *Connection) void {
        self.forgetReplaced();
        self.stream.release();
        allocator.free(self.handle);
        allocator.destroy(self);
    }

    pub fn forgetReplaced(self: *Connection) void {
        if (self.replaces) |old| old.destroy();
        self.replaces = null;
    }

    pub fn isOf(self: *const Connection, handle: []const u8, replica: u32) bool {
        return self.replica == replica and std.mem.eql(u8, self.handle, handle);
    }

    pub fn apply(self: *Connection, table: *const drivers.Table, engine: *drivers.Engine) drivers.Status {
        const callbacks: drivers.Callbacks = .{
            .prefetch = if (self.stream.calls.prefetch == null) null else &prefetch,
            .fetch = &fetch,
            .complete = &complete,
            .invalidate_prefetched = &invalidate,
            .interrupt = &interrupt,
        };
        return table.engine_connect_callbacks(engine, self.handle, self.replica, &callbacks, self);
    }
};

fn of(context: ?*anyopaque) *Connection {
    return @ptrCast(@alignCast(context.?));
}

fn prefetch(context: ?*anyopaque, buffer: [*]u8) callconv(.c) i32 {
    const self = of(context);
    return if (self.stream.calls.prefetch.?(self.stream, buffer[0..self.size])) 0 else 1;
}

fn fetch(context: ?*anyopaque, buffer: [*]u8) callconv(.c) void {
    const self = of(context);
    self.stream.calls.fetch(self.stream, buffer[0..self.size]);
}

fn complete(context: ?*anyopaque) callconv(.c) void {
    const self = of(context);
    self.stream.calls.complete(self.stream);
}

fn invalidate(context: ?*anyopaque) callconv(.c) void {
    const self = of(context);
    self.stream.calls.invalidate(self.stream);
}

fn interrupt(context: ?*anyopaque) callconv(.c) void {
    const self = of(context);
    self.stream.calls.interrupt(self.stream);
}
