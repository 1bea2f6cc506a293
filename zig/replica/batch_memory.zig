//! Where the rows of a batch lie for one input or output, with the engine's tensors over it. Batches of one size come again
//! and again, so the tensors are kept by size.
const std = @import("std");
const report = @import("../abi/report.zig");
const api = @import("../engine/onnx/api.zig");
const Library = @import("../engine/onnx/library.zig").Library;
const Mapping = @import("../shm/mapping.zig").Mapping;
const Value = @import("../engine/onnx/value.zig").Value;
const Kept = @import("kept.zig").Kept;
const Port = @import("form.zig").Port;

const allocator = std.heap.smp_allocator;
/// Larger batches have one tensor that is made anew when the size changes.
const sizes_max = 1024;

pub const BatchMemory = struct {
    port: *const Port,
    /// Rows that a batch has at most.
    rows_max: u32,
    memory: ?*Mapping = null,
    /// By rows - 1; for ports whose other axes are known.
    by_size: []?Value,
    other: Kept,
    axes: []i64,

    pub fn forAll(ports: []const Port, rows_max: u32) ![]BatchMemory {
        const all = try allocator.alloc(BatchMemory, ports.len);
        var made: usize = 0;
        errdefer {
            for (all[0..made]) |*one| one.free();
            allocator.free(all);
        }
        for (all, ports) |*one, *port| {
            one.* = try create(port, rows_max);
            made += 1;
        }
        return all;
    }

    fn create(port: *const Port, rows_max: u32) !BatchMemory {
        const count = if (port.uniform and port.row_axis != null and rows_max <= sizes_max) rows_max else 0;
        const by_size = try allocator.alloc(?Value, count);
        errdefer allocator.free(by_size);
        @memset(by_size, null);
        const axes = try allocator.alloc(i64, port.shape.len);
        errdefer allocator.free(axes);
        return .{ .port = port, .rows_max = rows_max, .by_size = by_size, .axes = axes, .other = .{ .axes = try allocator.alloc(i64, port.shape.len) } };
    }

    pub fn destroyAll(all: []BatchMemory, library: *const Library) void {
        for (all) |*one| {
            one.drop(library);
            one.free();
        }
        allocator.free(all);
    }

    fn free(self: *BatchMemory) void {
        allocator.free(self.by_size);
        allocator.free(self.axes);
        allocator.free(self.other.axes);
    }

    fn drop(self: *BatchMemory, library: *const Library) void {
        for (self.by_size) |*value| if (value.*) |one| {
            one.release(library);
            value.* = null;
        };
        self.other.release(library);
        if (self.memory) |memory| memory.release();
        self.memory = null;
    }

    /// Whether the engine writes the output of so many rows to `bytes`; else it makes it.
    pub fn isKnown(self: *const BatchMemory, rows: u32) bool {
        return self.port.row_axis != null and self.port.sizeOf(rows) != null;
    }

    pub fn bytes(self: *const BatchMemory, rows: u32) []u8 {
        return self.memory.?.slice()[0..self.port.sizeOf(rows).?];
    }

    pub fn shapeOf(self: *BatchMemory, rows: u32) []const i64 {
        return self.port.shapeOf(rows, self.axes);
    }

    /// The tensor that the engine writes to; null: it makes one.
    pub fn output(self: *BatchMemory, library: *const Library, rows: u32) !?*api.Value {
        if (!self.isKnown(rows)) return null;
        return (try self.at(library, self.shapeOf(rows), rows, self.port.sizeOf(rows).?)).value;
    }

    pub const Batch = struct { bytes: []u8, value: *api.Value };

    /// Room for `rows` rows of a request whose shape is `shape`.
    pub fn input(self: *BatchMemory, library: *const Library, shape: []const i64, axis: usize, rows: u32, size: usize) !Batch {
        @memcpy(self.axes, shape);
        self.axes[axis] = rows;
        return self.at(library, self.axes, rows, size);
    }

    /// A tensor over rows that lie together already.
    pub fn elsewhere(self: *BatchMemory, library: *const Library, where: []u8, shape: []const i64, axis: usize, rows: u32) !*api.Value {
        @memcpy(self.axes, shape);
        self.axes[axis] = rows;
        return self.other.get(library, where, self.axes, self.port.element);
    }

    fn at(self: *BatchMemory, library: *const Library, shape: []const i64, rows: u32, size: usize) !Batch {
        try self.reserve(library, size);
        const room = self.memory.?.slice()[0..size];
        if (rows == 0 or rows > self.by_size.len) return .{ .bytes = room, .value = try self.other.get(library, room, shape, self.port.element) };
        const kept = &self.by_size[rows - 1];
        if (kept.* == null) kept.* = try Value.wrap(library, room, shape, self.port.element);
        return .{ .bytes = room, .value = kept.*.?.raw };
    }

    fn reserve(self: *BatchMemory, library: *const Library, size: usize) !void {
        if (self.memory) |memory| if (memory.length >= size) return;
        // Of a batch of known size all of it at once: pages that are not used cost nothing.
        const whole = self.port.sizeOf(self.rows_max) orelse size;
        self.drop(library);
        self.memory = try Mapping.anonymous(@max(64, size, whole));
    }
};
