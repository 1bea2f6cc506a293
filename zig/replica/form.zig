//! What a model's inputs and outputs look like to whoever merges requests: which axis counts rows, and what one row weighs.
const std = @import("std");
const report = @import("../abi/report.zig");
const engine_port = @import("../engine/onnx/port.zig");
const elementSize = @import("../engine/onnx/value.zig").elementSize;

pub const Port = struct {
    element: u8,
    /// 0: strings and others that no tensor of ours holds.
    element_size: usize,
    /// -1 where the size is known only with the data.
    shape: []const i64,
    /// The batching axis; without batching, the one axis of unknown size of an input, and that of an output if it has the same
    /// symbol.
    row_axis: ?usize,
    /// Whether all other axes are known.
    uniform: bool,
    /// Bytes of one row, if `uniform`; of everything without a row axis.
    row_bytes: usize,

    /// Bytes of `rows` rows, if they are known before the run.
    pub fn sizeOf(self: *const Port, rows: usize) ?usize {
        if (!self.uniform) return null;
        if (self.row_axis == null) return self.row_bytes;
        return std.math.mul(usize, self.row_bytes, rows) catch null;
    }

    /// The shape of `rows` rows, written to `into`; the other axes must be known.
    pub fn shapeOf(self: *const Port, rows: usize, into: []i64) []i64 {
        const axes = into[0..self.shape.len];
        @memcpy(axes, self.shape);
        if (self.row_axis) |axis| axes[axis] = @intCast(rows);
        return axes;
    }
};

pub const Form = struct {
    inputs: []const Port,
    outputs: []const Port,
    /// Requests may be merged along this axis.
    batching: ?usize,
    /// Rows of a batch when the model was compiled for so many; 0 when it takes any number.
    compiled_rows: u32,
    /// A request has so many rows or a multiple: rows of different requests are never in one batch.
    whole_batches: bool = false,

    /// The rows that an output will have are known from a symbol: what the model's author wrote, and nobody checked.
    pub fn believesSymbols(self: *const Form) bool {
        if (self.batching != null) return false;
        for (self.outputs) |port| if (port.row_axis != null) return true;
        return false;
    }

    /// Whether two requests of any rows fit into one batch, whatever their data.
    pub fn isUniform(self: *const Form) bool {
        for (self.inputs) |port| if (!port.uniform) return false;
        return true;
    }

    /// Of a model that was compiled for a number of rows, which all its inputs and outputs have along the first axis; else of one
    /// whose requests have exactly its shapes.
    pub fn ofWholeBatches(memory: std.mem.Allocator, inputs: []const engine_port.Port, outputs: []const engine_port.Port) !Form {
        const compiled = sharedRows(.{ inputs, outputs });
        var form = try of(memory, inputs, outputs, if (compiled) 0 else null);
        form.whole_batches = compiled;
        return form;
    }

    /// Of an ONNX model. `memory` keeps the result and is the caller's to free as a whole.
    pub fn of(memory: std.mem.Allocator, inputs: []const engine_port.Port, outputs: []const engine_port.Port, batching: ?usize) !Form {
        const symbol = rowsSymbol(inputs);
        var form: Form = .{
            .inputs = try describe(memory, inputs, batching, null),
            .outputs = try describe(memory, outputs, batching, symbol orelse ""),
            .batching = batching,
            .compiled_rows = 0,
        };
        if (batching) |axis| form.compiled_rows = try compiledRows(axis, .{ inputs, outputs });
        return form;
    }
};

/// The one symbol of all open axes of inputs, at most one in each.
fn rowsSymbol(inputs: []const engine_port.Port) ?[]const u8 {
    var found: ?[]const u8 = null;
    for (inputs) |port| {
        var open: usize = 0;
        for (port.shape, 0..) |size, axis| if (size < 0) {
            open += 1;
            const symbol = if (axis < port.symbols.len) port.symbols[axis] else "";
            if (open > 1 or symbol.len == 0 or !std.mem.eql(u8, symbol, found orelse symbol)) return null;
            found = symbol;
        };
    }
    return found;
}

/// `symbol`, of outputs: an open axis of this name has as many rows as the inputs.
fn describe(memory: std.mem.Allocator, ports: []const engine_port.Port, batching: ?usize, symbol: ?[]const u8) ![]const Port {
    const described = try memory.alloc(Port, ports.len);
    for (described, ports) |*one, port| {
        var open: usize = 0;
        var last_open: usize = 0;
        for (port.shape, 0..) |size, axis| if (size < 0) {
            open += 1;
            last_open = axis;
        };
        // An output's open axis may be anything (the places found, say) unless it has the inputs' symbol.
        const told = if (symbol) |text| last_open < port.symbols.len and text.len > 0 and std.mem.eql(u8, port.symbols[last_open], text) else true;
        const row_axis = batching orelse if (told and open == 1) last_open else null;
        const size = elementSize(port.element) orelse 0;
        var row_bytes: usize = size;
        var uniform = size > 0;
        for (port.shape, 0..) |length, axis| {
            if (axis == row_axis) continue;
            if (length < 0) uniform = false else row_bytes = std.math.mul(usize, row_bytes, @intCast(length)) catch return report.fail(error.invalid_model, "\"{s}\" does not fit into memory.", .{port.name});
        }
        one.* = .{ .element = port.element, .element_size = size, .shape = port.shape, .row_axis = row_axis, .uniform = uniform, .row_bytes = if (uniform) row_bytes else 0 };
    }
    return described;
}

fn sharedRows(all: [2][]const engine_port.Port) bool {
    if (all[0].len == 0) return false;
    var rows: ?i64 = null;
    for (all) |ports| for (ports) |port| {
        if (port.shape.len == 0 or port.shape[0] <= 0) return false;
        if (port.shape[0] != rows orelse port.shape[0]) return false;
        rows = port.shape[0];
    };
    return rows != null and rows.? <= std.math.maxInt(u32);
}

/// Every input and output has the axis, and the same size there: all open, or all of one batch.
fn compiledRows(axis: usize, all: [2][]const engine_port.Port) !u32 {
    var rows: ?i64 = null;
    for (all, [2][]const u8{ "input", "output" }) |ports, kind| for (ports) |port| {
        if (axis >= port.shape.len) return report.fail(error.wrong_batching, "batchingDim is {d}, and {s} \"{s}\" has {d} axes.", .{ axis, kind, port.name, port.shape.len });
        const size = @max(port.shape[axis], -1);
        const first = rows orelse size;
        rows = first;
        if (size != first) return report.fail(error.wrong_batching, "batchingDim is {d}; there {s} \"{s}\" has {d} rows and others have {d} (-1: any number).", .{ axis, kind, port.name, size, first });
    };
    const found = rows orelse return report.fail(error.wrong_batching, "batchingDim is {d}, and the model has neither inputs nor outputs.", .{axis});
    if (found == 0) return report.fail(error.wrong_batching, "batchingDim is {d}, an axis without rows.", .{axis});
    return if (found < 0) 0 else std.math.cast(u32, found) orelse return report.fail(error.wrong_batching, "a batch of {d} rows is too long.", .{found});
}

fn portFor(name: [:0]const u8, shape: []const i64) engine_port.Port {
    return .{ .name = name, .kind = .tensor, .element = 1, .shape = shape, .symbols = &.{} };
}

test "the row axis, the bytes of a row and a compiled batch follow from the shapes" {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    const Case = struct { in: []const i64, out: []const i64, batching: ?usize, row_axis: ?usize, row_bytes: usize, uniform: bool, compiled: u32 };
    for ([_]Case{
        .{ .in = &.{ -1, 4 }, .out = &.{ -1, 2 }, .batching = 0, .row_axis = 0, .row_bytes = 16, .uniform = true, .compiled = 0 },
        .{ .in = &.{ -1, -1, 4 }, .out = &.{ -1, 2 }, .batching = 0, .row_axis = 0, .row_bytes = 0, .uniform = false, .compiled = 0 },
        .{ .in = &.{ 3, 8 }, .out = &.{ 2, 8 }, .batching = 1, .row_axis = 1, .row_bytes = 12, .uniform = true, .compiled = 8 },
        .{ .in = &.{ -1, 4 }, .out = &.{-1}, .batching = null, .row_axis = 0, .row_bytes = 16, .uniform = true, .compiled = 0 },
        .{ .in = &.{ 2, 4 }, .out = &.{2}, .batching = null, .row_axis = null, .row_bytes = 32, .uniform = true, .compiled = 0 },
    }) |case| {
        const form = try Form.of(arena.allocator(), &.{portFor("x", case.in)}, &.{portFor("y", case.out)}, case.batching);
        try std.testing.expectEqual(case.row_axis, form.inputs[0].row_axis);
        try std.testing.expectEqual(case.row_bytes, form.inputs[0].row_bytes);
        try std.testing.expectEqual(case.uniform, form.isUniform());
        try std.testing.expectEqual(case.compiled, form.compiled_rows);
    }
}

test "an output has the inputs' rows where its open axis has their symbol" {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    for ([_]struct { in: []const u8, out: []const u8, told: bool }{
        .{ .in = "n", .out = "n", .told = true },
        .{ .in = "n", .out = "m", .told = false },
        .{ .in = "", .out = "", .told = false },
    }) |case| {
        var input = portFor("x", &.{ -1, 4 });
        input.symbols = &.{ case.in, "" };
        var output = portFor("y", &.{ 2, -1 });
        output.symbols = &.{ "", case.out };
        const form = try Form.of(arena.allocator(), &.{ input, portFor("k", &.{3}) }, &.{output}, null);
        try std.testing.expectEqual(case.told, form.believesSymbols());
        try std.testing.expectEqual(if (case.told) @as(?usize, 40) else null, form.outputs[0].sizeOf(5));
    }
}

test "an axis that a port lacks, or that differs, is refused by the port's name" {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    for ([_][]const i64{ &.{}, &.{4}, &.{ 4, -1 }, &.{ 4, 7 } }) |shape| {
        try std.testing.expectError(error.wrong_batching, Form.of(arena.allocator(), &.{portFor("x", &.{ 4, 8 })}, &.{portFor("odd", shape)}, 1));
        try std.testing.expect(std.mem.find(u8, report.text(), "\"odd\"") != null);
    }
}

test "requests have whole batches where all first axes are the same, else exactly the shapes" {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    const whole = try Form.ofWholeBatches(arena.allocator(), &.{portFor("x", &.{ 4, 8 })}, &.{portFor("y", &.{4})});
    try std.testing.expect(whole.whole_batches and whole.compiled_rows == 4 and whole.batching == 0);
    for ([_][]const i64{ &.{}, &.{5}, &.{ -1, 4 } }) |shape| {
        const exact = try Form.ofWholeBatches(arena.allocator(), &.{portFor("x", &.{ 4, 8 })}, &.{portFor("y", shape)});
        try std.testing.expect(!exact.whole_batches and exact.batching == null);
    }
}
