//! A stream-ordered pool: memory that was freed stays with it, up to a threshold, and is handed out again. Each allocation
//! has a window of its own; a driver cuts larger pieces, which nobody can see.
const std = @import("std");
const api = @import("../../driver/cuda/api.zig");
const Mutex = @import("../../os/futex.zig").Mutex;
const Block = @import("block.zig").Block;
const Device = @import("device.zig").Device;
const failure = @import("failure.zig");
const handles = @import("handles.zig");
const memory = @import("memory.zig");
const OfDevice = @import("stream.zig").OfDevice;
const quarantine = @import("quarantine.zig");
const ranges = @import("ranges.zig");
const Stream = @import("stream.zig").Stream;
const Window = @import("block.zig").Window;

const Attribute = api.types.MemPoolAttribute;
const allocator = std.heap.smp_allocator;
const large = 1 << 20;

/// Without the devices' default pools.
pub var open: handles.Table(Pool) = .{};

pub const Pool = struct {
    /// The handle's, or the device's for its default pool; and one for each block.
    references: std.atomic.Value(u32) = .init(1),
    device: *Device,
    handle: usize,
    /// 0: none.
    max_size: u64,
    lock: Mutex = .{},
    threshold: u64 = 0,
    used: u64 = 0,
    used_high: u64 = 0,
    reserved: u64 = 0,
    reserved_high: u64 = 0,
    reuse: [3]c_int = @splat(1),
    /// Nobody has the handle any more: nothing is kept.
    closed: bool = false,
    cached: std.ArrayList(Window) = .empty,
    /// Blocks that were freed and whose memory is not back, because a stream has not come so far.
    returning: std.atomic.Value(u32) = .init(0),

    pub fn create(device: *Device, max_size: u64) failure.Failure!*Pool {
        const self = try allocator.create(Pool);
        self.* = .{ .device = device, .handle = handles.fresh(), .max_size = max_size };
        return self;
    }

    pub fn retain(self: *Pool) void {
        _ = self.references.fetchAdd(1, .monotonic);
    }

    pub fn release(self: *Pool) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        self.trimTo(0);
        self.cached.deinit(allocator);
        allocator.destroy(self);
    }

    pub fn close(self: *Pool) void {
        self.lock.lock();
        self.closed = true;
        self.lock.unlock();
        self.trimTo(0);
        self.release();
    }

    pub fn allocate(self: *Pool, size: u64, stream: *Stream) failure.Failure!u64 {
        if (size == 0) return failure.fail(.invalid_value);
        const bytes = classOf(try memory.rounded(size));
        // Before the first look: what comes back between the two is seen by the second.
        const returning = self.returning.load(.acquire) != 0;
        const window = self.reused(bytes) orelse found: {
            // On a card what this stream frees can be had again on it at once; here once it has got there.
            if (returning) {
                stream.drain();
                if (self.reused(bytes)) |window| break :found window;
            }
            break :found try self.grown(bytes);
        };
        const block = allocator.create(Block) catch {
            self.keep(window);
            return error.OutOfMemory;
        };
        self.retain();
        block.* = .{
            .kind = .pooled,
            .device = self.device,
            .address = @intFromPtr(window.bytes.ptr),
            .size = @intCast(size),
            .id = handles.fresh(),
            .window = window,
            .pool = self,
            .state = .init(.pending),
        };
        errdefer {
            _ = self.returning.fetchAdd(1, .acq_rel);
            block.release();
        }
        block.retain();
        _ = stream.push(.{ .begin_life = block }) catch |err| {
            block.release();
            return err;
        };
        if (!try ranges.add(block)) return failure.fail(.unknown);
        self.lock.lock();
        defer self.lock.unlock();
        self.used += bytes;
        self.used_high = @max(self.used_high, self.used);
        return block.address;
    }

    fn reused(self: *Pool, bytes: u64) ?Window {
        self.lock.lock();
        defer self.lock.unlock();
        for (self.cached.items, 0..) |window, index| if (window.bytes.len == std.mem.alignForward(u64, bytes, 4096)) return self.cached.swapRemove(index);
        return null;
    }

    fn grown(self: *Pool, bytes: u64) failure.Failure!Window {
        {
            self.lock.lock();
            defer self.lock.unlock();
            if (self.max_size != 0 and self.reserved + bytes > self.max_size) return failure.fail(.out_of_memory);
        }
        self.device.take(bytes) catch |err| {
            // What is kept for later is no reason to have none now.
            self.trimTo(0);
            self.device.take(bytes) catch return err;
        };
        const window = memory.openWindow(self.device, bytes) catch |err| {
            self.device.give(bytes);
            return err;
        };
        self.lock.lock();
        defer self.lock.unlock();
        self.reserved += classOf(bytes);
        self.reserved_high = @max(self.reserved_high, self.reserved);
        return window;
    }

    /// A block's memory, when nothing refers to the block any more; with the block's reference to the pool.
    pub fn recycle(self: *Pool, window: Window) void {
        self.keep(window);
        _ = self.returning.fetchSub(1, .acq_rel);
        self.release();
    }

    fn keep(self: *Pool, window: Window) void {
        self.lock.lock();
        defer self.lock.unlock();
        if (!self.closed) if (self.cached.append(allocator, window)) return else |_| {};
        self.drop(window);
    }

    /// Under the lock.
    fn drop(self: *Pool, window: Window) void {
        const bytes = classOfWindow(window);
        window.arena.punch(window.offset, window.bytes.len);
        quarantine.add(window.bytes);
        self.reserved -= bytes;
        self.device.give(bytes);
    }

    /// Gives back what is not in use until no more than `bytes` are reserved.
    pub fn trimTo(self: *Pool, bytes: u64) void {
        self.lock.lock();
        defer self.lock.unlock();
        while (self.reserved > bytes) self.drop(self.cached.pop() orelse return);
    }

    pub fn trim(self: *Pool) void {
        self.trimTo(self.threshold);
    }

    /// The stream has got to where a block of a pool is freed. Takes the table's reference; the caller's stays.
    pub fn endLife(block: *Block) void {
        const self = block.pool.?;
        if (block.state.swap(.dead, .acq_rel) == .dead) return;
        {
            self.lock.lock();
            defer self.lock.unlock();
            self.used -= classOfWindow(block.window.?);
        }
        if (ranges.take(block.address, Same{ .block = block })) |same| same.release();
    }

    pub fn attribute(self: *Pool, wanted: Attribute, value: *anyopaque) failure.Failure!void {
        self.lock.lock();
        defer self.lock.unlock();
        if (reuseIndex(wanted)) |index| {
            @as(*c_int, @ptrCast(@alignCast(value))).* = self.reuse[index];
            return;
        }
        @as(*u64, @ptrCast(@alignCast(value))).* = switch (wanted) {
            .release_threshold => self.threshold,
            .reserved_mem_current => self.reserved,
            .reserved_mem_high => self.reserved_high,
            .used_mem_current => self.used,
            .used_mem_high => self.used_high,
            else => return failure.fail(.invalid_value),
        };
    }

    pub fn setAttribute(self: *Pool, wanted: Attribute, value: *anyopaque) failure.Failure!void {
        self.lock.lock();
        defer self.lock.unlock();
        if (reuseIndex(wanted)) |index| {
            self.reuse[index] = @intFromBool(@as(*c_int, @ptrCast(@alignCast(value))).* != 0);
            return;
        }
        const number = @as(*u64, @ptrCast(@alignCast(value))).*;
        switch (wanted) {
            .release_threshold => self.threshold = number,
            .reserved_mem_high, .used_mem_high => {
                if (number != 0) return failure.fail(.invalid_value);
                if (wanted == .reserved_mem_high) self.reserved_high = self.reserved else self.used_high = self.used;
            },
            else => return failure.fail(.invalid_value),
        }
    }
};

const Same = struct {
    block: *Block,

    pub fn accepts(self: Same, block: *const Block) bool {
        return block == self.block;
    }
};

fn reuseIndex(attribute: Attribute) ?usize {
    return switch (attribute) {
        .reuse_follow_event_dependencies => 0,
        .reuse_allow_opportunistic => 1,
        .reuse_allow_internal_dependencies => 2,
        else => null,
    };
}

/// What an allocation takes of its pool, so that others of about its size fit there later.
fn classOf(bytes: u64) u64 {
    if (bytes > large) return std.mem.alignForward(u64, bytes, 2 << 20);
    return @max(4096, std.math.ceilPowerOfTwoAssert(u64, bytes));
}

fn classOfWindow(window: Window) u64 {
    return window.bytes.len;
}

/// A pool's memory is freed when the stream gets there; a second time is an error at once.
pub fn freeAsync(address: u64, stream: *Stream) failure.Failure!void {
    const block = ranges.find(address) orelse return failure.fail(.invalid_value);
    defer block.release();
    if (block.kind != .pooled or block.address != address) return failure.fail(.invalid_value);
    const pool = block.pool.?;
    if (block.given_back.swap(true, .acq_rel)) return failure.fail(.invalid_value);
    errdefer block.given_back.store(false, .release);
    block.retain();
    errdefer block.release();
    _ = pool.returning.fetchAdd(1, .acq_rel);
    errdefer _ = pool.returning.fetchSub(1, .acq_rel);
    _ = try stream.push(.{ .end_life = block });
}

/// By cuMemFree: at once, whatever streams have been given. What touches it later breaks the device.
pub fn free(block: *Block, address: u64) failure.Failure!void {
    if (block.address != address or block.given_back.swap(true, .acq_rel)) return failure.fail(.invalid_value);
    _ = block.pool.?.returning.fetchAdd(1, .acq_rel);
    Pool.endLife(block);
}

/// A block that was taken out of the table.
pub fn abandonBlock(block: *Block) void {
    if (!block.given_back.swap(true, .acq_rel)) _ = block.pool.?.returning.fetchAdd(1, .acq_rel);
    Pool.endLife(block);
    block.release();
}

/// The device's own pool.
pub fn defaultOf(device: *Device) failure.Failure!*Pool {
    device.lock.lock();
    defer device.lock.unlock();
    if (device.default_pool == null) device.default_pool = try Pool.create(device, 0);
    return device.default_pool.?;
}

/// The pool of a handle, retained.
pub fn of(handle: ?*const anyopaque) failure.Failure!*Pool {
    if (open.get(handle)) |pool| return pool;
    const system = @import("system.zig");
    if (system.defaultPool(@intFromPtr(handle))) |pool| {
        pool.retain();
        return pool;
    }
    return failure.fail(.invalid_value);
}

/// What happens at each synchronisation: pools give back what is beyond their threshold.
pub fn trimAll(device: *Device) void {
    open.lock.lock();
    var entries = open.objects.valueIterator();
    while (entries.next()) |pool| if (pool.*.device == device) pool.*.trim();
    open.lock.unlock();
    device.lock.lock();
    const default = device.default_pool;
    device.lock.unlock();
    if (default) |pool| pool.trim();
}

pub fn abandon(device: *Device) u64 {
    var count: u64 = 0;
    while (open.takeAny(OfDevice{ .device = device })) |pool| : (count += 1) pool.close();
    return count;
}
