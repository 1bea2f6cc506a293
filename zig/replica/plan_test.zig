const std = @import("std");
const Form = @import("form.zig").Form;
const Port = @import("form.zig").Port;
const Request = @import("request.zig").Request;
const Input = @import("request.zig").Input;
const Waiting = @import("waiting.zig").Waiting;
const planning = @import("plan.zig");

fn portOf(shape: []const i64, uniform: bool) Port {
    return .{ .element = 1, .element_size = 4, .shape = shape, .row_axis = 0, .uniform = uniform, .row_bytes = if (uniform) 4 else 0 };
}

const Scene = struct {
    requests: [16]Request = undefined,
    inputs: [16][1]Input = undefined,
    axes: [16][2]i64 = undefined,
    parts: [64]planning.Part = undefined,
    waiting: Waiting = .{},
    count: usize = 0,

    /// A request of `rows` rows whose other axis is `width`, submitted at `time`.
    fn add(self: *Scene, rows: u32, width: i64, time: u64) *Request {
        const index = self.count;
        self.count += 1;
        self.axes[index] = .{ rows, width };
        self.inputs[index] = .{.{ .axes = &self.axes[index], .kept = .{ .axes = &.{} } }};
        self.requests[index] = .{ .client = undefined, .chunk = undefined, .number = @intCast(index), .inputs = &self.inputs[index], .outputs = &.{}, .rows = rows };
        self.requests[index].times.queued = time;
        self.waiting.add(&self.requests[index]);
        return &self.requests[index];
    }

    fn compose(self: *Scene, plan: *planning.Plan, form: *const Form, rules: planning.Rules, now: u64) planning.Verdict {
        plan.* = .{ .parts = self.parts[0..planning.Plan.room(form, rules)] };
        return planning.compose(plan, &self.waiting, form, rules, now, false);
    }

    fn expect(plan: *const planning.Plan, size: u32, parts: []const [4]u32) !void {
        try std.testing.expectEqual(size, plan.size);
        try std.testing.expectEqual(parts.len, plan.count);
        for (plan.used(), parts) |part, wanted| try std.testing.expectEqual(wanted, [4]u32{ part.request.number, part.first, part.rows, part.at });
    }
};

const open: Form = .{ .inputs = &.{portOf(&.{ -1, -1 }, false)}, .outputs = &.{}, .batching = 0, .compiled_rows = 0 };
const compiled: Form = .{ .inputs = &.{portOf(&.{ 4, 1 }, true)}, .outputs = &.{}, .batching = 0, .compiled_rows = 4 };
const alone: Form = .{ .inputs = &.{portOf(&.{ -1, -1 }, false)}, .outputs = &.{}, .batching = null, .compiled_rows = 0 };

test "an open batch takes whole requests up to its limit, in order, while their other axes agree" {
    var scene: Scene = .{};
    var plan: planning.Plan = undefined;
    for ([_]u32{ 1, 3, 2, 4 }) |rows| _ = scene.add(rows, 8, 0);
    _ = scene.add(1, 9, 0);
    _ = scene.add(1, 8, 0);
    const rules: planning.Rules = .{ .rows_max = 6, .wait_ns = 0 };
    try std.testing.expectEqual(.run, scene.compose(&plan, &open, rules, 0));
    try Scene.expect(&plan, 6, &.{ .{ 0, 0, 1, 0 }, .{ 1, 0, 3, 1 }, .{ 2, 0, 2, 4 } });
    try std.testing.expect(!plan.isWhole());
    try std.testing.expectEqual(.run, scene.compose(&plan, &open, rules, 0));
    try Scene.expect(&plan, 4, &.{.{ 3, 0, 4, 0 }});
    try std.testing.expect(plan.isWhole());
    try std.testing.expectEqual(.run, scene.compose(&plan, &open, rules, 0));
    try Scene.expect(&plan, 1, &.{.{ 4, 0, 1, 0 }});
    try std.testing.expectEqual(.run, scene.compose(&plan, &open, rules, 0));
    try Scene.expect(&plan, 1, &.{.{ 5, 0, 1, 0 }});
    try std.testing.expectEqual(.nothing, scene.compose(&plan, &open, rules, 0));
}

test "a request with more rows than an open batch runs alone and whole, and without batching everything does" {
    var scene: Scene = .{};
    var plan: planning.Plan = undefined;
    _ = scene.add(9, 8, 0);
    _ = scene.add(1, 8, 0);
    try std.testing.expectEqual(.run, scene.compose(&plan, &open, .{ .rows_max = 6, .wait_ns = 0 }, 0));
    try Scene.expect(&plan, 9, &.{.{ 0, 0, 9, 0 }});
    _ = scene.add(1, 8, 0);
    try std.testing.expectEqual(.run, scene.compose(&plan, &alone, .{ .rows_max = 6, .wait_ns = 0 }, 0));
    try Scene.expect(&plan, 1, &.{.{ 1, 0, 1, 0 }});
}

test "a compiled batch is filled, also with parts of requests, and begins at once when it is full" {
    var scene: Scene = .{};
    var plan: planning.Plan = undefined;
    const rules: planning.Rules = .{ .rows_max = 1000, .wait_ns = 100 };
    const long = scene.add(10, 1, 0);
    _ = scene.add(3, 1, 0);
    const wanted = [_][]const [4]u32{
        &.{.{ 0, 0, 4, 0 }},
        &.{.{ 0, 4, 4, 0 }},
        &.{ .{ 0, 8, 2, 0 }, .{ 1, 0, 2, 2 } },
    };
    for (wanted) |parts| {
        try std.testing.expectEqual(.run, scene.compose(&plan, &compiled, rules, 0));
        try Scene.expect(&plan, 4, parts);
        try std.testing.expect(!plan.isWhole());
    }
    try std.testing.expectEqual(10, long.planned);
    try std.testing.expectEqual(1, scene.waiting.count);
}

test "rows that fill no compiled batch wait since they came, then run with padding" {
    var scene: Scene = .{};
    var plan: planning.Plan = undefined;
    const rules: planning.Rules = .{ .rows_max = 1000, .wait_ns = 100 };
    _ = scene.add(2, 1, 50);
    try std.testing.expectEqual(planning.Verdict{ .until = 150 }, scene.compose(&plan, &compiled, rules, 60));
    _ = scene.add(1, 1, 120);
    try std.testing.expectEqual(planning.Verdict{ .until = 150 }, scene.compose(&plan, &compiled, rules, 149));
    try std.testing.expectEqual(.run, scene.compose(&plan, &compiled, rules, 150));
    try Scene.expect(&plan, 4, &.{ .{ 0, 0, 2, 0 }, .{ 1, 0, 1, 2 } });
    try std.testing.expectEqual(3, plan.rows);
}

test "the wait may be none, for ever, or end with a question" {
    var scene: Scene = .{};
    var plan: planning.Plan = undefined;
    _ = scene.add(1, 1, 0);
    try std.testing.expectEqual(planning.Verdict{ .until = planning.forever }, scene.compose(&plan, &compiled, .{ .rows_max = 1, .wait_ns = planning.forever }, 1 << 60));
    try std.testing.expect(!plan.hungry);
    try std.testing.expectEqual(planning.Verdict{ .until = planning.forever }, scene.compose(&plan, &compiled, .{ .rows_max = 1, .wait_ns = 5, .ask = true }, 6));
    try std.testing.expect(plan.hungry);
    try std.testing.expectEqual(.run, planning.compose(&plan, &scene.waiting, &compiled, .{ .rows_max = 1, .wait_ns = 5, .ask = true }, 6, true));
    _ = scene.add(1, 1, 0);
    try std.testing.expectEqual(.run, scene.compose(&plan, &compiled, .{ .rows_max = 1, .wait_ns = 0 }, 0));
}

test "over random requests every row is in one batch, batches keep their limits, and the order stays" {
    var random = std.Random.DefaultPrng.init(11);
    const r = random.random();
    for (0..300) |_| {
        var scene: Scene = .{};
        const form = if (r.boolean()) &open else &compiled;
        const rules: planning.Rules = .{ .rows_max = 5, .wait_ns = 0 };
        const total = r.intRangeAtMost(usize, 1, 16);
        for (0..total) |_| _ = scene.add(r.intRangeAtMost(u32, 0, 9), if (form == &open) r.intRangeAtMost(i64, 1, 2) else 1, 0);
        var seen: [16]u32 = @splat(0);
        var latest: usize = 0;
        var plan: planning.Plan = undefined;
        while (scene.compose(&plan, form, rules, 0) == .run) {
            var rows: u32 = 0;
            for (plan.used()) |part| {
                try std.testing.expect(part.request.number >= latest);
                latest = part.request.number;
                try std.testing.expectEqual(seen[latest], part.first);
                try std.testing.expectEqual(rows, part.at);
                seen[latest] += part.rows;
                rows += part.rows;
            }
            try std.testing.expectEqual(rows, plan.rows);
            try std.testing.expect(plan.size >= rows);
            if (form == &compiled) try std.testing.expectEqual(4, plan.size) else try std.testing.expect(plan.count == 1 or plan.size <= 5);
        }
        for (seen[0..total], scene.requests[0..total]) |rows, request| try std.testing.expectEqual(request.rows, rows);
        try std.testing.expectEqual(0, scene.waiting.count);
    }
}
