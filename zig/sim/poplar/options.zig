//! Device options, as Poplar takes them: names with values of a list, a number or a truth value. The simulator checks and
//! keeps none: they set up links between IPUs, of which it has no picture.
const std = @import("std");
const report = @import("../../abi/report.zig");
const table = @import("../../driver/poplar/table.zig");

const Kind = union(enum) { one_of: []const []const u8, number, truth };

const known = [_]struct { name: []const u8, kind: Kind }{
    .{ .name = "ipuLinkConfiguration", .kind = .{ .one_of = &.{ "Default", "BarleyTwist", "SlidingWindow", "None" } } },
    .{ .name = "ipuLinkTopology", .kind = .{ .one_of = &.{ "mesh", "torus" } } },
    .{ .name = "ipuLinkDomainSize", .kind = .number },
    .{ .name = "syncConfiguration", .kind = .{ .one_of = &.{ "intraReplicaAndAll", "ipuAndAll", "intraReplicaAndLadder" } } },
    .{ .name = "gatewayMode", .kind = .truth },
    .{ .name = "connectionType", .kind = .{ .one_of = &.{ "always", "onDemand", "never" } } },
};

pub fn check(options: []const table.Option) !void {
    for (options) |option| try checkOne(std.mem.span(option.name), std.mem.span(option.value));
}

fn checkOne(name: []const u8, value: []const u8) !void {
    for (known) |entry| {
        if (!std.mem.eql(u8, entry.name, name)) continue;
        const fits = switch (entry.kind) {
            .one_of => |values| for (values) |possible| {
                if (std.mem.eql(u8, possible, value)) break true;
            } else false,
            .number => if (std.fmt.parseInt(u32, value, 10)) |_| true else |_| false,
            .truth => std.mem.eql(u8, value, "true") or std.mem.eql(u8, value, "false"),
        };
        return if (fits) {} else report.fail(error.invalid_option, "device option {s} does not take \"{s}\".", .{ name, shortened(value) });
    }
    return report.fail(error.invalid_option, "there is no device option \"{s}\".", .{shortened(name)});
}

fn shortened(text: []const u8) []const u8 {
    return text[0..@min(text.len, 80)];
}

test "known options take their own values and nothing else is an option" {
    const cases = [_]struct { name: [:0]const u8, value: [:0]const u8, good: bool }{
        .{ .name = "ipuLinkTopology", .value = "torus", .good = true },
        .{ .name = "ipuLinkTopology", .value = "ring", .good = false },
        .{ .name = "ipuLinkDomainSize", .value = "64", .good = true },
        .{ .name = "ipuLinkDomainSize", .value = "many", .good = false },
        .{ .name = "gatewayMode", .value = "false", .good = true },
        .{ .name = "gatewayMode", .value = "", .good = false },
        .{ .name = "speed", .value = "high", .good = false },
    };
    for (cases) |case| {
        const result = check(&.{.{ .name = case.name, .value = case.value }});
        if (case.good) try result else try std.testing.expectError(error.invalid_option, result);
    }
}
