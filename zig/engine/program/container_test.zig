const std = @import("std");
const containers = @import("container.zig");
const fixture = @import("fixture.zig");
const plans = @import("plan.zig");
const report = @import("../../abi/report.zig");
const Container = containers.Container;

const allocator = std.testing.allocator;

const plan =
    \\{ "replicas": 2,
    \\  "tensors": [
    \\    { "name": "image", "type": 1, "shape": [2, 3] },
    \\    { "name": "w", "type": 1, "shape": [40] },
    \\    { "shape": [], "type": 7, "name": "logits" } ],
    \\  "streams": [
    \\    { "handle": "h2d_image", "tensor": 0, "toDevice": true, "depth": 2, "prefetch": true },
    \\    { "handle": "h2d_w", "tensor": 1, "toDevice": true, "depth": 1, "prefetch": false },
    \\    { "handle": "d2h_\u006cogits", "tensor": 2, "toDevice": false, "depth": 1, "prefetch": false } ],
    \\  "remoteBuffers": [{ "handle": "far", "size": 160, "repeats": 3 }],
    \\  "graph": { "inputs": [0], "outputs": [2], "weights": [1] },
    \\  "programs": [
    \\    { "name": "load", "steps": [["sync"], ["toTensor", 1]] },
    \\    { "name": "main", "steps": [["repeat", 4, [["sync"], ["toTensor", 0], ["graph"], ["repeat", 0, [["graph"]]],
    \\       ["repeat", 9007199254740991, []], ["sync"], ["toStream", 2], ["toStream", 2]]]] },
    \\    { "name": "far", "steps": [["remoteToTensor", 0, 1], ["tensorToRemote", 1, 0]] } ] }
;

test "a container gives its tensors, streams, remote buffers, programs and graph" {
    const bytes = try fixture.pack(plan, "graph");
    defer allocator.free(bytes);
    var container = try Container.open(allocator, bytes, .{});
    defer container.close();
    const read = container.plan;
    try std.testing.expectEqualStrings("graph", container.graph);
    try std.testing.expectEqual(2, read.replicas);
    try std.testing.expectEqualSlices(i64, &.{ 2, 3 }, read.tensors[0].shape);
    try std.testing.expectEqual(24, read.tensors[0].size);
    try std.testing.expectEqual(8, read.tensors[2].size);
    try std.testing.expect(read.tensors[1].weight and !read.tensors[0].weight);
    try std.testing.expectEqual(1, read.copiesOf(1));
    try std.testing.expectEqual(2, read.copiesOf(0));
    try std.testing.expectEqual(2, read.stream_numbers.get("d2h_logits").?);
    try std.testing.expectEqual(3, read.remote_buffers[0].repeats);
    // Two images, one weight, two logits, and two prefetched images for each of two replicas.
    try std.testing.expectEqual(2 * 24 + 160 + 2 * 8 + 2 * 2 * 24, read.deviceBytes());
    const main = read.programs[1];
    try std.testing.expectEqualSlices(u32, &.{ 0, 2 }, main.streams);
    // Repeats of nothing, or no repeats, are left out.
    try std.testing.expectEqual(8, main.steps.len);
    try std.testing.expectEqual(plans.Step.Repeat{ .count = 4, .after = 8 }, main.steps[0].repeat);
    try std.testing.expectEqual(1, main.steps[7].end);
}

test "what a plan may not be is an error that names it" {
    const Case = struct { from: []const u8, to: []const u8, says: []const u8 };
    for ([_]Case{
        .{ .from = "\"replicas\": 2", .to = "\"replicas\": 0", .says = "0 replicas" },
        .{ .from = "\"replicas\": 2", .to = "\"replicas\": -1", .says = "replicas is no whole number" },
        .{ .from = "\"replicas\": 2", .to = "\"replicas\": 1.5", .says = "replicas is no whole number" },
        .{ .from = "\"replicas\": 2", .to = "\"replicas\": 9007199254740992", .says = "replicas is no whole number" },
        .{ .from = "\"replicas\": 2", .to = "\"replicas\": 2, \"replicas\": 2", .says = "two fields replicas" },
        .{ .from = "\"replicas\": 2,", .to = "", .says = "no replicas" },
        .{ .from = "\"replicas\": 2", .to = "\"extra\": 2", .says = "unknown field extra" },
        .{ .from = "\"name\": \"w\"", .to = "\"name\": \"image\"", .says = "two tensors image" },
        .{ .from = "\"name\": \"w\"", .to = "\"name\": \"\"", .says = "tensors without a name" },
        .{ .from = "\"name\": \"w\"", .to = "\"name\": \"a\\u0000b\"", .says = "holds a NUL" },
        .{ .from = "\"type\": 7", .to = "\"type\": 8", .says = "element type 8" },
        .{ .from = "[2, 3]", .to = "[9007199254740991, 9007199254740991]", .says = "fits into no memory" },
        .{ .from = "[2, 3]", .to = "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", .says = "17 axes" },
        .{ .from = "h2d_w", .to = "h2d_image", .says = "two streams h2d_image" },
        .{ .from = "\"tensor\": 1", .to = "\"tensor\": 3", .says = "stream h2d_w for tensor 3 of 3" },
        .{ .from = "\"depth\": 2", .to = "\"depth\": 257", .says = "depth 257" },
        .{ .from = "\"depth\": 2", .to = "\"depth\": 0", .says = "depth 0" },
        .{ .from = "\"toDevice\": false", .to = "\"toDevice\": 0", .says = "toDevice is neither" },
        .{ .from = "\"size\": 160", .to = "\"size\": 164", .says = "remote buffer far of 164 bytes" },
        .{ .from = "\"repeats\": 3", .to = "\"repeats\": 0", .says = "remote buffer far of 0 blocks" },
        .{ .from = "\"outputs\": [2]", .to = "\"outputs\": [7]", .says = "tensor 7 of 3" },
        .{ .from = "\"outputs\": [2]", .to = "\"outputs\": [1]", .says = "weight w is an output" },
        .{ .from = "[\"toTensor\", 1]", .to = "[\"toTensor\", 2]", .says = "stream d2h_logits the wrong way" },
        .{ .from = "[\"toTensor\", 1]", .to = "[\"toTensor\", 9]", .says = "stream 9 of 3" },
        .{ .from = "[\"toTensor\", 1]", .to = "[\"toTensor\"]", .says = "a step's argument is no whole number" },
        .{ .from = "[\"toTensor\", 1]", .to = "[\"toTensor\", 1, 1]", .says = "too many arguments" },
        .{ .from = "[\"toTensor\", 1]", .to = "[\"jump\", 1]", .says = "no step jump" },
        .{ .from = "[\"toTensor\", 1]", .to = "[\"kernel\", \"fold\"]", .says = "a kernel's operand is no list" },
        .{ .from = "[\"toTensor\", 1]", .to = kernel("{\"tensor\":3,\"offset\":0,\"shape\":[],\"strides\":[]}", ""), .says = "kernel fold with tensor 3 of 3" },
        .{ .from = "[\"toTensor\", 1]", .to = kernel("{\"tensor\":0,\"offset\":0,\"shape\":[7],\"strides\":[1]}", ""), .says = "beyond tensor image of 24 bytes" },
        .{ .from = "[\"toTensor\", 1]", .to = kernel("{\"tensor\":1,\"offset\":0,\"shape\":[40],\"strides\":[1]}", ""), .says = "weight w to write to" },
        .{ .from = "[\"toTensor\", 1]", .to = kernel("{\"tensor\":0,\"offset\":0,\"shape\":[6],\"strides\":[]}", ""), .says = "1 axes and 0 strides" },
        .{ .from = "[\"toTensor\", 1]", .to = kernel("{\"tensor\":0,\"offset\":0,\"shape\":[6],\"strides\":[1.5]}", ""), .says = "strides is no whole number" },
        .{ .from = "[\"toTensor\", 1]", .to = kernel("", "1e999"), .says = "a kernel's scalar is no finite number" },
        .{ .from = "[\"remoteToTensor\", 0, 1]", .to = "[\"remoteToTensor\", 1, 1]", .says = "remote buffer 1 of 1" },
        .{ .from = "[\"toTensor\", 1]", .to = "[\"repeat\",2,[[\"repeat\",2,[[\"repeat\",2,[[\"repeat\",2,[[\"repeat\",2,[[\"repeat\",2,[[\"repeat\",2,[[\"repeat\",2,[[\"repeat\",2,[]]]]]]]]]]]]]]]]]]", .says = "nested more than 8 deep" },
        .{ .from = "\"load\",", .to = "\"load\"", .says = "that is no JSON" },
        .{ .from = "{ \"replicas\"", .to = "[ \"replicas\"", .says = "plan is no object" },
    }) |case| {
        const at = std.mem.find(u8, plan, case.from).?;
        const changed = try std.mem.concat(allocator, u8, &.{ plan[0..at], case.to, plan[at + case.from.len ..] });
        defer allocator.free(changed);
        try expectRefused(changed, "graph", error.invalid_executable, case.says);
    }
    try expectRefused(plan, "", error.invalid_executable, "has no graph");
    try expectRefused(plan ++ " {}", "graph", error.invalid_executable, "no JSON");
}

fn kernel(comptime operands: []const u8, comptime scalars: []const u8) []const u8 {
    return "[\"kernel\", \"fold\", [" ++ operands ++ "], [" ++ scalars ++ "]]";
}

test "a kernel step gives its operands and scalars" {
    const changed = try std.mem.replaceOwned(u8, allocator, plan, "[\"toTensor\", 1]", kernel("{\"strides\":[-2,1],\"shape\":[3,2],\"offset\":16,\"tensor\":0}", "-0.5, 2e3, 7"));
    defer allocator.free(changed);
    const bytes = try fixture.pack(changed, "graph");
    defer allocator.free(bytes);
    var container = try Container.open(allocator, bytes, .{});
    defer container.close();
    const read = container.plan.programs[0].steps[1].kernel;
    try std.testing.expectEqualStrings("fold", read.name);
    try std.testing.expectEqualSlices(f64, &.{ -0.5, 2000, 7 }, read.scalars);
    try std.testing.expectEqual(16, read.operands[0].offset);
    try std.testing.expectEqualSlices(u64, &.{ 3, 2 }, read.operands[0].shape);
    try std.testing.expectEqualSlices(i64, &.{ -2, 1 }, read.operands[0].strides);
}

fn expectRefused(changed: []const u8, graph: []const u8, err: anyerror, says: []const u8) !void {
    const bytes = try fixture.pack(changed, graph);
    defer allocator.free(bytes);
    try std.testing.expectError(err, Container.open(allocator, bytes, .{}));
    if (std.mem.find(u8, report.text(), says) == null) {
        std.debug.print("\"{s}\" does not say \"{s}\"\n", .{ report.text(), says });
        return error.TestUnexpectedResult;
    }
}

test "another version, graph or hash is a package hash error, and only the graph's may be let through" {
    const bytes = try fixture.pack(plan, "graph");
    defer allocator.free(bytes);
    for ([_]usize{ 8, 12, 40, bytes.len - 1 }) |place| {
        bytes[place] ^= 1;
        defer bytes[place] ^= 1;
        try std.testing.expectError(error.package_hash, Container.open(allocator, bytes, .{}));
        const unchecked = Container.open(allocator, bytes, .{ .check_package_hash = false });
        if (place < 16) {
            try std.testing.expectError(error.package_hash, unchecked);
        } else {
            var container = try unchecked;
            container.close();
        }
    }
    bytes[0..8].* = "GC_EXE_3".*;
    try std.testing.expectError(error.invalid_executable, Container.open(allocator, bytes, .{}));
    try std.testing.expect(std.mem.find(u8, report.text(), "Poplar") != null);
}

test "every cut of a container is refused" {
    const bytes = try fixture.pack(plan, "graph");
    defer allocator.free(bytes);
    for (0..bytes.len) |length| {
        for ([_]bool{ true, false }) |check| {
            try std.testing.expectError(error.invalid_executable, Container.open(allocator, bytes[0..length], .{ .check_package_hash = check }));
        }
    }
}

test "a hundred thousand mutations are read or refused, within the stated memory" {
    const good = try fixture.pack(plan, "graph");
    defer allocator.free(good);
    const bytes = try allocator.dupe(u8, good);
    defer allocator.free(bytes);
    const room = try allocator.alloc(u8, containers.plan_memory_base + containers.plan_memory_factor * plan.len);
    defer allocator.free(room);
    var random: std.Random.DefaultPrng = .init(0x5eed);
    const from = random.random();
    // Bytes that keep a text JSON more often than others do.
    const likely = "0123456789[]{},:\"\\eE.-tfn ";
    var read: usize = 0;
    for (0..100_000) |_| {
        @memcpy(bytes, good);
        for (0..from.intRangeAtMost(usize, 1, 3)) |_| {
            const place = from.uintLessThan(usize, bytes.len);
            bytes[place] = if (from.boolean()) likely[from.uintLessThan(usize, likely.len)] else from.int(u8);
        }
        var fixed: std.heap.FixedBufferAllocator = .init(room);
        var container = Container.open(fixed.allocator(), bytes, .{ .check_package_hash = false }) catch |err| {
            if (err != error.invalid_executable and err != error.package_hash) return err;
            continue;
        };
        read += 1;
        container.close();
    }
    try std.testing.expect(read > 1000);
}

test "the shortest entries, many times over, stay within the stated memory" {
    var text: std.ArrayList(u8) = .empty;
    defer text.deinit(allocator);
    try text.appendSlice(allocator, "{\"replicas\":1,\"tensors\":[");
    for (0..3000) |index| try text.print(allocator, "{s}{{\"name\":\"{x}\",\"type\":1,\"shape\":[1,1,1,1]}}", .{ if (index > 0) "," else "", index });
    try text.appendSlice(allocator, "],\"streams\":[");
    for (0..3000) |index| try text.print(allocator, "{s}{{\"handle\":\"{x}\",\"tensor\":1,\"toDevice\":true,\"depth\":1,\"prefetch\":true}}", .{ if (index > 0) "," else "", index });
    try text.appendSlice(allocator, "],\"graph\":{\"inputs\":[");
    for (0..3000) |index| try text.appendSlice(allocator, if (index > 0) ",0" else "0");
    try text.appendSlice(allocator, "]},\"programs\":[");
    for (0..300) |_| {
        try text.appendSlice(allocator, "{\"name\":\"\",\"steps\":[");
        for (0..20) |_| try text.appendSlice(allocator, "[\"sync\"],[\"toTensor\",0],[\"repeat\",1,[[\"sync\"]]],");
        try text.appendSlice(allocator, "[\"sync\"]]},");
    }
    try text.appendSlice(allocator, "{\"name\":\"\",\"steps\":[]}]}");
    const bytes = try fixture.pack(text.items, "");
    defer allocator.free(bytes);
    const room = try allocator.alloc(u8, containers.plan_memory_base + containers.plan_memory_factor * text.items.len);
    defer allocator.free(room);
    var fixed: std.heap.FixedBufferAllocator = .init(room);
    var container = try Container.open(fixed.allocator(), bytes, .{});
    container.close();
}
