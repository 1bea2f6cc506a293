//! A JavaScript thread's access to a loaded model: its requests with their memory, and those that have ended. The thread
//! that loaded the model has one, and so has each that attached; the model goes with the last.
const std = @import("std");
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const Thread = @import("../abi/thread.zig").Thread;
const Mapping = @import("../shm/mapping.zig").Mapping;
const Library = @import("../engine/onnx/library.zig").Library;
const Inbox = @import("inbox.zig").Inbox;
const Model = @import("model.zig").Model;
const Bundle = @import("request.zig").Bundle;
const Request = @import("request.zig").Request;
const State = @import("request.zig").State;
const slots = @import("slots.zig");
const Plan = @import("plan.zig").Plan;
const Part = @import("plan.zig").Part;

const allocator = std.heap.smp_allocator;
/// As many requests as a client can have.
pub const requests_limit = 1 << 18;

/// Bytes of a line of memory as cores exchange it.
const line = 64;
const references_at_once = 1024;
/// How much of an input is made ready to be written again.
const expected_bytes = 4 * line;

/// Requests that share a piece of memory.
pub const Chunk = struct {
    arena: std.heap.ArenaAllocator,
    memory: *Mapping,
    requests: [slots.chunk_requests]*Request,

    fn destroy(self: *Chunk, library: *const Library) void {
        for (self.requests) |request| request.destroy(library);
        self.memory.release();
        self.arena.deinit();
        allocator.destroy(self);
    }
};

const Shared = struct {
    /// One for the handle, one for each request that a replica has, and `Client.spare`.
    references: std.atomic.Value(u32) align(line) = .init(1),
    /// Requests that have ended and that nobody blocks for.
    outbox: Inbox(Bundle, "next") = .{},
    /// A batch of replica number - 1 lacks rows, and this client's thread is to be asked for some.
    hungry: std.atomic.Value(u32) = .init(0),
};

pub const Client = struct {
    pub const kind: handle.Kind = .replica;

    thread: *Thread,
    model: *Model,
    /// What replicas write too, on a line of its own.
    shared: Shared = .{},
    /// Its thread's alone: others have the chunk with the request.
    chunks: std.ArrayList(*Chunk) = .empty,
    /// Taken out and not yet told, oldest first: `ended` from `taken` on, then `bundles`. Only its thread looks.
    ended: Bundle = .{},
    taken: u32 = 0,
    /// References that are counted and that no request has yet.
    spare: u32 = 0,
    bundles: ?*Bundle = null,
    closed: std.atomic.Value(bool) = .init(false),
    parts: [1]Part = undefined,
    /// Of `execute` on its own thread.
    plan: Plan = undefined,

    pub fn create(thread: *Thread, model: *Model) !*Client {
        const self = try allocator.create(Client);
        errdefer allocator.destroy(self);
        self.* = .{ .thread = thread, .model = model };
        self.plan = .{ .parts = &self.parts };
        try model.enter(self);
        _ = thread.retain();
        model.retain();
        for (model.replicas) |*replica| thread.employ(&replica.schedule.seat);
        return self;
    }

    /// Of the handle's object, when it was closed and nobody is inside.
    pub fn drop(object: *anyopaque) void {
        const self: *Client = @ptrCast(@alignCast(object));
        self.leave();
        self.releaseMany(self.spare + 1);
    }

    /// Drops what it has queued, ends what runs for it alone. The model stops with the last client.
    pub fn leave(self: *Client) void {
        if (self.closed.swap(true, .acq_rel)) return;
        for (self.model.replicas) |*replica| {
            const dropped = replica.schedule.withdraw(self);
            if (dropped > 0) self.releaseMany(dropped);
        }
        self.model.exit(self);
    }

    /// A reference for a request that a replica is about to get. Taken in bulk: replicas write the count all the time.
    pub fn retain(self: *Client) void {
        if (self.spare == 0) {
            _ = self.shared.references.fetchAdd(references_at_once, .monotonic);
            self.spare = references_at_once;
        }
        self.spare -= 1;
    }

    pub fn releaseMany(self: *Client, count: u32) void {
        if (self.shared.references.fetchSub(count, .acq_rel) != count) return;
        const library = self.model.library();
        for (self.chunks.items) |chunk| chunk.destroy(library);
        self.chunks.deinit(allocator);
        for (self.model.replicas) |*replica| self.thread.dismiss(&replica.schedule.seat);
        self.model.release();
        self.thread.release();
        allocator.destroy(self);
    }

    /// Makes a chunk of idle requests; returns its number.
    pub fn grow(self: *Client) !u32 {
        const number = self.chunks.items.len;
        if ((number + 1) * slots.chunk_requests > requests_limit) return report.fail(error.queue_full, "{d} requests are under way.", .{requests_limit});
        const chunk = try allocator.create(Chunk);
        errdefer allocator.destroy(chunk);
        chunk.arena = .init(allocator);
        errdefer chunk.arena.deinit();
        for (&chunk.requests, 0..) |*request, index| {
            request.* = try .create(chunk.arena.allocator(), self, chunk, @intCast(number * slots.chunk_requests + index), &self.model.form);
        }
        try self.chunks.ensureUnusedCapacity(allocator, 1);
        chunk.memory = try .anonymous(self.model.slots.size);
        self.chunks.appendAssumeCapacity(chunk);
        return @intCast(number);
    }

    /// The request, if it is in one of `states`.
    pub fn find(self: *Client, number: u32, comptime states: []const State) !*Request {
        if (number / slots.chunk_requests >= self.chunks.items.len) return report.fail(error.invalid_argument, "there is no request {d}.", .{number});
        const request = self.chunks.items[number / slots.chunk_requests].requests[number % slots.chunk_requests];
        // Acquire pairs with the release of who ended it.
        const state = request.state.load(.acquire);
        inline for (states) |allowed| if (state == allowed) return request;
        return report.fail(error.invalid_argument, "request {d} is {s}.", .{ number, @tagName(state) });
    }

    /// From a replica's thread: these have ended. Linked from the newest to the oldest.
    pub fn announce(self: *Client, newest: *Bundle, oldest: *Bundle) void {
        self.shared.outbox.pushChain(newest, oldest);
        self.thread.wake.signal();
    }

    /// From a replica's thread: rows are missing.
    pub fn ask(self: *Client, replica: u32) void {
        self.shared.hungry.store(replica + 1, .release);
        self.thread.wake.signal();
    }

    /// Fills `into` with (number, status) of requests that have ended; returns how many. Those of status 0 are idle again.
    pub fn take(self: *Client, into: anytype) u32 {
        var count: u32 = 0;
        while (count < into.len) : (count += 1) {
            if (self.taken == self.ended.count) self.refill() orelse break;
            const number = self.ended.numbers[self.taken];
            const request = self.requestAt(number);
            const plain = self.ended.plain >> @intCast(self.taken) & 1 == 1;
            self.taken += 1;
            into[count] = .{ .slot = number, .generation = if (plain) 0 else @bitCast(settle(request)) };
            if (plain) request.state.store(.idle, .monotonic);
        }
        return count;
    }

    /// The next bundle, copied: its request may be used again before the last member is looked at.
    fn refill(self: *Client) ?void {
        const bundle = self.bundles orelse self.shared.outbox.takeAll() orelse return null;
        self.bundles = bundle.next;
        self.ended = bundle.*;
        self.taken = 0;
        for (self.ended.numbers[0..self.ended.count]) |number| self.expect(number);
    }

    /// JavaScript reads the outputs next, and what it submits next is likely to be these requests: the misses overlap.
    fn expect(self: *Client, number: u32) void {
        const request = self.requestAt(number);
        @prefetch(&request.next, .{ .rw = .write });
        const memory = self.chunks.items[number / slots.chunk_requests].memory.address;
        for (self.model.slots.outputs) |area| if (area.stride > 0) @prefetch(memory + area.at(number % slots.chunk_requests), .{});
        for (self.model.slots.inputs) |area| {
            const begin = memory + area.at(number % slots.chunk_requests);
            var offset: usize = 0;
            while (offset < @min(area.stride, expected_bytes)) : (offset += line) @prefetch(begin + offset, .{ .rw = .write });
        }
    }

    fn requestAt(self: *Client, number: u32) *Request {
        return self.chunks.items[number / slots.chunk_requests].requests[number % slots.chunk_requests];
    }

    fn settle(request: *Request) i32 {
        if (request.failure != null or !request.plain) {
            request.state.store(.done, .monotonic);
            return if (request.failure) |err| report.status(err) else 1;
        }
        request.state.store(.idle, .monotonic);
        return 0;
    }

    /// True when nothing is left to be asked of a request that has run, and it is idle again.
    pub fn settleNow(_: *Client, request: *Request) bool {
        return settle(request) == 0;
    }

    /// Makes a request that has ended idle again.
    pub fn recycle(self: *Client, request: *Request) void {
        request.clear(self.model.library());
        request.state.store(.idle, .monotonic);
    }
};
