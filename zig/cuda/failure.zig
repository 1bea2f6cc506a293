//! What went wrong on a device's thread, kept for whoever asks later, on any thread.
const std = @import("std");
const report = @import("../abi/report.zig");

pub const Failure = struct {
    err: anyerror,
    text: [report.text_max]u8 = undefined,
    length: usize = 0,

    /// Of the calling thread's last failed call.
    pub fn taken(err: anyerror) Failure {
        var self: Failure = .{ .err = err };
        const text = report.text();
        @memcpy(self.text[0..text.len], text);
        self.length = text.len;
        report.reset();
        return self;
    }

    /// The error, with its text for the calling thread.
    pub fn raise(self: *const Failure) anyerror {
        report.sayRaw(self.text[0..self.length], 0);
        return self.err;
    }
};

test "a failure is raised again with its text, as often as one likes" {
    report.reset();
    const kept: Failure = .taken(report.fail(error.device_lost, "device {d} failed.", .{3}));
    try std.testing.expectEqualStrings("", report.text());
    for (0..2) |_| {
        try std.testing.expectEqual(error.device_lost, kept.raise());
        try std.testing.expectEqualStrings("device 3 failed.", report.text());
        report.reset();
    }
}
