//! A JavaScript callback as a stream. The device's thread asks through the exchange and waits; the callback sees memory of
//! the stream's own, so that nothing it keeps reaches the device's buffer.
const std = @import("std");
const futex = @import("../os/futex.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;
const Exchange = @import("exchange.zig").Exchange;
const Stream = @import("stream.zig").Stream;

const allocator = std.heap.smp_allocator;

pub const UserStream = struct {
    stream: Stream = .{ .calls = &calls },
    exchange: *Exchange,
    /// By which JavaScript knows the callback.
    key: u32,
    to_device: bool,
    /// What the callback sees. Replaced once somebody else holds it: a callback that moved its view away keeps what was in
    /// it, and sees nothing of later calls.
    memory: *Mapping,
    /// Under the exchange's lock, as is `next`.
    request: u32 = 0,
    next: ?*UserStream = null,
    state: std.atomic.Value(u32) = .init(idle),
    interrupted: std.atomic.Value(bool) = .init(false),

    const idle = 0;
    const asking = 1;
    const answered = 2;
    const cancelled = 3;

    pub fn create(exchange: *Exchange, key: u32, to_device: bool, size: usize) !*Stream {
        const memory = try Mapping.anonymous(size);
        errdefer memory.release();
        const self = try allocator.create(UserStream);
        self.* = .{ .exchange = exchange.retain(), .key = key, .to_device = to_device, .memory = memory };
        return &self.stream;
    }

    /// The callback has returned.
    pub fn answer(self: *UserStream) void {
        // Release pairs with the acquire in `awaitAnswer`: the bytes that JavaScript wrote are seen.
        if (self.state.cmpxchgStrong(asking, answered, .release, .monotonic) == null) futex.wakePrivate(&self.state, 1);
    }

    /// False: interrupted.
    fn awaitAnswer(self: *UserStream) bool {
        // Sequentially consistent, as is the store of `asking`: pairs with `interrupt`. Either it sees that we ask, or we see
        // the flag.
        if (self.interrupted.load(.seq_cst)) return false;
        while (true) {
            // Acquire pairs with the release in `answer`.
            const seen = self.state.load(.acquire);
            if (seen != asking) return seen == answered;
            futex.waitPrivate(&self.state, asking, null);
        }
    }

    fn ownMemory(self: *UserStream) void {
        if (self.memory.references.load(.acquire) == 1) return;
        const fresh = Mapping.anonymous(self.memory.length) catch return;
        self.memory.release();
        self.memory = fresh;
    }
};

const calls: Stream.Calls = .{
    .fetch = &fetch,
    .interrupt = &interrupt,
    .proceed = &proceed,
    .destroy = &destroy,
};

fn of(stream: *Stream) *UserStream {
    return @fieldParentPtr("stream", stream);
}

fn fetch(stream: *Stream, buffer: []u8) void {
    const self = of(stream);
    const size = @min(buffer.len, self.memory.length);
    self.ownMemory();
    if (!self.to_device) @memcpy(self.memory.slice()[0..size], buffer[0..size]);
    self.state.store(UserStream.asking, .seq_cst);
    self.exchange.ask(self);
    const served = self.awaitAnswer();
    self.exchange.withdraw(self);
    self.state.store(UserStream.idle, .monotonic);
    if (!self.to_device) return;
    if (served) @memcpy(buffer[0..size], self.memory.slice()[0..size]) else @memset(buffer, 0);
}

fn interrupt(stream: *Stream) void {
    const self = of(stream);
    self.interrupted.store(true, .seq_cst);
    if (self.state.cmpxchgStrong(UserStream.asking, UserStream.cancelled, .seq_cst, .monotonic) == null) futex.wakePrivate(&self.state, 1);
}

fn proceed(stream: *Stream) void {
    of(stream).interrupted.store(false, .release);
}

fn destroy(stream: *Stream) void {
    const self = of(stream);
    self.memory.release();
    self.exchange.release();
    allocator.destroy(self);
}
