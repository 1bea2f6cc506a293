//! What a model says of one of its inputs or outputs.
const std = @import("std");
const api = @import("api.zig");
const Library = @import("library.zig").Library;

pub const Direction = enum { input, output };

pub const Port = struct {
    name: [:0]const u8,
    kind: api.ValueKind,
    /// `TensorProto.DataType`; 0 when `kind` is not tensor.
    element: u8,
    /// -1 where the size is known only at run time.
    shape: []const i64,
    /// The name of each axis in the model, "" where it has none; same length as `shape`.
    symbols: []const []const u8,

    pub fn isStatic(self: Port) bool {
        for (self.shape) |size| if (size < 0) return false;
        return true;
    }
};

/// Reads all ports of one direction into `arena`.
pub fn read(arena: std.mem.Allocator, library: *const Library, session: *const api.Session, comptime direction: Direction) ![]Port {
    const count_of = if (direction == .input) .input_count else .output_count;
    var count: usize = 0;
    try library.sure(library.table.at(count_of)(session, &count));
    const ports = try arena.alloc(Port, count);
    for (ports, 0..) |*port, index| port.* = try readOne(arena, library, session, direction, index);
    return ports;
}

fn readOne(arena: std.mem.Allocator, library: *const Library, session: *const api.Session, comptime direction: Direction, index: usize) !Port {
    const table = library.table;
    const name_of = if (direction == .input) .input_name else .output_name;
    const type_of = if (direction == .input) .input_type else .output_type;

    var name: ?[*:0]u8 = null;
    try library.sure(table.at(name_of)(session, index, library.allocator, &name));
    defer library.sure(table.at(.allocator_free)(library.allocator, name.?)) catch {};
    var port: Port = .{ .name = try arena.dupeZ(u8, std.mem.span(name.?)), .kind = .unknown, .element = 0, .shape = &.{}, .symbols = &.{} };

    var type_info: ?*api.TypeInfo = null;
    try library.sure(table.at(type_of)(session, index, &type_info));
    defer table.at(.release_type_info)(type_info.?);
    try library.sure(table.at(.type_kind)(type_info.?, &port.kind));
    // The tensor's information belongs to the type's: it is not released by itself.
    var info: ?*const api.TensorInfo = null;
    try library.sure(table.at(.type_as_tensor)(type_info.?, &info));
    if (port.kind == .tensor) if (info) |tensor| {
        port.element = try elementOf(library, tensor);
        port.shape = try shapeOf(arena, library, tensor);
        port.symbols = try symbolsOf(arena, library, tensor, port.shape.len);
    };
    return port;
}

pub fn elementOf(library: *const Library, info: *const api.TensorInfo) !u8 {
    var element: c_int = 0;
    try library.sure(library.table.at(.element_type)(info, &element));
    return std.math.cast(u8, element) orelse 0;
}

fn shapeOf(arena: std.mem.Allocator, library: *const Library, info: *const api.TensorInfo) ![]i64 {
    var rank: usize = 0;
    try library.sure(library.table.at(.dimension_count)(info, &rank));
    const shape = try arena.alloc(i64, rank);
    try library.sure(library.table.at(.dimensions)(info, shape.ptr, rank));
    return shape;
}

fn symbolsOf(arena: std.mem.Allocator, library: *const Library, info: *const api.TensorInfo, rank: usize) ![]const []const u8 {
    const borrowed = try arena.alloc(?[*:0]const u8, rank);
    @memset(borrowed, null);
    try library.sure(library.table.at(.symbolic_dimensions)(info, borrowed.ptr, rank));
    const symbols = try arena.alloc([]const u8, rank);
    for (symbols, borrowed) |*symbol, text| symbol.* = if (text) |t| try arena.dupe(u8, std.mem.span(t)) else "";
    return symbols;
}
