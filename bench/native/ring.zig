//! The ring's own core. `--mode single` and `batch`: two threads, a ring of 64 Ki slots that wraps, nanoseconds a message of
//! `--bytes` 8 or 64, each written and read whole; a sample is the mean of one run of `--warmup` messages. `pingpong`: two
//! processes that poll, one way. `calls`: blocking writes and reads of one thread, for counting system calls.
const std = @import("std");
const linux = std.os.linux;
const ring = @import("ring");
const measure = @import("measure.zig");

const num_buffers = 64 * 1024;
const batch_max = 256;
const wait_ns = std.time.ns_per_s;

fn Message(comptime words: usize) type {
    return [words]u64;
}

fn Transfer(comptime words: usize) type {
    return struct {
        const Self = @This();
        const Ring = ring.Spsc(Message(words));

        ring: *Ring,
        messages: u64,
        batch: usize,
        cpu: u16,

        fn write(self: *const Self) void {
            measure.pin(self.cpu);
            var next: u64 = 0;
            while (next < self.messages) {
                const slots = self.ring.reserve(@min(self.batch, self.messages - next)) catch unreachable;
                if (slots.len == 0) {
                    self.ring.producer.wait(wait_ns);
                    continue;
                }
                for (slots) |*slot| {
                    slot.* = @splat(next);
                    next += 1;
                }
                self.ring.commit(slots.len) catch unreachable;
            }
        }

        fn read(self: *const Self) void {
            var next: u64 = 0;
            while (next < self.messages) {
                const slots = self.ring.claim(self.batch) catch unreachable;
                if (slots.len == 0) {
                    self.ring.consumer.wait(wait_ns);
                    continue;
                }
                for (slots) |*slot| {
                    const expected: Message(words) = @splat(next);
                    if (!std.mem.eql(u64, slot, &expected)) measure.fail("message {d} arrived with other bytes than were written", .{next});
                    next += 1;
                }
                self.ring.release(slots.len) catch unreachable;
            }
        }

        fn run(options: measure.Options, batch: usize) void {
            const made = Ring.create(std.heap.page_allocator, num_buffers, "bench") catch measure.fail("no memory", .{});
            measure.pin(options.cpus[0]);
            const samples = std.heap.page_allocator.alloc(u64, options.iterations) catch measure.fail("no memory", .{});
            // The first run touches the memory.
            for (0..options.iterations + 1) |index| {
                const self: Self = .{ .ring = made, .messages = options.warmup, .batch = batch, .cpu = options.cpus[1] };
                const before = measure.now();
                const writer = std.Thread.spawn(.{}, write, .{&self}) catch measure.fail("no thread", .{});
                self.read();
                writer.join();
                // Thousandths of a nanosecond.
                if (index > 0) samples[index - 1] = (measure.now() - before) * 1000 / options.warmup;
            }
            measure.report(samples);
        }
    };
}

const Lane = struct { producer: ring.Producer, consumer: ring.Consumer, slots: [*]u64 };

const lane_buffers = 64;
const lane_bytes = 4096;

fn laneAt(memory: []align(4096) u8, first: bool) Lane {
    const header: *ring.layout.Header(ring.Native) = @ptrCast(@alignCast(memory.ptr));
    if (first) header.* = .init(lane_buffers, 8, "bench");
    const world: ring.Native = .betweenProcesses();
    return .{
        .producer = .init(header, world, lane_buffers),
        .consumer = .init(header, world, lane_buffers),
        .slots = @ptrCast(@alignCast(memory.ptr + ring.layout.slots_offset)),
    };
}

fn send(lane: *Lane, sequence: u64) void {
    const slots = lane.producer.reserve(1) catch unreachable;
    lane.slots[slots.first] = sequence;
    lane.producer.commit(1) catch unreachable;
}

fn receive(lane: *Lane, sequence: u64) void {
    while (true) {
        const slots = lane.consumer.claim(1) catch unreachable;
        if (slots.count == 0) {
            measure.relax();
            continue;
        }
        if (lane.slots[slots.first] != sequence) measure.fail("message {d} arrived, {d} was due", .{ lane.slots[slots.first], sequence });
        lane.consumer.release(1) catch unreachable;
        return;
    }
}

fn pingpong(options: measure.Options) void {
    const fd: i32 = @intCast(measure.must("memfd_create", linux.memfd_create("ring", linux.MFD.CLOEXEC)));
    _ = measure.must("ftruncate", linux.ftruncate(fd, 2 * lane_bytes));
    const memory = measure.mapShared(fd, 2 * lane_bytes);
    var there = laneAt(@alignCast(memory[0..lane_bytes]), true);
    var back = laneAt(@alignCast(memory[lane_bytes..]), true);
    const total = options.warmup + options.iterations;
    const child = measure.must("fork", linux.fork());
    if (child == 0) {
        _ = linux.prctl(@intFromEnum(linux.PR.SET_PDEATHSIG), @intFromEnum(linux.SIG.KILL), 0, 0, 0);
        measure.pin(options.cpus[1]);
        for (1..total + 1) |sequence| {
            receive(&there, sequence);
            send(&back, sequence);
        }
        linux.exit_group(0);
    }
    measure.pin(options.cpus[0]);
    const samples = std.heap.page_allocator.alloc(u64, options.iterations) catch measure.fail("no memory for the samples", .{});
    @memset(samples, 0);
    var before = measure.now();
    for (1..total + 1) |sequence| {
        send(&there, sequence);
        receive(&back, sequence);
        const after = measure.now();
        if (sequence > options.warmup) samples[sequence - options.warmup - 1] = (after - before) / 2;
        before = after;
    }
    var status: u32 = 0;
    _ = linux.waitpid(@intCast(child), &status, 0);
    measure.report(samples);
}

fn calls(options: measure.Options) void {
    const made = ring.Spsc(u64).create(std.heap.page_allocator, 64, "bench") catch measure.fail("no memory", .{});
    for (0..options.warmup) |index| {
        if (!made.write(index) or made.readLock(.{}).?.* != index) measure.fail("message {d} was lost", .{index});
        made.readComplete() catch unreachable;
    }
    var samples = [_]u64{0};
    measure.report(&samples);
}

pub fn main(init: std.process.Init.Minimal) void {
    const options = measure.Options.parse(init.args);
    if (std.mem.eql(u8, options.mode, "pingpong")) return pingpong(options);
    if (std.mem.eql(u8, options.mode, "calls")) return calls(options);
    const batch: usize = if (std.mem.eql(u8, options.mode, "batch")) batch_max else 1;
    switch (options.bytes) {
        8 => Transfer(1).run(options, batch),
        64 => Transfer(8).run(options, batch),
        else => measure.fail("messages have 8 or 64 bytes, not {d}", .{options.bytes}),
    }
}
