//! Remote buffers: off-chip memory of a device that the host writes before a program and reads after it, block by block.
//! To whoever serves the anchor it is a stream like others.
const std = @import("std");
const drivers = @import("../driver/poplar/table.zig");
const Connection = @import("connection.zig").Connection;
const Engine = @import("engine.zig").Engine;

const allocator = std.heap.smp_allocator;

pub const Buffer = struct {
    handle: []const u8,
    /// The host writes it, before each of `programs`; otherwise it reads it, after each.
    to_device: bool,
    programs: []const u32,
    repeats: u32,
    /// Bytes of one block.
    size: usize,
    /// A block on its way; made when the first one is.
    room: []u8 = &.{},

    pub fn create(handle: []const u8, to_device: bool, programs: []const u32, repeats: u32, size: usize) !Buffer {
        const name = try allocator.dupe(u8, handle);
        errdefer allocator.free(name);
        const numbers = try allocator.dupe(u32, programs);
        return .{ .handle = name, .to_device = to_device, .programs = numbers, .repeats = repeats, .size = size };
    }

    pub fn deinit(self: *Buffer) void {
        allocator.free(self.handle);
        allocator.free(self.programs);
        allocator.free(self.room);
    }

    pub fn isOf(self: *const Buffer, program: u32) bool {
        return std.mem.findScalar(u32, self.programs, program) != null;
    }

    pub fn makeRoom(self: *Buffer) !void {
        if (self.room.len == 0) self.room = try allocator.alloc(u8, self.size);
    }

    /// After `makeRoom`.
    pub fn transfer(self: *const Buffer, engine: *Engine, connection: *Connection, repeat: u32) drivers.Status {
        const stream = connection.stream;
        const calls = engine.table();
        if (!self.to_device) {
            const status = calls.engine_copy_from_remote(engine.raw, connection.handle, self.room.ptr, repeat, connection.replica);
            if (status != .ok) return status;
        }
        stream.calls.fetch(stream, self.room);
        stream.calls.complete(stream);
        if (!self.to_device) return .ok;
        return calls.engine_copy_to_remote(engine.raw, self.room.ptr, connection.handle, repeat, connection.replica);
    }
};

pub fn find(buffers: []Buffer, handle: []const u8) ?*Buffer {
    for (buffers) |*buffer| if (std.mem.eql(u8, buffer.handle, handle)) return buffer;
    return null;
}
