const std = @import("std");
const api = @import("api.zig");
const fixture = @import("fixture.zig");
const report = @import("../../abi/report.zig");
const value = @import("value.zig");
const Library = @import("library.zig").Library;
const Session = @import("session.zig").Session;
const Weight = @import("session.zig").Weight;
const openForTest = @import("library.zig").openForTest;

const float32 = 1;

/// y = x @ (w + w) + b: the sum of weights can be folded, the product packed.
const graph = blk: {
    @setEvalBranchQuota(100_000);
    break :blk fixture.modelWithWeights(
        .{
            fixture.node("Add", .{ "w", "w" }, .{"twice"}),
            fixture.node("MatMul", .{ "x", "twice" }, .{"product"}),
            fixture.node("Add", .{ "product", "b" }, .{"y"}),
        },
        .{ fixture.external("w", float32, .{ 2, 2 }), fixture.external("b", float32, .{2}) },
        .{fixture.tensor("x", float32, .{ 1, 2 })},
        .{fixture.tensor("y", float32, .{ 1, 2 })},
    );
};

fn load(library: *const Library, w: *[4]f32, b: *[2]f32, optimized_path: ?[:0]const u8) !Session {
    return Session.loadFromMemory(std.testing.allocator, library, graph, &.{
        .{ .name = "w", .element = float32, .shape = &.{ 2, 2 }, .bytes = std.mem.asBytes(w) },
        .{ .name = "b", .element = float32, .shape = &.{2}, .bytes = std.mem.asBytes(b) },
    }, .{ .intra_op_threads = 1, .optimized_path = optimized_path });
}

fn run(session: *const Session, x: *[2]f32) ![2]f32 {
    const library = session.library;
    var y: [2]f32 = undefined;
    const input = try value.Value.wrap(library, std.mem.asBytes(x), &.{ 1, 2 }, float32);
    defer input.release(library);
    const output = try value.Value.wrap(library, std.mem.asBytes(&y), &.{ 1, 2 }, float32);
    defer output.release(library);
    var outputs = [_]?*api.Value{output.raw};
    try session.run(null, &.{input.raw}, &outputs);
    return y;
}

test "weights from memory are used, are no inputs, and may go once the session is made" {
    const library = try openForTest();
    const before = value.liveCount();
    var x = [_]f32{ 10, 100 };
    var w = [_]f32{ 1, 2, 3, 4 };
    var b = [_]f32{ 0.5, -0.5 };
    var session = try load(library, &w, &b, null);
    defer session.close();
    try std.testing.expectEqual(before, value.liveCount());
    try std.testing.expectEqual(1, session.inputs.len);
    try std.testing.expectEqual([2]f32{ 620.5, 839.5 }, try run(&session, &x));
    w = @splat(std.math.nan(f32));
    b = @splat(std.math.nan(f32));
    try std.testing.expectEqual([2]f32{ 620.5, 839.5 }, try run(&session, &x));

    var other_w = [_]f32{ 1, 0, 0, 1 };
    var other_b = [_]f32{ 0, 0 };
    var other = try load(library, &other_w, &other_b, null);
    defer other.close();
    try std.testing.expectEqual([2]f32{ 20, 200 }, try run(&other, &x));
}

test "the engine folds weights and fuses what they are used in" {
    const library = try openForTest();
    var path_memory: [64]u8 = undefined;
    const path = try std.fmt.bufPrintSentinel(&path_memory, "/tmp/millrace-test-optimized-{d}.onnx", .{std.os.linux.getpid()}, 0);
    defer _ = std.os.linux.unlink(path.ptr);
    var w = [_]f32{ 1, 2, 3, 4 };
    var b = [_]f32{ 0.5, -0.5 };
    var session = try load(library, &w, &b, path);
    defer session.close();
    var bytes: [64 * 1024]u8 = undefined;
    const opened = std.os.linux.open(path.ptr, .{ .CLOEXEC = true }, 0);
    defer _ = std.os.linux.close(@intCast(opened));
    const optimized = bytes[0..std.os.linux.read(@intCast(opened), &bytes, bytes.len)];
    // Two additions and a product have become one operation.
    const addition = comptime fixture.text(4, "Add");
    try std.testing.expectEqual(2, std.mem.count(u8, graph, addition));
    try std.testing.expectEqual(0, std.mem.count(u8, optimized, addition));
    try std.testing.expectEqual(1, std.mem.count(u8, optimized, comptime fixture.text(4, "Gemm")));
}

test "a weight that is missing, of another size or not in the graph says so" {
    const library = try openForTest();
    var w = [_]f32{ 1, 2, 3, 4 };
    const good: Weight = .{ .name = "w", .element = float32, .shape = &.{ 2, 2 }, .bytes = std.mem.asBytes(&w) };
    var bias = good;
    bias.name = "b";
    for ([_][]const Weight{ &.{good}, &.{ good, bias }, &.{} }) |weights| {
        try std.testing.expectError(error.invalid_model, Session.loadFromMemory(std.testing.allocator, library, graph, weights, .{}));
        try std.testing.expect(report.text().len > 0);
    }
    try std.testing.expectError(error.invalid_model, Session.loadFromMemory(std.testing.allocator, library, "no protobuf", &.{}, .{}));
}

test "a large weight that is used as it is may go too" {
    const library = try openForTest();
    const count = 4096;
    @setEvalBranchQuota(100_000);
    const bytes = comptime fixture.modelWithWeights(
        .{fixture.node("Add", .{ "x", "w" }, .{"y"})},
        .{fixture.external("w", float32, .{count})},
        .{fixture.tensor("x", float32, .{count})},
        .{fixture.tensor("y", float32, .{count})},
    );
    var w: [count]f32 = @splat(7);
    var session = try Session.loadFromMemory(std.testing.allocator, library, bytes, &.{
        .{ .name = "w", .element = float32, .shape = &.{count}, .bytes = std.mem.asBytes(&w) },
    }, .{ .intra_op_threads = 1 });
    defer session.close();
    w = @splat(std.math.nan(f32));
    var x: [count]f32 = @splat(1);
    var y: [count]f32 = undefined;
    const input = try value.Value.wrap(library, std.mem.asBytes(&x), &.{count}, float32);
    defer input.release(library);
    const output = try value.Value.wrap(library, std.mem.asBytes(&y), &.{count}, float32);
    defer output.release(library);
    var outputs = [_]?*api.Value{output.raw};
    try session.run(null, &.{input.raw}, &outputs);
    for (y) |sum| try std.testing.expectEqual(8, sum);
}
