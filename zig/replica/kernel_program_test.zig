const std = @import("std");
const fixture = @import("../engine/program/fixture.zig");
const report = @import("../abi/report.zig");
const Container = @import("../engine/program/container.zig").Container;
const KernelProgram = @import("kernel_program.zig").KernelProgram;
const StreamPort = @import("parts.zig").StreamPort;

const allocator = std.testing.allocator;

const plan =
    \\{ "replicas": 1,
    \\  "tensors": [ { "name": "x", "type": 1, "shape": [2, 3] }, { "name": "t", "type": 1, "shape": [2, 3] }, { "name": "y", "type": 1, "shape": [2, 3] } ],
    \\  "streams": [
    \\    { "handle": "x!", "tensor": 0, "toDevice": true, "depth": 1, "prefetch": false },
    \\    { "handle": "y!", "tensor": 2, "toDevice": false, "depth": 1, "prefetch": false } ],
    \\  "remoteBuffers": [{ "handle": "far", "size": 24, "repeats": 1 }],
    \\  "programs": [{ "name": "main", "steps": [["repeat", 4, [["sync"], ["toTensor", 0],
    \\      ["kernel", "copy", [{ "tensor": 1, "offset": 0, "shape": [6], "strides": [1] }, { "tensor": 0, "offset": 0, "shape": [6], "strides": [1] }], []],
    \\      ["kernel", "copy", [{ "tensor": 2, "offset": 0, "shape": [6], "strides": [1] }, { "tensor": 1, "offset": 0, "shape": [6], "strides": [1] }], []],
    \\      ["sync"], ["toStream", 1]]]] }] }
;
const inputs = [_]StreamPort{.{ .name = "x", .handle = "x!", .element = 1, .shape = &.{ 2, 3 } }};
const outputs = [_]StreamPort{.{ .name = "y", .handle = "y!", .element = 1, .shape = &.{ 2, 3 } }};

fn read(arena: std.mem.Allocator, bytes: []const u8, main: u32, in: []const StreamPort, out: []const StreamPort) !KernelProgram {
    return .of(arena, try Container.open(allocator, bytes, .{}), main, in, out);
}

test "a program of kernels gives them in order, with the tensors of its inputs and outputs" {
    var arena: std.heap.ArenaAllocator = .init(allocator);
    defer arena.deinit();
    const bytes = try fixture.pack(plan, "");
    defer allocator.free(bytes);
    var program = try read(arena.allocator(), bytes, 0, &inputs, &outputs);
    defer program.close();
    try std.testing.expectEqual(2, program.kernels.len);
    try std.testing.expectEqual(1, program.kernels[0].operands[0].tensor);
    try std.testing.expectEqualSlices(u32, &.{0}, program.input_tensors);
    try std.testing.expectEqualSlices(u32, &.{2}, program.output_tensors);
}

test "a program that is more than that is refused, and says in what" {
    const Case = struct { from: []const u8, to: []const u8, err: anyerror = error.invalid_executable, says: []const u8 };
    for ([_]Case{
        .{ .from = "[\"toStream\", 1]", .to = "[\"graph\"], [\"toStream\", 1]", .says = "runs a graph" },
        .{ .from = "[\"toStream\", 1]", .to = "[\"tensorToRemote\", 2, 0], [\"toStream\", 1]", .says = "uses remote buffers" },
        .{ .from = "[\"toStream\", 1]", .to = "[\"toStream\", 1], [\"toTensor\", 0]", .says = "brings inputs after" },
        .{ .from = "[\"toTensor\", 0]", .to = "[\"toTensor\", 0], [\"repeat\", 2, [[\"sync\"]]]", .says = "repeats a part" },
        .{ .from = "[\"toStream\", 1]", .to = "[\"sync\"]", .err = error.unknown_anchor, .says = "uses 0 of 1 streams" },
        .{ .from = "\"tensor\": 2, \"toDevice\"", .to = "\"tensor\": 0, \"toDevice\"", .says = "tensor x is more than one" },
        .{ .from = "{ \"tensor\": 1, \"offset\": 0, \"shape\": [6], \"strides\": [1] }, {", .to = "{ \"tensor\": 0, \"offset\": 0, \"shape\": [6], \"strides\": [1] }, {", .says = "writes to tensor x, which is an input" },
        .{ .from = "\"x!\"", .to = "\"other\"", .err = error.unknown_anchor, .says = "no stream \"x!\"" },
        .{ .from = "\"replicas\": 1", .to = "\"replicas\": 2", .says = "2 replicas" },
        .{ .from = "\"name\": \"y\", \"type\": 1", .to = "\"name\": \"y\", \"type\": 6", .err = error.model_conflict, .says = "element type 6" },
    }) |case| {
        var arena: std.heap.ArenaAllocator = .init(allocator);
        defer arena.deinit();
        const at = std.mem.find(u8, plan, case.from).?;
        const changed = try std.mem.concat(allocator, u8, &.{ plan[0..at], case.to, plan[at + case.from.len ..] });
        defer allocator.free(changed);
        const bytes = try fixture.pack(changed, "graph");
        defer allocator.free(bytes);
        try std.testing.expectError(case.err, read(arena.allocator(), bytes, 0, &inputs, &outputs));
        if (std.mem.find(u8, report.text(), case.says) == null) {
            std.debug.print("\"{s}\" does not say \"{s}\"\n", .{ report.text(), case.says });
            return error.TestUnexpectedResult;
        }
    }
    var arena: std.heap.ArenaAllocator = .init(allocator);
    defer arena.deinit();
    const bytes = try fixture.pack(plan, "");
    defer allocator.free(bytes);
    try std.testing.expectError(error.invalid_executable, read(arena.allocator(), bytes, 1, &inputs, &outputs));
    try std.testing.expectError(error.not_connected, read(arena.allocator(), bytes, 0, &.{}, &outputs));
}
