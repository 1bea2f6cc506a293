//! Memory of this process behind a handle: what tensors that JavaScript owns stand on.
const std = @import("std");
const linux = std.os.linux;
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const block = @import("../abi/block.zig");
const report = @import("../abi/report.zig");
const file = @import("../os/file.zig");
const path = @import("path.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;

pub const Memory = struct {
    pub const kind: handle.Kind = .memory;

    fn destroy(object: *anyopaque) void {
        const self: *Mapping = @ptrCast(@alignCast(object));
        self.release();
    }
};

/// Zeroed memory of `size` bytes; returns the slot, results: generation.
pub fn create(t: *Thread, size: f64) !i32 {
    const length = try block.toInteger(size);
    if (length > std.math.maxInt(u40)) return report.fail(error.out_of_memory, "{d} bytes are more than any machine has.", .{length});
    return give(t, try Mapping.anonymous(length));
}

/// A window of a file, whose path is in `text`: copy on write, so that nothing done to it reaches the file. Results:
/// generation; bytes before the window that belong to the memory (it begins at a multiple of 64 in the file).
pub fn mapFile(t: *Thread, path_length: u32, offset: f64, size: f64) !i32 {
    var memory: [std.fs.max_path_bytes + 1]u8 = undefined;
    const name = try path.read(&memory, try t.block.input(0, path_length));
    const begin = try block.toInteger(offset);
    const length = try block.toInteger(size);
    const opened = linux.open(name.ptr, .{ .CLOEXEC = true, .NONBLOCK = true }, 0);
    if (linux.errno(opened) != .SUCCESS)
        return report.fail(error.file_not_found, "{s} cannot be read: {s}.", .{ name, @tagName(linux.errno(opened)) });
    const fd: i32 = @intCast(opened);
    defer file.close(fd);
    const available = (try file.facts(fd, "")).?.size;
    if (begin > available or length > available - begin)
        return report.fail(error.out_of_bounds, "{d} bytes at {d} reach beyond {s}, which has {d}.", .{ length, begin, name, available });
    const lead: usize = @intCast(begin % 64);
    const slot = try give(t, try Mapping.window(.{ .fd = fd, .offset = begin - lead, .private = true }, @intCast(length + lead)));
    t.block.results[1] = @floatFromInt(lead);
    return slot;
}

/// Another handle over the same memory.
pub fn share(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(slot, generation);
    defer pinned.release();
    return give(t, pinned.ptr.retain());
}

/// Results: address, length and mapping of the bytes, for one `ArrayBuffer`, which holds a reference from here on.
pub fn view(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(slot, generation);
    defer pinned.release();
    show(t, pinned.ptr.retain());
    return 0;
}

/// A private view shows what was published again, also where it was written to. Other memory stays as it is.
pub fn reset(_: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(slot, generation);
    defer pinned.release();
    pinned.ptr.forgetWrites();
    return 0;
}

pub fn close(_: *Thread, slot: u32, generation: u32) !i32 {
    try handle.close(.memory, slot, generation);
    return 0;
}

/// Hands a reference to a mapping over to JavaScript. Length 0 comes without one: Bun wraps no empty memory.
pub fn show(t: *Thread, mapping: *Mapping) void {
    t.block.results[0] = @floatFromInt(@intFromPtr(mapping.address));
    t.block.results[1] = @floatFromInt(mapping.length);
    t.block.results[2] = @floatFromInt(@intFromPtr(mapping));
    if (mapping.length > 0) t.hand(mapping) else mapping.release();
}

/// A handle that owns the reference to `mapping`.
pub fn give(t: *Thread, mapping: *Mapping) !i32 {
    errdefer mapping.release();
    const opened = try handle.open(.memory, t.id, mapping, Memory.destroy);
    t.block.results[0] = @floatFromInt(opened.generation);
    return @intCast(opened.slot);
}

pub fn pin(slot: u32, generation: u32) !handle.Pinned(Mapping) {
    const pinned = try handle.pin(Memory, slot, generation);
    return .{ .ptr = @ptrCast(@alignCast(pinned.ptr)), .slot = pinned.slot };
}
