//! A thread that sleeps is woken and answers one that then sleeps itself: one way, half of it. `--mode ring`: through a ring
//! each way, without polling first; `futex`, `eventfd`: the system call alone.
const std = @import("std");
const linux = std.os.linux;
const ring = @import("ring");
const measure = @import("measure.zig");

const Ways = struct {
    rings: [2]*ring.Spsc(u64),
    words: [2]std.atomic.Value(u32) = .{ .init(0), .init(0) },
    events: [2]i32,
};

const Mode = enum {
    ring,
    futex,
    eventfd,

    fn send(mode: Mode, ways: *Ways, way: usize, sequence: u64) void {
        switch (mode) {
            .ring => _ = ways.rings[way].write(sequence),
            .futex => {
                ways.words[way].store(@truncate(sequence), .release);
                _ = linux.futex_3arg(&ways.words[way], .{ .cmd = .WAKE, .private = true }, 1);
            },
            .eventfd => {
                const one: u64 = 1;
                _ = linux.write(ways.events[way], std.mem.asBytes(&one), 8);
            },
        }
    }

    fn receive(mode: Mode, ways: *Ways, way: usize, sequence: u64) void {
        switch (mode) {
            .ring => {
                if (ways.rings[way].readLock(.{}).?.* != sequence) measure.fail("message {d} was lost", .{sequence});
                ways.rings[way].readComplete() catch unreachable;
            },
            .futex => {
                const before: u32 = @truncate(sequence - 1);
                while (ways.words[way].load(.acquire) == before) _ = linux.futex_4arg(&ways.words[way], .{ .cmd = .WAIT, .private = true }, before, null);
            },
            .eventfd => {
                var count: u64 = 0;
                _ = linux.read(ways.events[way], std.mem.asBytes(&count), 8);
            },
        }
    }

    fn answer(mode: Mode, ways: *Ways, total: u64, cpu: u16) void {
        measure.pin(cpu);
        for (1..total + 1) |sequence| {
            mode.receive(ways, 0, sequence);
            mode.send(ways, 1, sequence);
        }
    }
};

pub fn main(init: std.process.Init.Minimal) void {
    const options = measure.Options.parse(init.args);
    const mode = std.meta.stringToEnum(Mode, options.mode) orelse measure.fail("--mode is ring, futex or eventfd, not {s}", .{options.mode});
    var ways: Ways = .{ .rings = undefined, .events = undefined };
    for (&ways.rings, &ways.events) |*one, *event| {
        one.* = ring.Spsc(u64).create(std.heap.page_allocator, 64, "bench") catch measure.fail("no memory", .{});
        one.*.producer.world.spins_max = 0;
        one.*.consumer.world.spins_max = 0;
        event.* = @intCast(measure.must("eventfd", linux.eventfd(0, linux.EFD.CLOEXEC)));
    }
    const total = options.warmup + options.iterations;
    const other = std.Thread.spawn(.{}, Mode.answer, .{ mode, &ways, total, options.cpus[1] }) catch measure.fail("no thread", .{});
    measure.pin(options.cpus[0]);
    const samples = std.heap.page_allocator.alloc(u64, options.iterations) catch measure.fail("no memory for the samples", .{});
    var before = measure.now();
    for (1..total + 1) |sequence| {
        mode.send(&ways, 0, sequence);
        mode.receive(&ways, 1, sequence);
        const after = measure.now();
        if (sequence > options.warmup) samples[sequence - options.warmup - 1] = (after - before) / 2;
        before = after;
    }
    other.join();
    measure.report(samples);
}
