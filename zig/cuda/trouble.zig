//! A stream's last failure: of the command that failed and of all that were asked behind it, until somebody has been told.
const std = @import("std");
const futex = @import("../os/futex.zig");
const report = @import("../abi/report.zig");
const Failure = @import("failure.zig").Failure;

const growing = std.math.maxInt(u64);

pub const Trouble = struct {
    lock: futex.Mutex = .{},
    /// Of the tickets from `first` to `last`; `growing` while nobody has been told. Under the lock.
    failure: ?struct { kept: Failure, first: u64, last: u64 } = null,
    /// Whether there ever was one; most streams have none, and then nobody takes the lock. Release in `begin` pairs with the
    /// acquire in `any`.
    there: std.atomic.Value(bool) = .init(false),

    pub fn any(self: *const Trouble) bool {
        return self.there.load(.acquire);
    }

    /// On the device's thread: the command of ticket `first` failed. What nobody has been told of yet stays.
    pub fn begin(self: *Trouble, failure: *const Failure, first: u64) void {
        self.lock.lock();
        defer self.lock.unlock();
        if (self.failure) |known| if (known.last == growing) return;
        self.failure = .{ .kept = failure.*, .first = first, .last = growing };
        self.there.store(true, .release);
    }

    /// Why a ticket failed, without telling anybody.
    pub fn of(self: *Trouble, ticket: u64) ?Failure {
        if (!self.any()) return null;
        self.lock.lock();
        defer self.lock.unlock();
        const failure = self.failure orelse return null;
        return if (ticket >= failure.first and ticket <= failure.last) failure.kept else null;
    }

    /// Fails when `ticket` did. What was asked up to `asked` fails with it, what is asked from now on does not.
    pub fn verdict(self: *Trouble, ticket: u64, asked: u64) !void {
        self.lock.lock();
        defer self.lock.unlock();
        const failure = &(self.failure orelse return);
        if (ticket < failure.first or ticket > failure.last) return;
        if (failure.last == growing) failure.last = asked;
        return failure.kept.raise();
    }

    /// Fails when nobody has been told; otherwise as `verdict`.
    pub fn tell(self: *Trouble, asked: u64) !void {
        self.lock.lock();
        defer self.lock.unlock();
        const failure = &(self.failure orelse return);
        if (failure.last != growing) return;
        failure.last = asked;
        return failure.kept.raise();
    }
};

test "a failure is of all that was asked until somebody was told, and of nothing after" {
    var trouble: Trouble = .{};
    report.reset();
    const first: Failure = .taken(report.fail(error.cuda_error, "first.", .{}));
    const second: Failure = .taken(report.fail(error.cuda_error, "second.", .{}));
    try std.testing.expect(!trouble.any());
    try std.testing.expectEqual(null, trouble.of(5));
    trouble.begin(&first, 5);
    trouble.begin(&second, 6);
    try std.testing.expectEqual(null, trouble.of(4));
    try std.testing.expect(trouble.of(1000) != null);
    try trouble.verdict(4, 9);
    try std.testing.expectError(error.cuda_error, trouble.verdict(7, 9));
    try std.testing.expectEqualStrings("first.", report.text());
    try trouble.tell(12);
    try std.testing.expectEqual(null, trouble.of(10));
    try std.testing.expectError(error.cuda_error, trouble.verdict(9, 20));
    trouble.begin(&second, 11);
    try std.testing.expectError(error.cuda_error, trouble.tell(13));
    try std.testing.expectEqualStrings("second.", report.text());
    try trouble.tell(14);
    try std.testing.expectEqual(null, trouble.of(14));
}
