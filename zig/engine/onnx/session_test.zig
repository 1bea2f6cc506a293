const std = @import("std");
const api = @import("api.zig");
const fixture = @import("fixture.zig");
const report = @import("../../abi/report.zig");
const value = @import("value.zig");
const Library = @import("library.zig").Library;
const Session = @import("session.zig").Session;
const Weight = @import("session.zig").Weight;
const RunOptions = @import("session.zig").RunOptions;
const openForTest = @import("library.zig").openForTest;

const float32 = 1;
const int64 = 7;

fn load(library: *const Library, comptime bytes: []const u8) !Session {
    var buffer: [64]u8 = undefined;
    const path = try std.fmt.bufPrintSentinel(&buffer, "/tmp/millrace-test-{d}.onnx", .{std.os.linux.getpid()}, 0);
    try fixture.write(path, bytes);
    defer _ = std.os.linux.unlink(path.ptr);
    return Session.load(std.testing.allocator, library, path, .{ .intra_op_threads = 1 });
}

test "a session says the names, element types, sizes and symbols of its ports" {
    const library = try openForTest();
    @setEvalBranchQuota(100_000);
    var session = try load(library, comptime fixture.model(
        .{fixture.node("Identity", .{"x"}, .{"y"})},
        .{fixture.tensor("x", float32, .{ "batch", 4 })},
        .{fixture.tensor("y", float32, .{ "batch", 4 })},
    ));
    defer session.close();
    const x = session.inputs[0];
    try std.testing.expectEqualStrings("x", x.name);
    try std.testing.expectEqual(float32, x.element);
    try std.testing.expectEqualSlices(i64, &.{ -1, 4 }, x.shape);
    try std.testing.expectEqualStrings("batch", x.symbols[0]);
    try std.testing.expectEqualStrings("", x.symbols[1]);
    try std.testing.expect(!x.isStatic());
    try std.testing.expectEqualStrings("y", session.outputs[0].name);
}

test "a run reads and writes our memory in place, and makes outputs of unknown size" {
    const library = try openForTest();
    @setEvalBranchQuota(100_000);
    var session = try load(library, comptime fixture.model(
        .{ fixture.node("Add", .{ "a", "b" }, .{"sum"}), fixture.node("NonZero", .{"sum"}, .{"where"}) },
        .{ fixture.tensor("a", float32, .{3}), fixture.tensor("b", float32, .{3}) },
        .{ fixture.tensor("sum", float32, .{3}), fixture.tensor("where", int64, .{ 1, "found" }) },
    ));
    defer session.close();
    const before = value.liveCount();
    var a = [_]f32{ 1, 2, 3 };
    var b = [_]f32{ 10, -2, 30 };
    var sum: [3]f32 = @splat(0);
    const left = try value.Value.wrap(library, std.mem.sliceAsBytes(&a), &.{3}, float32);
    defer left.release(library);
    const right = try value.Value.wrap(library, std.mem.sliceAsBytes(&b), &.{3}, float32);
    defer right.release(library);
    const bound = try value.Value.wrap(library, std.mem.sliceAsBytes(&sum), &.{3}, float32);
    defer bound.release(library);
    var outputs = [_]?*api.Value{ bound.raw, null };
    try session.run(null, &.{ left.raw, right.raw }, &outputs);
    try std.testing.expectEqualSlices(f32, &.{ 11, 0, 33 }, &sum);
    const where = value.Value.adopt(outputs[1].?);
    var axes: [8]i64 = undefined;
    const found = try where.describe(library, &axes);
    try std.testing.expectEqualSlices(i64, &.{ 1, 2 }, found.shape);
    try std.testing.expectEqualSlices(i64, &.{ 0, 2 }, @alignCast(std.mem.bytesAsSlice(i64, found.bytes)));
    try std.testing.expectEqual(before + 4, value.liveCount());
    where.release(library);
}

test "a failing run, a wrong size and a broken file say what went wrong" {
    const library = try openForTest();
    @setEvalBranchQuota(100_000);
    var session = try load(library, comptime fixture.model(
        .{fixture.node("Gather", .{ "data", "index" }, .{"y"})},
        .{ fixture.tensor("data", float32, .{2}), fixture.tensor("index", int64, .{}) },
        .{fixture.tensor("y", float32, .{})},
    ));
    defer session.close();
    var data = [_]f32{ 1, 2 };
    var index = [_]i64{7};
    const bytes = std.mem.sliceAsBytes(&data);
    try std.testing.expectError(error.wrong_shape, value.Value.wrap(library, bytes, &.{3}, float32));
    const first = try value.Value.wrap(library, bytes, &.{2}, float32);
    defer first.release(library);
    const second = try value.Value.wrap(library, std.mem.sliceAsBytes(&index), &.{}, int64);
    defer second.release(library);
    var outputs = [_]?*api.Value{null};
    try std.testing.expectError(error.run_failed, session.run(null, &.{ first.raw, second.raw }, &outputs));
    try std.testing.expect(std.mem.find(u8, report.text(), "Gather") != null);
    try std.testing.expectEqual(null, outputs[0]);

    try std.testing.expectError(error.invalid_model, load(library, "no protobuf at all"));
    try std.testing.expectError(error.file_not_found, Session.load(std.testing.allocator, library, "/nonexistent.onnx", .{}));
}

test "a run that was told to end fails, and its options work again once renewed" {
    const library = try openForTest();
    @setEvalBranchQuota(100_000);
    var session = try load(library, comptime fixture.model(
        .{fixture.node("Neg", .{"x"}, .{"y"})},
        .{fixture.tensor("x", float32, .{1})},
        .{fixture.tensor("y", float32, .{1})},
    ));
    defer session.close();
    const options = try RunOptions.create(library);
    defer options.release(library);
    options.terminate(library);
    var x = [_]f32{1};
    const input = try value.Value.wrap(library, std.mem.sliceAsBytes(&x), &.{1}, float32);
    defer input.release(library);
    var outputs = [_]?*api.Value{null};
    try std.testing.expectError(error.run_failed, session.run(&options, &.{input.raw}, &outputs));
    options.renew(library);
    try session.run(&options, &.{input.raw}, &outputs);
    value.Value.adopt(outputs[0].?).release(library);
}

test "external weights are those that are given, also where the engine computes with them before it runs" {
    const library = try openForTest();
    @setEvalBranchQuota(100_000);
    // y = x + w, z = x + (w + w): the engine adds w to itself once, while it loads.
    const bytes = comptime fixture.modelWithWeights(
        .{ fixture.node("Add", .{ "x", "w" }, .{"y"}), fixture.node("Add", .{ "w", "w" }, .{"twice"}), fixture.node("Add", .{ "x", "twice" }, .{"z"}) },
        .{fixture.external("w", float32, .{64})},
        .{fixture.tensor("x", float32, .{64})},
        .{ fixture.tensor("y", float32, .{64}), fixture.tensor("z", float32, .{64}) },
    );
    const before = value.liveCount();
    for ([_]f32{ 1, 50 }) |scale| {
        var w: [64]f32 = @splat(scale);
        var session: Session = try .loadFromMemory(std.testing.allocator, library, bytes, &.{
            .{ .name = "w", .element = float32, .shape = &.{64}, .bytes = std.mem.sliceAsBytes(&w) },
        }, .{ .intra_op_threads = 1 });
        defer session.close();
        try std.testing.expectEqual(1, session.inputs.len);
        // The caller's copy is nobody's business any more.
        @memset(&w, -1);
        var x: [64]f32 = @splat(10);
        var y: [2][64]f32 = @splat(@splat(0));
        const input = try value.Value.wrap(library, std.mem.sliceAsBytes(&x), &.{64}, float32);
        defer input.release(library);
        var outputs: [2]?*api.Value = undefined;
        for (&outputs, &y) |*output, *to| output.* = (try value.Value.wrap(library, std.mem.sliceAsBytes(to), &.{64}, float32)).raw;
        defer for (outputs) |raw| value.Value.release(.{ .raw = raw.? }, library);
        try session.run(null, &.{input.raw}, &outputs);
        try std.testing.expectEqual(10 + scale, y[0][63]);
        try std.testing.expectEqual(10 + 2 * scale, y[1][63]);
    }
    const missing: []const Weight = &.{};
    try std.testing.expectError(error.invalid_model, Session.loadFromMemory(std.testing.allocator, library, bytes, missing, .{}));
    try std.testing.expectEqual(before, value.liveCount());
}

test "a shared session runs for each of its owners at once, until the last has closed its own" {
    const library = try openForTest();
    @setEvalBranchQuota(100_000);
    var session = try load(library, comptime fixture.model(
        .{fixture.node("Neg", .{"x"}, .{"y"})},
        .{fixture.tensor("x", float32, .{1})},
        .{fixture.tensor("y", float32, .{1})},
    ));
    const Owner = struct {
        session: Session,
        given: f32,
        failure: ?anyerror = null,

        fn main(self: *@This()) void {
            defer self.session.close();
            for (0..200) |_| self.once() catch |err| {
                self.failure = err;
            };
        }

        fn once(self: *@This()) !void {
            const input = try value.Value.wrap(self.session.library, std.mem.asBytes(&self.given), &.{1}, float32);
            defer input.release(self.session.library);
            var got: [1]f32 = undefined;
            const output = try value.Value.wrap(self.session.library, std.mem.sliceAsBytes(&got), &.{1}, float32);
            defer output.release(self.session.library);
            var outputs = [_]?*api.Value{output.raw};
            try self.session.run(null, &.{input.raw}, &outputs);
            try std.testing.expectEqual(-self.given, got[0]);
        }
    };
    var owners: [3]Owner = undefined;
    for (&owners, 1..) |*owner, number| owner.* = .{ .session = session.share(), .given = @floatFromInt(number) };
    session.close();
    var threads: [3]std.Thread = undefined;
    for (&threads, &owners) |*thread, *owner| thread.* = try .spawn(.{}, Owner.main, .{owner});
    for (threads) |thread| thread.join();
    for (owners) |owner| if (owner.failure) |err| return err;
}
