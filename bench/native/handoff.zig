//! Hand-off of a small tensor between two processes through FastIO's own core, both sides polling: write into one of two
//! segments, publish it under a name (replacing the other), and on the other side get, read, release.
//! `--mode untouched` writes and reads only the sequence number.
const std = @import("std");
const linux = std.os.linux;
const shm = @import("shm");
const measure = @import("measure.zig");

const Context = shm.context.Context;

fn check(value: anytype) @typeInfo(@TypeOf(value)).error_union.payload {
    return value catch |err| measure.fail("{t}: {s}", .{ err, shm.report.text() });
}

/// The sending half: two segments in turn, because what is published is not written again while a reader may look.
const Sender = struct {
    context: *Context,
    name: []const u8,
    touch: bool,
    references: [2]shm.segment.Reference,
    payloads: [2][]u8,
    metadata: shm.publication.Metadata,

    fn open(context: *Context, name: []const u8, bytes: usize, touch: bool) Sender {
        var self: Sender = .{ .context = context, .name = name, .touch = touch, .references = undefined, .payloads = undefined, .metadata = .{
            .element_type = 1,
            .rank = 1,
            .dimensions = @splat(0),
            .attributes = "",
        } };
        self.metadata.dimensions[0] = bytes;
        for (&self.references, &self.payloads) |*reference, *payload| {
            reference.* = check(shm.segment.create(context, .{ .size = bytes, .uninitialized = false }));
            payload.* = check(shm.segment.view(context, reference.*, false, 0, bytes)).slice();
        }
        return self;
    }

    /// Returns what the job's change counter reads if nobody but us has changed anything: nothing to look at.
    fn send(self: *Sender, sequence: u64) u32 {
        const before = self.context.header().sequence.load(.acquire);
        const turn: usize = @intCast(sequence % 2);
        if (self.touch) @memset(self.payloads[turn], @truncate(sequence));
        std.mem.writeInt(u64, self.payloads[turn][0..8], sequence, .little);
        check(shm.publication.publish(self.context, self.references[turn], self.name, self.metadata, true));
        return before +% 2;
    }
};

/// The receiving half. Views are kept by segment and generation, as the TypeScript side keeps them.
const Receiver = struct {
    context: *Context,
    name: []const u8,
    touch: bool,
    seen: u32 = 0,
    views: [8]View = @splat(.{}),

    const View = struct { slot: u32 = 0, generation: u32 = 0, bytes: []const u8 = &.{} };

    /// Spins until the publication with this sequence number is there.
    fn receive(self: *Receiver, sequence: u64) void {
        while (true) {
            const now = self.context.header().sequence.load(.acquire);
            if (now == self.seen or now % 2 == 1) {
                measure.relax();
                continue;
            }
            self.seen = now;
            var attributes: [0]u8 align(8) = .{};
            const found = shm.publication.get(self.context, self.name, &attributes) catch |err| switch (err) {
                error.not_found => continue,
                else => measure.fail("{t}: {s}", .{ err, shm.report.text() }),
            };
            const bytes = self.view(found.reference);
            const arrived = std.mem.readInt(u64, bytes[0..8], .little);
            if (arrived != sequence) {
                check(shm.segment.drop(self.context, found.reference));
                continue;
            }
            if (self.touch) for (bytes[8..]) |byte| {
                if (byte != @as(u8, @truncate(sequence))) measure.fail("message {d} arrived with other bytes than were written", .{sequence});
            };
            check(shm.segment.drop(self.context, found.reference));
            return;
        }
    }

    fn view(self: *Receiver, reference: shm.segment.Reference) []const u8 {
        const kept = &self.views[reference.slot % self.views.len];
        if (kept.slot != reference.slot or kept.generation != reference.generation or kept.bytes.len == 0) {
            const mapping = check(shm.segment.view(self.context, reference, true, 0, reference.size));
            kept.* = .{ .slot = reference.slot, .generation = reference.generation, .bytes = mapping.slice() };
        }
        return kept.bytes;
    }
};

pub fn main(init: std.process.Init.Minimal) void {
    const options = measure.Options.parse(init.args);
    const bytes = @max(options.bytes, 8);
    const touch = !std.mem.eql(u8, options.mode, "untouched");
    var job_buffer: [64]u8 = undefined;
    const job = std.fmt.bufPrint(&job_buffer, "millrace-bench-{d}", .{linux.getpid()}) catch unreachable;
    const total = options.warmup + options.iterations;

    const child = measure.must("fork", linux.fork());
    if (child == 0) {
        // The answering side must not outlive a parent that was stopped.
        _ = linux.prctl(@intFromEnum(linux.PR.SET_PDEATHSIG), @intFromEnum(linux.SIG.KILL), 0, 0, 0);
        measure.pin(options.cpus[1]);
        const context = check(shm.context.open(options.dir, job, 0));
        var sender = Sender.open(context, "back", bytes, touch);
        var receiver: Receiver = .{ .context = context, .name = "there", .touch = touch };
        for (1..total + 1) |sequence| {
            receiver.receive(sequence);
            receiver.seen = sender.send(sequence);
        }
        // The other side reads the last answer before the job ends.
        _ = linux.pause();
        linux.exit_group(0);
    }
    measure.pin(options.cpus[0]);
    const context = check(shm.context.open(options.dir, job, 0));
    var sender = Sender.open(context, "there", bytes, touch);
    var receiver: Receiver = .{ .context = context, .name = "back", .touch = touch };
    const samples = std.heap.page_allocator.alloc(u64, options.iterations) catch measure.fail("no memory for the samples", .{});
    @memset(samples, 0);
    var before = measure.now();
    for (1..total + 1) |sequence| {
        receiver.seen = sender.send(sequence);
        receiver.receive(sequence);
        const after = measure.now();
        if (sequence > options.warmup) samples[sequence - options.warmup - 1] = (after - before) / 2;
        before = after;
    }
    _ = linux.kill(@intCast(child), .KILL);
    var status: u32 = 0;
    _ = linux.waitpid(@intCast(child), &status, 0);
    shm.context.close(context);
    measure.report(samples);
}
