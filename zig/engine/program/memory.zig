//! The device's memory: tensors, a copy per replica, the elements that were prefetched, and remote buffers. Zeros until
//! a program writes them.
const std = @import("std");
const linux = std.os.linux;
const plans = @import("plan.zig");
const report = @import("../../abi/report.zig");

/// What vector instructions and the engine's kernels like best.
const alignment = 64;

pub const Memory = struct {
    plan: *const plans.Plan,
    size: u64,
    remote_size: u64,
    region: Region = .none,
    remote: Region = .none,
    /// By tensor: where its first copy is.
    tensors: []const usize,
    /// By stream: where the elements prefetched for its first copy are.
    ahead: []const usize,
    /// By remote buffer.
    buffers: []const usize,

    /// Decides what is where; `map` gets the memory.
    pub fn layout(arena: std.mem.Allocator, plan: *const plans.Plan) !Memory {
        const tensors = try arena.alloc(usize, plan.tensors.len);
        const ahead = try arena.alloc(usize, plan.streams.len);
        const buffers = try arena.alloc(usize, plan.remote_buffers.len);
        var size: u64 = 0;
        for (tensors, plan.tensors, 0..) |*offset, described, index| {
            offset.* = @intCast(size);
            size = add(size, stride(described.size), plan.copiesOf(@intCast(index)));
        }
        for (ahead, plan.streams) |*offset, stream| {
            offset.* = @intCast(size);
            if (stream.prefetch) size = add(size, stride(plan.tensors[stream.tensor].size), plan.copiesOf(stream.tensor) * stream.depth);
        }
        var remote_size: u64 = 0;
        for (buffers, plan.remote_buffers) |*offset, buffer| {
            offset.* = @intCast(remote_size);
            remote_size = add(remote_size, buffer.size, @as(u64, buffer.repeats) * plan.replicas);
        }
        return .{ .plan = plan, .size = size, .remote_size = remote_size, .tensors = tensors, .ahead = ahead, .buffers = buffers };
    }

    pub fn map(self: *Memory) !void {
        self.region = try .map(self.size);
        errdefer self.unmap();
        self.remote = try .map(self.remote_size);
    }

    pub fn unmap(self: *Memory) void {
        self.region.unmap();
        self.remote.unmap();
        self.region = .none;
        self.remote = .none;
    }

    pub fn tensor(self: *const Memory, index: u32, replica: u32) []align(alignment) u8 {
        const size = self.plan.tensors[index].size;
        return @alignCast(self.region.bytes[self.tensors[index] + stride(size) * replica ..][0..size]);
    }

    /// Where element `slot` of a stream is prefetched to.
    pub fn prefetched(self: *const Memory, index: u32, replica: u32, slot: u32) []align(alignment) u8 {
        const stream = self.plan.streams[index];
        const size = self.plan.tensors[stream.tensor].size;
        return @alignCast(self.region.bytes[self.ahead[index] + stride(size) * (@as(usize, replica) * stream.depth + slot) ..][0..size]);
    }

    pub fn block(self: *const Memory, index: u32, replica: u32, repeat: u32) []u8 {
        const buffer = self.plan.remote_buffers[index];
        return self.remote.bytes[self.buffers[index] + buffer.size * (@as(usize, replica) * buffer.repeats + repeat) ..][0..buffer.size];
    }
};

fn stride(size: usize) usize {
    return std.mem.alignForward(usize, size, alignment);
}

/// Sizes stay far below what a machine could map, so that no offset wraps.
fn add(total: u64, size: u64, count: u64) u64 {
    return @min(total +| size *| count, Region.max + 1);
}

const Region = struct {
    bytes: []align(std.heap.page_size_min) u8,

    const none: Region = .{ .bytes = &.{} };
    const max = 1 << 46;

    fn map(size: u64) !Region {
        if (size == 0) return none;
        const result = if (size > max) null else linux.mmap(null, @intCast(size), .{ .READ = true, .WRITE = true }, .{ .TYPE = .PRIVATE, .ANONYMOUS = true }, -1, 0);
        if (result == null or linux.errno(result.?) != .SUCCESS)
            return report.fail(error.out_of_memory, "the program needs {d} bytes of memory, which cannot be had.", .{size});
        const address: [*]align(std.heap.page_size_min) u8 = @ptrFromInt(result.?);
        return .{ .bytes = address[0..@intCast(size)] };
    }

    fn unmap(self: Region) void {
        if (self.bytes.len > 0) _ = linux.munmap(self.bytes.ptr, self.bytes.len);
    }
};
