//! The machine's floor for a hand-off: two processes, each polling one word of a shared mapping and answering in the other.
//! Nothing is named, counted or locked. With `--bytes N` a payload beside each word is written and read as well.
const std = @import("std");
const linux = std.os.linux;
const measure = @import("measure.zig");

/// One direction. The word and the payload stand apart, as a ring's index and its slots do.
const Lane = struct {
    word: *u64,
    payload: []u8,

    fn send(lane: Lane, sequence: u64) void {
        @memset(lane.payload, @truncate(sequence));
        @atomicStore(u64, lane.word, sequence, .release); // pairs with the acquire load in receive
    }

    fn receive(lane: Lane, sequence: u64) void {
        while (@atomicLoad(u64, lane.word, .acquire) != sequence) measure.relax(); // pairs with the release store in send
        for (lane.payload) |byte| {
            if (byte != @as(u8, @truncate(sequence))) measure.fail("message {d} arrived with other bytes than were written", .{sequence});
        }
    }
};

pub fn main(init: std.process.Init.Minimal) void {
    const options = measure.Options.parse(init.args);
    const stride = std.mem.alignForward(usize, 128 + options.bytes, 4096);
    const fd: i32 = @intCast(measure.must("memfd_create", linux.memfd_create("pingpong", linux.MFD.CLOEXEC)));
    _ = measure.must("ftruncate", linux.ftruncate(fd, @intCast(2 * stride)));
    const memory = measure.mapShared(fd, 2 * stride);
    @memset(memory, 0);
    var lanes: [2]Lane = undefined;
    for (&lanes, 0..) |*lane, i| {
        const start = memory[i * stride ..];
        lane.* = .{ .word = @ptrCast(@alignCast(start.ptr)), .payload = start[128..][0..options.bytes] };
    }

    const total = options.warmup + options.iterations;
    const child = measure.must("fork", linux.fork());
    if (child == 0) {
        // The answering side must not outlive a parent that was stopped.
        _ = linux.prctl(@intFromEnum(linux.PR.SET_PDEATHSIG), @intFromEnum(linux.SIG.KILL), 0, 0, 0);
        measure.pin(options.cpus[1]);
        for (1..total + 1) |sequence| {
            lanes[0].receive(sequence);
            lanes[1].send(sequence);
        }
        linux.exit_group(0);
    }
    measure.pin(options.cpus[0]);
    const samples = std.heap.page_allocator.alloc(u64, options.iterations) catch measure.fail("no memory for the samples", .{});
    @memset(samples, 0);
    var before = measure.now();
    for (1..total + 1) |sequence| {
        lanes[0].send(sequence);
        lanes[1].receive(sequence);
        const after = measure.now();
        if (sequence > options.warmup) samples[sequence - options.warmup - 1] = (after - before) / 2;
        before = after;
    }
    var status: u32 = 0;
    _ = linux.waitpid(@intCast(child), &status, 0);
    measure.report(samples);
}
