//! What a publication of a GPU tensor holds in place of its bytes: how another process opens the memory, and where the tensor
//! lies in it. Written down in docs/layout.md.
const std = @import("std");
const api = @import("../driver/cuda/api.zig");
const report = @import("../abi/report.zig");
const shm = @import("../shm/context.zig");
const layout = @import("../shm/layout.zig");
const segment = @import("../shm/segment.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;

const magic = "MRGPUTEN".*;
const version = 1;
const read_only_flag: u32 = 1;

pub const Descriptor = extern struct {
    magic: [8]u8 = magic,
    version: u32 = version,
    flags: u32,
    uuid: [16]u8,
    /// Bytes of the whole allocation, which is what the handle opens.
    memory_size: u64,
    /// Of the element whose indices are all 0.
    byte_offset: u64,
    rank: u32,
    reserved: u32 = 0,
    /// In elements.
    strides: [layout.rank_max]i64,
    handle: [64]u8,

    pub fn of(uuid: [16]u8, handle: api.types.IpcMemHandle, memory_size: u64, lies: Tensor) Descriptor {
        return .{
            .flags = if (lies.read_only) read_only_flag else 0,
            .uuid = uuid,
            .memory_size = memory_size,
            .byte_offset = lies.byte_offset,
            .rank = lies.rank,
            .strides = lies.strides,
            .handle = handle.reserved,
        };
    }

    pub fn write(self: *const Descriptor, context: *shm.Context, reference: segment.Reference) !void {
        const mapping = try segment.view(context, reference, false, 0, size);
        defer mapping.release();
        @memcpy(mapping.slice()[0..size], std.mem.asBytes(self));
    }

    /// A copy, which nobody else can change, after its check. `rank` is what the record says.
    pub fn read(context: *shm.Context, reference: segment.Reference, rank: u8) !Descriptor {
        if (reference.size != size) return corrupt("size", reference.size);
        const mapping = try segment.view(context, reference, false, 0, size);
        defer mapping.release();
        var self: Descriptor = undefined;
        @memcpy(std.mem.asBytes(&self), mapping.slice()[0..size]);
        try self.check(rank);
        return self;
    }

    fn check(self: *const Descriptor, rank: u8) !void {
        if (!std.mem.eql(u8, &self.magic, &magic)) return corrupt("first word", std.mem.readInt(u64, &self.magic, .little));
        if (self.version != version) return report.fail(error.wrong_version, "the GPU tensor was published in version {d} of its layout, this is version {d}.", .{ self.version, version });
        if (self.flags & ~read_only_flag != 0) return corrupt("flags", self.flags);
        if (self.rank != rank or rank > layout.rank_max) return corrupt("rank", self.rank);
        if (self.memory_size == 0 or self.memory_size > segment.size_max) return corrupt("memory", self.memory_size);
        if (self.byte_offset > self.memory_size) return corrupt("offset", self.byte_offset);
    }

    pub fn tensor(self: *const Descriptor) Tensor {
        return .{ .byte_offset = self.byte_offset, .rank = @intCast(self.rank), .strides = self.strides, .read_only = self.flags & read_only_flag != 0 };
    }
};

pub const size = @sizeOf(Descriptor);

/// Where the elements are in their memory, beside what the record of the publication says.
pub const Tensor = struct {
    byte_offset: u64,
    rank: u8,
    strides: [layout.rank_max]i64,
    read_only: bool,
};

fn corrupt(what: []const u8, value: u64) anyerror {
    return report.fail(error.corrupt, "a GPU tensor's {s} is {d}.", .{ what, value });
}

comptime {
    if (size != 248) @compileError("docs/layout.md says otherwise");
}

test "a descriptor is refused for each thing in it that cannot be right" {
    const lies: Tensor = .{ .byte_offset = 64, .rank = 2, .strides = @splat(1), .read_only = true };
    const good: Descriptor = .of(@splat(7), .{ .reserved = @splat(9) }, 4096, lies);
    try good.check(2);
    try std.testing.expectEqual(lies, good.tensor());
    const cases = .{
        .{ "magic", "MRGPUTEX".*, error.corrupt },
        .{ "version", 2, error.wrong_version },
        .{ "flags", 2, error.corrupt },
        .{ "rank", 3, error.corrupt },
        .{ "memory_size", 0, error.corrupt },
        .{ "memory_size", std.math.maxInt(u64), error.corrupt },
        .{ "byte_offset", 4097, error.corrupt },
        .{ "byte_offset", std.math.maxInt(u64), error.corrupt },
    };
    inline for (cases) |case| {
        var bad = good;
        @field(bad, case[0]) = case[1];
        try std.testing.expectError(case[2], bad.check(2));
    }
}
