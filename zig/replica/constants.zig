//! Inputs of a model that are the same in every run, among those that requests bring.
const std = @import("std");
const api = @import("../engine/onnx/api.zig");
const engine = @import("../engine/onnx/session.zig");
const Library = @import("../engine/onnx/library.zig").Library;
const Value = @import("../engine/onnx/value.zig").Value;
const Parts = @import("parts.zig").Parts;

const allocator = std.heap.smp_allocator;

pub const Constants = struct {
    /// All inputs of the model; empty when none is constant.
    values: []?*const api.Value = &.{},
    made: []?Value = &.{},

    pub fn create(session: *const engine.Session, parts: ?*const Parts) !Constants {
        const given = parts orelse return .{};
        if (given.constants.len == 0) return .{};
        var self: Constants = .{ .values = try allocator.alloc(?*const api.Value, session.inputs.len) };
        errdefer self.destroy(session.library);
        self.made = try allocator.alloc(?Value, session.inputs.len);
        @memset(self.made, null);
        for (session.inputs, self.made, self.values) |*port, *made, *value| {
            const constant = given.constantFor(port.name) orelse continue;
            var axes: [64]i64 = undefined;
            made.* = try Value.wrap(session.library, constant.bytes, try constant.shapeFor(port, &axes), port.element);
            value.* = made.*.?.raw;
        }
        return self;
    }

    pub fn destroy(self: *Constants, library: *const Library) void {
        for (self.made) |made| if (made) |value| value.release(library);
        allocator.free(self.made);
        allocator.free(self.values);
    }

    /// The inputs of a request with the constants between them, as the model takes them.
    pub fn among(self: *const Constants, inputs: []const ?*const api.Value) []const ?*const api.Value {
        if (self.values.len == 0) return inputs;
        var next: usize = 0;
        for (self.made, self.values) |made, *value| if (made == null) {
            value.* = inputs[next];
            next += 1;
        };
        return self.values;
    }
};
