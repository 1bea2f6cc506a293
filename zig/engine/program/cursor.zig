//! A place in a program, with the turns left of the repeats around it. It is a plain value: a copy of it looks ahead.
const std = @import("std");
const plan = @import("plan.zig");

pub const Cursor = struct {
    steps: []const plan.Step,
    at: u32 = 0,
    nesting: u8 = 0,
    /// Turns left after this one.
    left: [plan.limits.nesting]u64 = undefined,

    /// The next step that does something; null at the end of the program.
    pub inline fn next(self: *Cursor) ?*const plan.Step {
        while (self.at < self.steps.len) {
            const step = &self.steps[self.at];
            self.at += 1;
            switch (step.*) {
                .repeat => |repeat| {
                    self.left[self.nesting] = repeat.count - 1;
                    self.nesting += 1;
                },
                .end => |first| if (self.left[self.nesting - 1] > 0) {
                    self.left[self.nesting - 1] -= 1;
                    self.at = first;
                } else {
                    self.nesting -= 1;
                },
                else => return step,
            }
        }
        return null;
    }
};

test "repeats inside repeats are walked, and a copy does not move the original" {
    const steps = [_]plan.Step{
        .{ .repeat = .{ .count = 2, .after = 7 } },
        .{ .to_tensor = 0 },
        .{ .repeat = .{ .count = 3, .after = 6 } },
        .sync,
        .{ .to_stream = 1 },
        .{ .end = 3 },
        .{ .end = 1 },
        .graph,
    };
    var cursor: Cursor = .{ .steps = &steps };
    var walked: std.ArrayList(u8) = .empty;
    defer walked.deinit(std.testing.allocator);
    for (0..2) |turn| {
        var copy = cursor;
        while (copy.next()) |step| if (turn == 1) {
            try walked.append(std.testing.allocator, switch (step.*) {
                .to_tensor => 't',
                .sync => 's',
                .to_stream => 'o',
                .graph => 'g',
                else => '?',
            });
        };
    }
    try std.testing.expectEqualStrings("tsososotsososog", walked.items);
    try std.testing.expectEqual(.to_tensor, std.meta.activeTag(cursor.next().?.*));
}
