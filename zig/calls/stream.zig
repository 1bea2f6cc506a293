//! What devices read from and write to, as objects behind handles: connected with `mr_session_connect`. Streams of queues
//! come from the queues.
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const block = @import("../abi/block.zig");
const report = @import("../abi/report.zig");
const empty_stream = @import("../session/empty_stream.zig");
const stored_stream = @import("../session/stored_stream.zig");
const Stream = @import("../session/stream.zig").Stream;
const UserStream = @import("../session/user_stream.zig").UserStream;
const session = @import("session.zig");
const source = @import("source.zig");

/// Zeros for the device (1), or nowhere for what it writes (0).
pub fn empty(t: *Thread, to_device: u32) !i32 {
    return give(t, try empty_stream.create(to_device != 0));
}

/// Native memory as tensor data or a feed. Values: where it begins, bytes in all, the first element's offset in them,
/// bytes from one element to the next, bytes of one, how many.
pub fn stored(t: *Thread, memory_slot: u32, memory_generation: u32) !i32 {
    const offset = try t.block.value(0);
    const size = try t.block.value(1);
    const first = try t.block.value(2);
    const stride = try t.block.value(3);
    const element_size = try t.block.value(4);
    const count = try t.block.value(5);
    const found = try source.find(memory_slot, memory_generation, offset, size);
    const stream = stored_stream.create(.{
        .mapping = found.mapping,
        .bytes = found.bytes[0..@intCast(size)],
        .offset = @intCast(first),
        .stride = @intCast(stride),
        .size = @intCast(element_size),
        .count = @intCast(count),
    }) catch |err| {
        found.mapping.release();
        return err;
    };
    return give(t, stream);
}

/// A JavaScript callback of a session, known by `key`, for transfers of `size` bytes.
pub fn user(t: *Thread, slot: u32, generation: u32, key: u32, to_device: u32, size: f64) !i32 {
    const pinned = try session.pin(t, slot, generation);
    defer pinned.release();
    const length = try block.toInteger(size);
    if (length > 1 << 40) return report.fail(error.out_of_memory, "{d} bytes are more than any machine has.", .{length});
    return give(t, try UserStream.create(pinned.ptr.exchange, key, to_device != 0, length));
}

/// Sessions that it is connected to keep it.
pub fn close(_: *Thread, slot: u32, generation: u32) !i32 {
    try handle.close(.stream, slot, generation);
    return 0;
}

/// A handle that owns the reference to `stream`. Results: generation.
pub fn give(t: *Thread, stream: *Stream) !i32 {
    errdefer stream.release();
    const opened = try handle.open(.stream, t.id, stream, Stream.drop);
    t.block.results[0] = @floatFromInt(opened.generation);
    return @intCast(opened.slot);
}
