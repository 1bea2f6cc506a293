//! An output that the engine made, handed to JavaScript without a copy: it lives until the last view of it is gone.
const std = @import("std");
const Mapping = @import("../shm/mapping.zig").Mapping;
const Library = @import("../engine/onnx/library.zig").Library;
const Value = @import("../engine/onnx/value.zig").Value;

const allocator = std.heap.smp_allocator;

const Held = struct {
    library: *const Library,
    value: Value,

    fn release(context: *anyopaque) void {
        const self: *Held = @ptrCast(@alignCast(context));
        self.value.release(self.library);
        allocator.destroy(self);
    }
};

/// Takes `value` over, also when it fails.
pub fn handOver(library: *const Library, value: Value, bytes: []u8) !*Mapping {
    if (!std.mem.isAligned(@intFromPtr(bytes.ptr), 64)) {
        defer value.release(library);
        const copy = try Mapping.anonymous(bytes.len);
        @memcpy(copy.slice(), bytes);
        return copy;
    }
    errdefer value.release(library);
    const held = try allocator.create(Held);
    errdefer allocator.destroy(held);
    held.* = .{ .library = library, .value = value };
    return Mapping.borrowed(@alignCast(bytes), .{ .context = held, .release = Held.release });
}
