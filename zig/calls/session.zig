//! Sessions: bind to a device, run programs, stop, load again. Commands run on the session's own native thread; `poll` tells
//! when one has ended and when a callback is wanted.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const block = @import("../abi/block.zig");
const report = @import("../abi/report.zig");
const Device = @import("../driver/device.zig").Device;
const executors = @import("../session/executor.zig");
const remote_buffer = @import("../session/remote.zig");
const Executor = executors.Executor;
const Option = @import("../session/engine.zig").Option;
const Session = @import("../session/session.zig").Session;
const Stream = @import("../session/stream.zig").Stream;
const memory = @import("memory.zig");
const source = @import("source.zig");

/// A wait longer than this would keep a Worker from being terminated.
const wait_limit_ms = 500;
const options_max = 256;
const programs_max = block.text_max / @sizeOf(u32);

/// A session of the executable in native memory. Options are in `text`, name and value each ended by NUL. Flag 1: the
/// package hash is checked. Returns the slot, results: generation.
pub fn create(t: *Thread, memory_slot: u32, memory_generation: u32, offset: f64, size: f64, options_length: u32, flags: u32) !i32 {
    var options: [options_max]Option = undefined;
    const given = try readOptions(try t.block.input(0, options_length), &options);
    const found = try source.find(memory_slot, memory_generation, try block.toInteger(offset), try block.toInteger(size));
    const session = Session.create(.{ .mapping = found.mapping, .executable = found.bytes, .options = given, .check_package_hash = flags & 1 != 0 }) catch |err| {
        found.mapping.release();
        return err;
    };
    const executor = Executor.create(t, session) catch |err| {
        session.release();
        return err;
    };
    errdefer Executor.drop(executor);
    const opened = try handle.open(.session, t.id, executor, Executor.drop);
    t.block.results[0] = @floatFromInt(opened.generation);
    return @intCast(opened.slot);
}

fn readOptions(text: []const u8, into: *[options_max]Option) ![]const Option {
    var texts = std.mem.splitScalar(u8, text, 0);
    var count: usize = 0;
    while (texts.next()) |name| {
        const value = texts.next() orelse if (name.len == 0) break else return malformed();
        if (count == into.len) return report.fail(error.invalid_argument, "more than {d} options.", .{into.len});
        if (texts.peek() == null) return malformed();
        // Both are followed by their NUL in the block.
        into[count] = .{ .name = name.ptr[0..name.len :0], .value = value.ptr[0..value.len :0] };
        count += 1;
    }
    return into[0..count];
}

fn malformed() anyerror {
    return report.fail(error.invalid_argument, "an option has no value.", .{});
}

/// Starts to bind the session to a device and to load the executable onto it.
pub fn bind(t: *Thread, slot: u32, generation: u32, device_slot: u32, device_generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const device = try handle.pin(Device, device_slot, device_generation);
    defer device.release();
    pinned.ptr.begin(.{ .bind = device.ptr.retain() }) catch |err| {
        device.ptr.release();
        return err;
    };
    return 0;
}

/// Starts to let go of the device.
pub fn unbind(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    try pinned.ptr.begin(.unbind);
    return 0;
}

/// Starts to load the executable again onto the device that it is bound to.
pub fn reload(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    try pinned.ptr.begin(.reload);
    return 0;
}

/// Starts to run `count` programs, whose numbers are in `text` as 32-bit integers, one after the other, all of them
/// `times` times; 0: until stopped.
pub fn run(t: *Thread, slot: u32, generation: u32, count: u32, times: f64) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    if (count == 0 or count > programs_max) return report.fail(error.invalid_argument, "{d} programs: 1 to {d} are possible.", .{ count, programs_max });
    const rounds = try block.toInteger(times);
    const programs = try std.heap.smp_allocator.alloc(u32, count);
    for (programs, 0..) |*program, index| program.* = std.mem.readInt(u32, t.block.text[index * 4 ..][0..4], .little);
    pinned.ptr.begin(.{ .run = .{ .programs = programs, .times = if (rounds == 0) null else rounds } }) catch |err| {
        std.heap.smp_allocator.free(programs);
        return err;
    };
    return 0;
}

/// Waits for at most `limit_ms`. 0: nothing yet, 1: a callback is wanted, 2: the command has ended. The command's failure
/// is this call's; results then: the recovery action.
pub fn poll(t: *Thread, slot: u32, generation: u32, limit_ms: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    const event = pinned.ptr.poll(@as(u64, @min(limit_ms, wait_limit_ms)) * std.time.ns_per_ms) catch |err| {
        t.block.results[0] = @floatFromInt(@intFromEnum(pinned.ptr.recovery));
        return err;
    };
    return @intFromEnum(event);
}

/// Begins the callback that is wanted: 1, and results: address, length and mapping of its view, which holds a reference
/// from here on, the callback's key, the request's number. 0: none is wanted any more.
pub fn callback(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    t.block.results[1] = 0;
    const request = pinned.ptr.exchange.take() orelse return 0;
    memory.show(t, request.memory);
    t.block.results[3] = @floatFromInt(request.key);
    t.block.results[4] = @floatFromInt(request.number);
    return 1;
}

/// The callback has returned.
pub fn answer(t: *Thread, slot: u32, generation: u32, number: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    pinned.ptr.exchange.answer(number);
    return 0;
}

/// What runs ends soon; nothing runs until `reload` or `bind`.
pub fn stop(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    pinned.ptr.session.stop();
    return 0;
}

/// Stream number `index` of the executable, once bound: returns the bytes of its handle in `text`, results: bytes of one
/// transfer, whether the host writes it, replicas (0: the driver knows neither these nor the bytes). -1 as the first result:
/// there are no more.
pub fn stream(t: *Thread, slot: u32, generation: u32, index: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    try pinned.ptr.requireIdle();
    const engine = pinned.ptr.session.engine orelse return report.fail(error.not_bound, "the session is bound to no device.", .{});
    t.block.results[0] = -1;
    if (index >= engine.streams.len) return 0;
    const info = engine.streams[index];
    if (info.handle.len > t.block.text.len) return report.fail(error.invalid_executable, "a stream's name has {d} bytes.", .{info.handle.len});
    @memcpy(t.block.text[0..info.handle.len], info.handle);
    t.block.results[0] = @floatFromInt(info.size);
    t.block.results[1] = @floatFromInt(@intFromBool(info.to_device));
    t.block.results[2] = @floatFromInt(info.replicas);
    return @intCast(info.handle.len);
}

/// The stream whose handle is in `text` has `size` bytes for each of `replicas`, if the driver does not know better.
pub fn describe(t: *Thread, slot: u32, generation: u32, handle_length: u32, size: f64, replicas: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    try pinned.ptr.requireIdle();
    const bytes = std.math.cast(u40, try block.toInteger(size)) orelse return tooLarge();
    try pinned.ptr.session.describe(try t.block.input(0, handle_length), bytes, replicas);
    return 0;
}

/// What the stream whose handle is in `text` is read from or written to.
pub fn connect(t: *Thread, slot: u32, generation: u32, stream_slot: u32, stream_generation: u32, handle_length: u32, replica: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    try pinned.ptr.requireIdle();
    const data = try handle.pin(Stream, stream_slot, stream_generation);
    defer data.release();
    try pinned.ptr.session.connect(try t.block.input(0, handle_length), replica, data.ptr);
    return 0;
}

/// The handle in `text` is a remote buffer. Values: whether the host writes it, blocks, bytes of one, then `programs`
/// program numbers.
pub fn remote(t: *Thread, slot: u32, generation: u32, handle_length: u32, programs: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    try pinned.ptr.requireIdle();
    const first = 3;
    if (programs > t.block.values.len - first) return report.fail(error.invalid_argument, "an anchor of {d} programs: {d} are possible.", .{ programs, t.block.values.len - first });
    var numbers: [block.values_max]u32 = undefined;
    for (numbers[0..programs], 0..) |*number, index| number.* = std.math.cast(u32, try t.block.value(first + index)) orelse return tooLarge();
    const repeats = std.math.cast(u32, try t.block.value(1)) orelse return tooLarge();
    const size = std.math.cast(u40, try t.block.value(2)) orelse return tooLarge();
    const name = try t.block.input(0, handle_length);
    var buffer = try remote_buffer.Buffer.create(name, t.block.values[0] != 0, numbers[0..programs], repeats, size);
    errdefer buffer.deinit();
    try pinned.ptr.session.addRemoteBuffer(buffer);
    return 0;
}

fn tooLarge() anyerror {
    return report.fail(error.invalid_argument, "a number is too large.", .{});
}

pub fn close(t: *Thread, slot: u32, generation: u32) !i32 {
    const pinned = try pin(t, slot, generation);
    defer pinned.release();
    try handle.close(.session, slot, generation);
    return 0;
}

/// Sessions of this process that are open or still let go of their devices.
pub fn live(_: *Thread) !i32 {
    return @intCast(executors.liveCount());
}

/// The session behind a handle, for its own thread.
pub fn pin(t: *Thread, slot: u32, generation: u32) !handle.Pinned(Executor) {
    const pinned = try handle.pin(Executor, slot, generation);
    errdefer pinned.release();
    if (pinned.ptr.owner != t) return report.fail(error.wrong_thread, "the session {d}.{d} belongs to another thread.", .{ slot, generation });
    return pinned;
}
