//! Where a request's small inputs and outputs lie: requests come in chunks with one piece of memory for all of a chunk, so
//! that JavaScript copies rows into one kept view per input, and no call tells where.
const std = @import("std");
const Form = @import("form.zig").Form;

pub const chunk_requests = 64;
/// Inputs beyond this, all of a request together, come in memory of their own.
const inputs_max = 64 * 1024;
/// Room for a few rows, where rows are short.
const rows_bytes = 4096;
/// Outputs up to this size are copied out of the request's own memory; larger ones are handed over. Break-even: at 8 KiB a
/// copy is 1 us faster, at 32 KiB 2 us slower (mean of a whole `execute`, garbage collection included).
const copied_max = 16 * 1024;

/// Of all requests of a chunk: one after the other, `stride` bytes each. Stride 0: there is none.
pub const Area = struct {
    offset: usize,
    stride: usize,

    pub fn at(self: Area, index: usize) usize {
        return self.offset + index * self.stride;
    }
};

pub const Slots = struct {
    inputs: []const Area,
    /// For outputs whose size the number of rows tells.
    outputs: []const Area,
    /// For small outputs whose size only the run tells, or that have more rows than their area.
    extra: Area,
    /// Rows that fit; 0 when inputs are never here.
    rows: u32,
    /// Bytes of a chunk.
    size: usize,

    pub fn of(memory: std.mem.Allocator, form: *const Form) !Slots {
        const inputs = try memory.alloc(Area, form.inputs.len);
        const outputs = try memory.alloc(Area, form.outputs.len);
        var self: Slots = .{ .inputs = inputs, .outputs = outputs, .extra = undefined, .rows = rowsOf(form), .size = 0 };
        for (inputs, form.inputs) |*area, port| area.* = self.place(if (self.rows > 0) port.sizeOf(self.rows).? else 0);
        for (outputs, form.outputs) |*area, port| {
            const size = port.sizeOf(@max(1, self.rows)) orelse 0;
            area.* = self.place(if (size <= copied_max) size else 0);
        }
        self.extra = self.place(copied_max);
        return self;
    }

    fn place(self: *Slots, bytes: usize) Area {
        const area: Area = .{ .offset = self.size, .stride = std.mem.alignForward(usize, bytes, 64) };
        self.size += area.stride * chunk_requests;
        return area;
    }
};

fn rowsOf(form: *const Form) u32 {
    var row_bytes: usize = 0;
    var counted = false;
    for (form.inputs) |port| {
        if (!port.uniform or port.row_bytes > inputs_max) return 0;
        row_bytes += port.row_bytes;
        counted = counted or port.row_axis != null;
    }
    if (row_bytes > inputs_max) return 0;
    return if (counted) @intCast(std.math.clamp(rows_bytes / @max(1, row_bytes), 1, 64)) else 1;
}

test "short rows have room for several, long ones for one, and very long ones for none" {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    const engine_port = @import("../engine/onnx/port.zig");
    for ([_][3]i64{ .{ 4, 64, 1024 }, .{ 256, 4, 4096 }, .{ 1 << 14, 1, 1 << 16 }, .{ 1 << 15, 0, 0 } }) |case| {
        const port: engine_port.Port = .{ .name = "x", .kind = .tensor, .element = 1, .shape = &.{ -1, case[0] }, .symbols = &.{} };
        const form = try Form.of(arena.allocator(), &.{port}, &.{}, 0);
        const slots = try Slots.of(arena.allocator(), &form);
        try std.testing.expectEqual(case[1], slots.rows);
        try std.testing.expectEqual(@as(usize, @intCast(case[2])), slots.inputs[0].stride);
    }
}
