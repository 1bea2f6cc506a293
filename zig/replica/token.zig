//! Tokens by which other JavaScript threads of the process find a model. A token keeps nothing alive.
const std = @import("std");
const linux = std.os.linux;
const report = @import("../abi/report.zig");
const futex = @import("../os/futex.zig");
const Model = @import("model.zig").Model;

const allocator = std.heap.smp_allocator;
pub const length = 32;

const Entry = struct { token: [length]u8, model: *Model };

var lock: futex.Mutex = .{};
var entries: std.ArrayList(Entry) = .empty;

/// The model's token, made on the first call.
pub fn of(model: *Model) ![length]u8 {
    lock.lock();
    defer lock.unlock();
    for (entries.items) |entry| if (entry.model == model) return entry.token;
    var random: [length / 2]u8 = undefined;
    _ = linux.getrandom(&random, random.len, 0);
    const token = std.fmt.bytesToHex(random, .lower);
    try entries.append(allocator, .{ .token = token, .model = model });
    return token;
}

/// A reference to the model, which the caller gives back.
pub fn find(token: []const u8) !*Model {
    lock.lock();
    defer lock.unlock();
    for (entries.items) |entry| if (std.mem.eql(u8, &entry.token, token)) {
        entry.model.retain();
        return entry.model;
    };
    return report.fail(error.not_found, "no model of this process has the token \"{s}\"; it may have been closed.", .{token});
}

/// Of a model that stops.
pub fn forget(model: *Model) void {
    lock.lock();
    defer lock.unlock();
    for (entries.items, 0..) |entry, index| if (entry.model == model) {
        _ = entries.swapRemove(index);
        return;
    };
}
