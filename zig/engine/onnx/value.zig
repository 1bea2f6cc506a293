//! The engine's tensors: around memory of ours, or made by the engine for an output whose size it alone knows.
const std = @import("std");
const api = @import("api.zig");
const port = @import("port.zig");
const report = @import("../../abi/report.zig");
const Library = @import("library.zig").Library;

/// How many engine tensors exist in this process, for leak checks.
var live = std.atomic.Value(u32).init(0);

pub fn liveCount() u32 {
    return live.load(.monotonic);
}

/// Owns one engine tensor; `release` exactly once. Memory given to `wrap` must outlive it.
pub const Value = struct {
    raw: *api.Value,

    /// `data.len` must be the shape's size in bytes; the engine checks it. Takes no copy.
    pub fn wrap(library: *const Library, data: []u8, shape: []const i64, element: u8) !Value {
        // A tensor without elements still needs an address.
        var nothing: u8 = 0;
        const address: *anyopaque = if (data.len > 0) data.ptr else &nothing;
        var raw: ?*api.Value = null;
        const status = library.table.at(.create_tensor_with_data)(library.host, address, data.len, shape.ptr, shape.len, element, &raw);
        try library.check(status, error.wrong_shape, "a tensor of {any} elements with {d} bytes was refused", .{ shape, data.len });
        return adopt(raw.?);
    }

    /// The same for memory of a device, which `device` describes.
    pub fn wrapDevice(library: *const Library, device: *const api.MemoryInfo, address: u64, size: usize, shape: []const i64, element: u8) !Value {
        var raw: ?*api.Value = null;
        // Only the device reads or writes there; a tensor without elements needs some address all the same.
        const place: *anyopaque = @ptrFromInt(if (address == 0) 1 else address);
        const status = library.table.at(.create_tensor_with_data)(device, place, size, shape.ptr, shape.len, element, &raw);
        try library.check(status, error.wrong_shape, "a device's tensor of {any} elements with {d} bytes was refused", .{ shape, size });
        return adopt(raw.?);
    }

    /// Takes over a tensor that a run made.
    pub fn adopt(raw: *api.Value) Value {
        _ = live.fetchAdd(1, .monotonic);
        return .{ .raw = raw };
    }

    pub fn release(self: Value, library: *const Library) void {
        _ = live.fetchSub(1, .monotonic);
        library.table.at(.release_value)(self.raw);
    }

    /// Whether its bytes may be read here.
    pub fn isOnHost(self: Value, library: *const Library) !bool {
        var memory: ?*const api.MemoryInfo = null;
        try library.sure(library.table.at(.tensor_memory)(self.raw, &memory));
        var device: api.MemoryDevice = undefined;
        library.table.at(.memory_device)(memory.?, &device);
        return device == .cpu;
    }

    /// Element type, shape (written to `axes`) and bytes, which are valid until `release`.
    pub fn describe(self: Value, library: *const Library, axes: []i64) !Description {
        const table = library.table;
        var is_tensor: c_int = 0;
        try library.sure(table.at(.is_tensor)(self.raw, &is_tensor));
        if (is_tensor == 0) return report.fail(error.unsupported_type, "an output is no plain tensor.", .{});
        var info: ?*api.TensorInfo = null;
        try library.sure(table.at(.tensor_info)(self.raw, &info));
        defer table.at(.release_tensor_info)(info.?);
        var rank: usize = 0;
        try library.sure(table.at(.dimension_count)(info.?, &rank));
        if (rank > axes.len) return report.fail(error.unsupported_type, "an output has {d} axes, more than {d}.", .{ rank, axes.len });
        try library.sure(table.at(.dimensions)(info.?, axes.ptr, rank));
        const element = try port.elementOf(library, info.?);
        const size = try sizeOf(element, axes[0..rank]);
        var data: ?*anyopaque = null;
        try library.sure(table.at(.tensor_data)(self.raw, &data));
        const bytes: []u8 = if (size == 0 or data == null) &.{} else @as([*]u8, @ptrCast(data.?))[0..size];
        return .{ .element = element, .shape = axes[0..rank], .bytes = bytes };
    }
};

pub const Description = struct { element: u8, shape: []const i64, bytes: []u8 };

/// Bytes of a dense tensor.
pub fn sizeOf(element: u8, shape: []const i64) !usize {
    var size = elementSize(element) orelse return report.fail(error.unsupported_type, "element type {d} is no plain number.", .{element});
    for (shape) |axis| {
        const count = std.math.cast(usize, axis) orelse return report.fail(error.invalid_shape, "an axis of {d}.", .{axis});
        size = std.math.mul(usize, size, count) catch return report.fail(error.invalid_shape, "{any} elements do not fit into memory.", .{shape});
    }
    return size;
}

/// Bytes per element; null for strings, complex numbers and the packed 4-bit types, which no tensor of ours holds.
pub fn elementSize(element: u8) ?usize {
    return switch (element) {
        2, 3, 9, 17, 18, 19, 20 => 1, // uint8, int8, bool, the four 8-bit floats
        4, 5, 10, 16 => 2, // uint16, int16, float16, bfloat16
        1, 6, 12 => 4, // float32, int32, uint32
        7, 11, 13 => 8, // int64, float64, uint64
        else => null,
    };
}
