//! Writes tiny ONNX models for the tests of this folder: a protobuf message is a list of (field number, bytes).
const std = @import("std");

pub fn text(comptime field: u64, comptime value: []const u8) []const u8 {
    return varint(field << 3 | 2) ++ varint(value.len) ++ value;
}

pub fn number(comptime field: u64, comptime value: u64) []const u8 {
    return varint(field << 3) ++ varint(value);
}

fn varint(comptime value: u64) []const u8 {
    return if (value < 0x80) &.{@intCast(value)} else &[_]u8{@intCast(value & 0x7f | 0x80)} ++ varint(value >> 7);
}

/// An axis is a number, or a name for a size known at run time.
pub fn tensor(comptime name: []const u8, comptime element: u64, comptime axes: anytype) []const u8 {
    comptime var shape: []const u8 = "";
    inline for (axes) |axis| shape = shape ++ text(1, if (@TypeOf(axis) == comptime_int) number(1, axis) else text(2, axis));
    return text(1, name) ++ text(2, text(1, number(1, element) ++ text(2, shape)));
}

pub fn node(comptime operator: []const u8, comptime inputs: anytype, comptime outputs: anytype) []const u8 {
    comptime var bytes: []const u8 = "";
    inline for (inputs) |name| bytes = bytes ++ text(1, name);
    inline for (outputs) |name| bytes = bytes ++ text(2, name);
    return bytes ++ text(4, operator);
}

/// An initializer whose values are elsewhere, as a session's weights are.
pub fn external(comptime name: []const u8, comptime element: u64, comptime axes: anytype) []const u8 {
    comptime var shape: []const u8 = "";
    inline for (axes) |axis| shape = shape ++ number(1, axis);
    return shape ++ number(2, element) ++ text(8, name) ++ text(13, text(1, "location") ++ text(2, "*")) ++ number(14, 1);
}

pub fn model(comptime nodes: anytype, comptime inputs: anytype, comptime outputs: anytype) []const u8 {
    return modelWithWeights(nodes, .{}, inputs, outputs);
}

pub fn modelWithWeights(comptime nodes: anytype, comptime weights: anytype, comptime inputs: anytype, comptime outputs: anytype) []const u8 {
    comptime var graph: []const u8 = "";
    inline for (nodes) |bytes| graph = graph ++ text(1, bytes);
    graph = graph ++ text(2, "fixture");
    inline for (weights) |bytes| graph = graph ++ text(5, bytes);
    inline for (inputs) |bytes| graph = graph ++ text(11, bytes);
    inline for (outputs) |bytes| graph = graph ++ text(12, bytes);
    return number(1, 8) ++ text(7, graph) ++ text(8, number(2, 17));
}

/// Writes `bytes` where the engine can open them; the caller unlinks.
pub fn write(path: [:0]const u8, bytes: []const u8) !void {
    const linux = std.os.linux;
    const opened = linux.open(path.ptr, .{ .ACCMODE = .WRONLY, .CREAT = true, .TRUNC = true, .CLOEXEC = true }, 0o600);
    if (linux.errno(opened) != .SUCCESS) return error.Unexpected;
    defer _ = linux.close(@intCast(opened));
    if (linux.write(@intCast(opened), bytes.ptr, bytes.len) != bytes.len) return error.Unexpected;
}
