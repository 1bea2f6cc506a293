//! memcpy of `--bytes` between two mappings whose pages are all there: the speed of this machine's memory for one thread.
const std = @import("std");
const linux = std.os.linux;
const measure = @import("measure.zig");

pub fn main(init: std.process.Init.Minimal) void {
    const options = measure.Options.parse(init.args);
    if (options.bytes == 0) measure.fail("--bytes must be positive", .{});
    measure.pin(options.cpus[0]);
    const fd: i32 = @intCast(measure.must("memfd_create", linux.memfd_create("copy", linux.MFD.CLOEXEC)));
    _ = measure.must("ftruncate", linux.ftruncate(fd, @intCast(2 * options.bytes)));
    const memory = measure.mapShared(fd, 2 * options.bytes);
    @memset(memory, 1);
    const from = memory[0..options.bytes];
    const to = memory[options.bytes..];
    const samples = std.heap.page_allocator.alloc(u64, options.iterations) catch measure.fail("no memory for the samples", .{});
    @memset(samples, 0);
    for (0..options.warmup + options.iterations) |i| {
        @as(*volatile u8, &from[i % from.len]).* = @truncate(i);
        const before = measure.now();
        @memcpy(to, from);
        std.mem.doNotOptimizeAway(to.ptr);
        const after = measure.now();
        if (i >= options.warmup) samples[i - options.warmup] = after - before;
        if (to[i % to.len] != @as(u8, @truncate(i))) measure.fail("copy {d} did not arrive", .{i});
    }
    measure.report(samples);
}
