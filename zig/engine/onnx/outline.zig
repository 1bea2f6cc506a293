//! A model as JSON: where the weights lie that it lacks, and what its inputs and outputs are.
const std = @import("std");
const report = @import("../../abi/report.zig");
const Port = @import("port.zig").Port;
const Session = @import("session.zig").Session;

pub const weights_json_max = 64 << 20;

/// An external weight: its memory is a handle's slot and generation.
pub const Weight = struct {
    name: [:0]const u8,
    /// `TensorProto.DataType`.
    type: u8,
    shape: []const i64,
    memory: [2]u32,
    offset: u64,
};

/// The strings and shapes lie in `arena`.
pub fn readWeights(arena: std.mem.Allocator, json: []const u8) ![]const Weight {
    return std.json.parseFromSliceLeaky([]const Weight, arena, json, .{ .allocate = .alloc_always }) catch |err| switch (err) {
        error.OutOfMemory => err,
        else => report.fail(error.invalid_argument, "the list of weights cannot be read: {s}.", .{@errorName(err)}),
    };
}

const Described = struct { name: []const u8, kind: c_int, type: u8, shape: []const i64 };

/// `{ inputs, outputs }`, in the order in which the engine takes and gives them; -1 for an axis without a size.
pub fn write(arena: std.mem.Allocator, session: *const Session) ![]const u8 {
    const described: struct { inputs: []const Described, outputs: []const Described } = .{
        .inputs = try describe(arena, session.inputs),
        .outputs = try describe(arena, session.outputs),
    };
    return std.fmt.allocPrint(arena, "{f}", .{std.json.fmt(described, .{})});
}

fn describe(arena: std.mem.Allocator, ports: []const Port) ![]const Described {
    const described = try arena.alloc(Described, ports.len);
    for (described, ports) |*to, port| to.* = .{ .name = port.name, .kind = @intFromEnum(port.kind), .type = port.element, .shape = port.shape };
    return described;
}

test "a list of weights is read, and one that is none is refused" {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    const read = try readWeights(arena.allocator(),
        \\[{ "name": "w", "type": 1, "shape": [2, 3], "memory": [4, 5], "offset": 64 }]
    );
    try std.testing.expectEqual(1, read.len);
    try std.testing.expectEqualStrings("w", read[0].name);
    try std.testing.expectEqualSlices(i64, &.{ 2, 3 }, read[0].shape);
    try std.testing.expectEqual([2]u32{ 4, 5 }, read[0].memory);
    for ([_][]const u8{ "", "{}", "[1]", "[{}]", "[{ \"name\": 1 }]", "[" }) |wrong| {
        try std.testing.expectError(error.invalid_argument, readWeights(arena.allocator(), wrong));
    }
}
