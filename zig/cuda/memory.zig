//! Memory of a device, by reference count. It is freed by the device's thread when nobody refers to it, commands included.
const std = @import("std");
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const api = @import("../driver/cuda/api.zig");
const commands = @import("command.zig");
const Device = @import("device.zig").Device;
const Lease = @import("lease.zig").Lease;
const Stream = @import("stream.zig").Stream;

const allocator = std.heap.smp_allocator;

pub const Memory = struct {
    pub const kind: handle.Kind = .cuda_memory;

    device: *Device,
    address: u64,
    size: u64,
    origin: Origin,
    /// Streams and kernels may not write to it.
    read_only: bool = false,
    references: std.atomic.Value(u32) = .init(1),
    /// Of memory of the pool: the ticket of its stream before which it is not there.
    born: u64 = 0,
    ending: commands.Command = undefined,

    pub const Origin = union(enum) {
        /// cuMemAlloc: other processes can open it.
        plain,
        /// Of the pool, in the order of a stream, which is kept for freeing.
        pooled: *Stream,
        /// Counted as the pool's, where the driver has no pools.
        counted: *Stream,
        /// Another process's; with a lease when it was published by name.
        imported: ?*Lease,
        /// What this process has published itself.
        original: *Memory,
    };

    /// On the device's thread: plain memory, outside of the pool.
    pub fn allocate(device: *Device, size: u64) !*Memory {
        const self = try create(device, size, .plain);
        errdefer self.forget();
        self.address = try device.pool.plain(device, size);
        device.counters.add(.bytes_allocated, size);
        return self;
    }

    /// On the device's thread: memory of the pool, in the order of `stream`.
    pub fn allocatePooled(stream: *Stream, size: u64) !*Memory {
        const device = stream.device;
        const self = try create(device, size, .{ .pooled = stream });
        errdefer self.forget();
        if (try device.pool.take(device, stream, size)) |address| {
            self.address = address;
            self.born = if (stream.flight.tail) |last| last.ticket else 0;
        } else {
            self.origin = .{ .counted = stream };
            errdefer device.pool.give(size);
            self.address = try device.pool.plain(device, size);
        }
        _ = stream.retain();
        device.counters.add(.bytes_allocated, size);
        return self;
    }

    /// On the device's thread: another process's memory, by the handle that it gave out. The lease is the memory's, unless this
    /// fails.
    pub fn import(device: *Device, exported: api.types.IpcMemHandle, size: u64, lease: ?*Lease) !*Memory {
        const self = try create(device, size, .{ .imported = lease });
        errdefer self.forget();
        try device.demand("cuIpcOpenMemHandle", device.table.cuIpcOpenMemHandle(&self.address, exported, api.types.ipc_lazy_enable_peer_access));
        errdefer _ = device.table.cuIpcCloseMemHandle(self.address);
        errdefer _ = device.table.cuIpcCloseMemHandle(self.address);
        var whole: usize = 0;
        try device.demand("cuMemGetAddressRange", device.table.cuMemGetAddressRange(null, &whole, self.address));
        if (size > whole) return report.fail(error.out_of_bounds, "{d} bytes were announced, the memory that was opened has {d}.", .{ size, whole });
        return self;
    }

    /// The same memory once more, with a permission of its own.
    pub fn again(self: *Memory, read_only: bool) !*Memory {
        const made = try create(self.device, self.size, .{ .original = self });
        made.address = self.address;
        made.read_only = read_only;
        _ = self.retain();
        return made;
    }

    fn create(device: *Device, size: u64, origin: Origin) !*Memory {
        const self = try allocator.create(Memory);
        self.* = .{ .device = device.retain(), .address = 0, .size = size, .origin = origin };
        return self;
    }

    fn forget(self: *Memory) void {
        self.device.release();
        allocator.destroy(self);
    }

    pub fn retain(self: *Memory) *Memory {
        _ = self.references.fetchAdd(1, .monotonic);
        return self;
    }

    pub fn release(self: *Memory) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        self.ending = .{ .work = .{ .ending = .{ .context = self, .run = end } } };
        self.device.submitter.pushEmbedded(&self.ending);
    }

    pub fn drop(object: *anyopaque) void {
        @as(*Memory, @ptrCast(@alignCast(object))).release();
    }

    fn end(context: *anyopaque, device: *Device) void {
        const self: *Memory = @ptrCast(@alignCast(context));
        if (!device.isLost()) switch (self.origin) {
            .plain, .counted => device.finding("cuMemFree", device.table.cuMemFree(self.address)),
            .pooled => |stream| device.finding("cuMemFreeAsync", device.table.cuMemFreeAsync.?(self.address, stream.raw)),
            .imported => device.finding("cuIpcCloseMemHandle", device.table.cuIpcCloseMemHandle(self.address)),
            .original => {},
        };
        switch (self.origin) {
            .plain, .pooled, .counted => {
                device.counters.take(.bytes_allocated, self.size);
                device.counters.add(.frees, 1);
            },
            .imported, .original => {},
        }
        switch (self.origin) {
            .plain => {},
            .imported => |lease| if (lease) |held| held.end(),
            .original => |memory| memory.release(),
            .pooled, .counted => |stream| {
                device.pool.give(self.size);
                stream.release();
            },
        }
        self.forget();
    }

    /// On the device's thread: the stream that `user` has to wait for before it uses the memory, if there is one.
    pub fn awaits(self: *const Memory, user: *const Stream) ?*Stream {
        if (self.origin != .pooled or self.origin.pooled == user or self.origin.pooled.reached(self.born)) return null;
        return self.origin.pooled;
    }

    /// Does a range lie in it, and is its owner alive?
    pub fn require(self: *const Memory, offset: u64, size: u64) !void {
        try self.requireOwner(false);
        if (offset > self.size or size > self.size - offset)
            return report.fail(error.out_of_bounds, "{d} bytes at {d} reach beyond the memory of {d}.", .{ size, offset, self.size });
    }

    pub fn requireOwner(self: *const Memory, fresh: bool) !void {
        if (self.origin == .imported) if (self.origin.imported) |lease| try lease.require(fresh);
    }

    pub fn requireWritable(self: *const Memory) !void {
        if (self.read_only and !switches.off("gpu_read_only")) return report.fail(error.access_denied, "the memory was published for reading only.", .{});
    }

    /// On the device's thread: what another process opens it by.
    pub fn shared(self: *const Memory) !api.types.IpcMemHandle {
        const device = self.device;
        if (self.origin != .plain) return report.fail(error.not_shareable, "memory of {s} cannot be opened by other processes.", .{
            switch (self.origin) {
                .imported => "another process",
                .original => "this process that was fetched by name",
                else => "the pool",
            },
        });
        var made: api.types.IpcMemHandle = undefined;
        try device.demand("cuIpcGetMemHandle", device.table.cuIpcGetMemHandle(&made, self.address));
        return made;
    }
};
