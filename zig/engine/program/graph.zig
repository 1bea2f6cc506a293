//! The ONNX graph of an executable, over the device's tensors. Its session is made when it is first run, and anew after a
//! weight was written: weights are constants to the engine, which folds and packs them.
const std = @import("std");
const plans = @import("plan.zig");
const api = @import("../onnx/api.zig");
const library = @import("../onnx/library.zig");
const port = @import("../onnx/port.zig");
const report = @import("../../abi/report.zig");
const sessions = @import("../onnx/session.zig");
const Library = library.Library;
const Memory = @import("memory.zig").Memory;
const Value = @import("../onnx/value.zig").Value;

pub const Graph = struct {
    allocator: std.mem.Allocator,
    plan: *const plans.Plan,
    memory: *const Memory,
    bytes: []const u8,
    library: *const Library,
    run_options: sessions.RunOptions,
    threads: u32,
    session: ?sessions.Session = null,
    /// For each replica its inputs and outputs, in the session's order, around the tensors' memory.
    values: []?*api.Value = &.{},

    pub fn create(allocator: std.mem.Allocator, plan: *const plans.Plan, memory: *const Memory, bytes: []const u8, engine_path: [:0]const u8, threads: u32) !Graph {
        if (engine_path.len == 0) return report.fail(error.engine_missing, "the program runs an ONNX graph, and option millrace.engine names no ONNX Runtime library.", .{});
        const opened = try library.open(engine_path);
        return .{ .allocator = allocator, .plan = plan, .memory = memory, .bytes = bytes, .library = opened, .run_options = try .create(opened), .threads = threads };
    }

    pub fn destroy(self: *Graph) void {
        self.forget();
        self.run_options.release(self.library);
    }

    /// The next run makes a new session.
    pub fn forget(self: *Graph) void {
        self.releaseValues();
        if (self.session) |*session| session.close();
        self.session = null;
    }

    pub fn run(self: *Graph) !void {
        try self.prepare();
        const session = &self.session.?;
        const inputs = session.inputs.len;
        const each = inputs + session.outputs.len;
        for (0..self.plan.replicas) |replica| {
            const values = self.values[replica * each ..][0..each];
            try session.run(&self.run_options, values[0..inputs], values[inputs..]);
        }
    }

    pub fn prepare(self: *Graph) !void {
        if (self.session != null) return;
        errdefer self.forget();
        const weights = try self.allocator.alloc(sessions.Weight, self.plan.graph.weights.len);
        defer self.allocator.free(weights);
        for (weights, self.plan.graph.weights) |*weight, index| {
            const tensor = self.plan.tensors[index];
            weight.* = .{ .name = tensor.name, .element = tensor.element, .shape = tensor.shape, .bytes = self.memory.tensor(index, 0) };
        }
        self.session = try sessions.Session.loadFromMemory(self.allocator, self.library, self.bytes, weights, .{ .intra_op_threads = self.threads });
        try self.wrap();
    }

    fn wrap(self: *Graph) !void {
        const session = &self.session.?;
        if (session.inputs.len != self.plan.graph.inputs.len or session.outputs.len != self.plan.graph.outputs.len)
            return report.fail(error.invalid_executable, "the graph has {d} inputs and {d} outputs, its plan says {d} and {d}.", .{
                session.inputs.len, session.outputs.len, self.plan.graph.inputs.len, self.plan.graph.outputs.len,
            });
        const each = session.inputs.len + session.outputs.len;
        self.values = try self.allocator.alloc(?*api.Value, each * self.plan.replicas);
        @memset(self.values, null);
        for (session.inputs, 0..) |described, place| try self.wrapOne(described, self.plan.graph.inputs, place, each, "input");
        for (session.outputs, session.inputs.len..) |described, place| try self.wrapOne(described, self.plan.graph.outputs, place, each, "output");
    }

    fn wrapOne(self: *Graph, described: port.Port, tensors: []const u32, place: usize, each: usize, comptime what: []const u8) !void {
        const index = for (tensors) |index| {
            if (std.mem.eql(u8, self.plan.tensors[index].name, described.name)) break index;
        } else return report.fail(error.invalid_executable, "the graph's " ++ what ++ " {s} is no tensor that the plan names as one.", .{described.name});
        const tensor = self.plan.tensors[index];
        if (described.kind != .tensor or described.element != tensor.element or !fits(described.shape, tensor.shape))
            return report.fail(error.invalid_executable, "the graph's " ++ what ++ " {s} has element type {d} and shape {any}, its tensor {d} and {any}.", .{
                described.name, described.element, described.shape, tensor.element, tensor.shape,
            });
        for (0..self.plan.replicas) |replica| {
            const copy: u32 = if (tensor.weight) 0 else @intCast(replica);
            const value = try Value.wrap(self.library, self.memory.tensor(index, copy), tensor.shape, tensor.element);
            self.values[replica * each + place] = value.raw;
        }
    }

    fn releaseValues(self: *Graph) void {
        for (self.values) |value| if (value) |raw| (Value{ .raw = raw }).release(self.library);
        self.allocator.free(self.values);
        self.values = &.{};
    }
};

/// An axis that the graph leaves open takes any size.
fn fits(described: []const i64, shape: []const i64) bool {
    if (described.len != shape.len) return false;
    for (described, shape) |axis, size| if (axis >= 0 and axis != size) return false;
    return true;
}
