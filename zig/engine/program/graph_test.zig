const std = @import("std");
const fixture = @import("fixture.zig");
const futex = @import("../../os/futex.zig");
const models = @import("../onnx/fixture.zig");
const poplar = @import("../../driver/poplar/table.zig");
const report = @import("../../abi/report.zig");
const value = @import("../onnx/value.zig");
const Engine = @import("engine.zig").Engine;
const Loaded = fixture.Loaded;
const pathForTest = @import("../onnx/library.zig").pathForTest;

const float32 = 1;

/// y = x * (w + w)
const scaling = blk: {
    @setEvalBranchQuota(100_000);
    break :blk models.modelWithWeights(
        .{ models.node("Add", .{ "w", "w" }, .{"twice"}), models.node("Mul", .{ "x", "twice" }, .{"y"}) },
        .{models.external("w", float32, .{2})},
        .{models.tensor("x", float32, .{ "batch", 2 })},
        .{models.tensor("y", float32, .{ "batch", 2 })},
    );
};

const plan =
    \\{ "replicas": 2,
    \\  "tensors": [{ "name": "y", "type": 1, "shape": [1, 2] }, { "name": "x", "type": 1, "shape": [1, 2] }, { "name": "w", "type": 1, "shape": [2] }],
    \\  "streams": [{ "handle": "x", "tensor": 1, "toDevice": true, "depth": 2, "prefetch": true },
    \\    { "handle": "w", "tensor": 2, "toDevice": true, "depth": 1, "prefetch": false },
    \\    { "handle": "y", "tensor": 0, "toDevice": false, "depth": 1, "prefetch": false },
    \\    { "handle": "w_out", "tensor": 2, "toDevice": false, "depth": 1, "prefetch": false }],
    \\  "remoteBuffers": [{ "handle": "far", "size": 8, "repeats": 1 }],
    \\  "graph": { "inputs": [1], "outputs": [0], "weights": [2] },
    \\  "programs": [{ "name": "load", "steps": [["sync"], ["toTensor", 1]] },
    \\    { "name": "main", "steps": [["sync"], ["toTensor", 0], ["graph"], ["sync"], ["toStream", 2]] },
    \\    { "name": "save", "steps": [["sync"], ["toStream", 3]] },
    \\    { "name": "far", "steps": [["remoteToTensor", 0, 2]] }] }
;

fn options() ![2]poplar.Option {
    return .{ .{ .name = "millrace.engine", .value = try pathForTest() }, .{ .name = "millrace.engineThreads", .value = "1" } };
}

test "weights that the load program brings are the ones that run, also when they change" {
    var loaded = try Loaded.create(plan, scaling, &try options());
    defer loaded.destroy();
    const engine = loaded.engine;
    const before = value.liveCount();
    var x = [2][2]f32{ .{ 1, 2 }, .{ 3, 4 } };
    var y: [2][2]f32 = undefined;
    var w = [2]f32{ 10, 100 };
    var saved: [2]f32 = undefined;
    for (0..2) |replica| {
        try engine.connectMemory("x", @intCast(replica), std.mem.asBytes(&x[replica]));
        try engine.connectMemory("y", @intCast(replica), std.mem.asBytes(&y[replica]));
    }
    try engine.connectMemory("w", 0, std.mem.asBytes(&w));
    try engine.connectMemory("w_out", 0, std.mem.asBytes(&saved));
    // Weights are zero until they are loaded.
    try engine.run(1, .{});
    try std.testing.expectEqual([2][2]f32{ .{ 0, 0 }, .{ 0, 0 } }, y);
    try engine.run(0, .{});
    try engine.run(1, .{});
    try std.testing.expectEqual([2][2]f32{ .{ 20, 400 }, .{ 60, 800 } }, y);
    const session = engine.graph.?.session.?.raw;
    try engine.run(1, .{});
    try engine.run(2, .{});
    try std.testing.expectEqual([2]f32{ 10, 100 }, saved);
    // One session as long as no weight was written; its values are those of two replicas.
    try std.testing.expectEqual(session, engine.graph.?.session.?.raw);
    try std.testing.expectEqual(before + 4, value.liveCount());
    w = .{ 1, 1 };
    try engine.run(0, .{});
    try engine.run(1, .{});
    try std.testing.expectEqual([2][2]f32{ .{ 2, 4 }, .{ 6, 8 } }, y);
    @memcpy(try engine.remoteBlock("far", 0, 0), std.mem.asBytes(&[2]f32{ 5, 6 }));
    try engine.run(3, .{});
    try engine.run(1, .{});
    try std.testing.expectEqual([2][2]f32{ .{ 10, 24 }, .{ 30, 48 } }, y);
    engine.unload();
    try std.testing.expectEqual(before, value.liveCount());
}

test "a graph that is not what its plan says, and an engine that is not there, are named" {
    const Case = struct { from: []const u8, to: []const u8, says: []const u8 };
    for ([_]Case{
        .{ .from = "\"inputs\": [1]", .to = "\"inputs\": []", .says = "1 inputs and 1 outputs, its plan says 0" },
        .{ .from = "\"outputs\": [0]", .to = "\"outputs\": [1]", .says = "output y is no tensor" },
        .{ .from = "\"x\", \"type\": 1, \"shape\": [1, 2]", .to = "\"x\", \"type\": 1, \"shape\": [1, 3]", .says = "input x has element type 1 and shape { -1, 2 }, its tensor 1 and { 1, 3 }" },
        .{ .from = "\"x\", \"type\": 1", .to = "\"x\", \"type\": 6", .says = "input x has element type 1" },
    }) |case| {
        const at = std.mem.find(u8, plan, case.from).?;
        const changed = try std.mem.concat(std.testing.allocator, u8, &.{ plan[0..at], case.to, plan[at + case.from.len ..] });
        defer std.testing.allocator.free(changed);
        var loaded = try Loaded.create(changed, scaling, &try options());
        defer loaded.destroy();
        var bytes: [64]u8 = @splat(0);
        for ([_][]const u8{ "x", "y" }) |handle| for (0..2) |replica| try loaded.engine.connectMemory(handle, @intCast(replica), &bytes);
        try std.testing.expectError(error.invalid_executable, loaded.engine.run(1, .{}));
        try std.testing.expect(std.mem.find(u8, report.text(), case.says) != null);
    }
    try std.testing.expectError(error.engine_missing, Loaded.create(plan, scaling, &.{}));
    try std.testing.expectError(error.engine_missing, Loaded.create(plan, scaling, &.{.{ .name = "millrace.engine", .value = "/nowhere.so" }}));
}

test "a graph without weights is made at load" {
    @setEvalBranchQuota(100_000);
    const plain = comptime models.model(.{models.node("Neg", .{"x"}, .{"y"})}, .{models.tensor("x", float32, .{1})}, .{models.tensor("y", float32, .{1})});
    const small =
        \\{ "replicas": 1, "tensors": [{ "name": "x", "type": 1, "shape": [1] }, { "name": "y", "type": 1, "shape": [1] }], "streams": [],
        \\  "graph": { "inputs": [0], "outputs": [1] }, "programs": [{ "name": "main", "steps": [["graph"]] }] }
    ;
    var loaded = try Loaded.create(small, plain, &try options());
    defer loaded.destroy();
    try std.testing.expect(loaded.engine.graph.?.session != null);
    try loaded.engine.run(0, .{});
    try std.testing.expectError(error.invalid_model, Loaded.create(small, "no graph", &try options()));
}

test "stop ends a graph at its next node" {
    // 400 products of 300 by 300 for each graph: about a second, ended after the first few.
    @setEvalBranchQuota(2_000_000);
    const slow = comptime blk: {
        var nodes: [400][]const u8 = undefined;
        for (&nodes, 0..) |*node, index| node.* = models.node("MatMul", .{ std.fmt.comptimePrint("t{d}", .{index}), "x" }, .{std.fmt.comptimePrint("t{d}", .{index + 1})});
        nodes[0] = models.node("Identity", .{"x"}, .{"t1"});
        break :blk models.model(nodes, .{models.tensor("x", float32, .{ 300, 300 })}, .{models.tensor("t400", float32, .{ 300, 300 })});
    };
    const small =
        \\{ "replicas": 1, "tensors": [{ "name": "x", "type": 1, "shape": [300, 300] }, { "name": "t400", "type": 1, "shape": [300, 300] }], "streams": [],
        \\  "graph": { "inputs": [0], "outputs": [1] }, "programs": [{ "name": "main", "steps": [["repeat", 1000000, [["graph"]]]] }] }
    ;
    var loaded = try Loaded.create(small, slow, &try options());
    defer loaded.destroy();
    const Here = struct {
        fn run(engine: *Engine) void {
            std.testing.expectError(error.stopped, engine.run(0, .{})) catch unreachable;
        }
    };
    for (0..3) |_| {
        const thread = try std.Thread.spawn(.{}, Here.run, .{loaded.engine});
        while (!loaded.engine.running.load(.acquire)) futex.pause();
        for (0..20) |_| futex.pause();
        loaded.engine.stop();
        thread.join();
        try loaded.engine.load();
    }
}
