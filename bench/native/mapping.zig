//! What the kernel alone asks for memory of `--bytes`: `--mode open` opens a file in shared memory, maps it, reads one byte,
//! closes and unmaps it; `--mode map` is the same without the time of unmapping; `--mode touch` allocates a fresh one and writes its first byte per page, without the copy.
const std = @import("std");
const linux = std.os.linux;
const measure = @import("measure.zig");

const page = 4096;

pub fn main(init: std.process.Init.Minimal) void {
    const options = measure.Options.parse(init.args);
    if (options.bytes == 0) measure.fail("--bytes must be positive", .{});
    measure.pin(options.cpus[0]);
    var path_buffer: [512]u8 = undefined;
    const path = std.fmt.bufPrintZ(&path_buffer, "{s}/millrace-bench-{d}", .{ options.dir, linux.getpid() }) catch measure.fail("--dir is too long", .{});
    const samples = std.heap.page_allocator.alloc(u64, options.iterations) catch measure.fail("no memory for the samples", .{});
    @memset(samples, 0);
    if (std.mem.eql(u8, options.mode, "open")) {
        open(options, path, samples, true);
    } else if (std.mem.eql(u8, options.mode, "map")) {
        open(options, path, samples, false);
    } else if (std.mem.eql(u8, options.mode, "touch")) {
        touch(options, samples);
    } else measure.fail("--mode is open, map or touch, got {s}", .{options.mode});
    measure.report(samples);
}

fn openFile(path: [:0]const u8, flags: linux.O) i32 {
    return @intCast(measure.must("open", linux.open(path, flags, 0o600)));
}

fn open(options: measure.Options, path: [:0]const u8, samples: []u64, with_unmap: bool) void {
    const made = openFile(path, .{ .ACCMODE = .RDWR, .CREAT = true, .EXCL = true, .CLOEXEC = true });
    defer _ = linux.unlink(path);
    _ = measure.must("fallocate", linux.fallocate(made, 0, 0, @intCast(options.bytes)));
    var seen: u8 = 0;
    for (0..options.warmup + options.iterations) |i| {
        const before = measure.now();
        const fd = openFile(path, .{ .ACCMODE = .RDWR, .CLOEXEC = true });
        const memory = measure.mapShared(fd, options.bytes);
        seen +%= @as(*volatile u8, &memory[0]).*;
        _ = linux.close(fd);
        const mapped = measure.now();
        _ = measure.must("munmap", linux.munmap(memory.ptr, memory.len));
        const after = if (with_unmap) measure.now() else mapped;
        if (i >= options.warmup) samples[i - options.warmup] = after - before;
    }
    if (seen != 0) measure.fail("fresh memory was not zero", .{});
}

fn touch(options: measure.Options, samples: []u64) void {
    for (0..options.warmup + options.iterations) |i| {
        const fd: i32 = @intCast(measure.must("memfd_create", linux.memfd_create("touch", linux.MFD.CLOEXEC)));
        _ = measure.must("ftruncate", linux.ftruncate(fd, @intCast(options.bytes)));
        const memory = measure.mapShared(fd, options.bytes);
        const before = measure.now();
        var offset: usize = 0;
        while (offset < memory.len) : (offset += page) @as(*volatile u8, &memory[offset]).* = 1;
        const after = measure.now();
        if (i >= options.warmup) samples[i - options.warmup] = after - before;
        _ = linux.munmap(memory.ptr, memory.len);
        _ = linux.close(fd);
    }
}
