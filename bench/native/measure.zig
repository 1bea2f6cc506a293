//! What every native benchmark shares: its options, placement, clock, and the JSON line it prints.
const std = @import("std");
const linux = std.os.linux;

pub const Options = struct {
    iterations: usize = 100_000,
    warmup: usize = 10_000,
    bytes: usize = 0,
    cpus: [2]u16 = .{ 0, 1 },
    dir: [:0]const u8 = "/dev/shm",
    mode: [:0]const u8 = "",
    library: [:0]const u8 = "",
    model: [:0]const u8 = "",

    pub fn parse(args: std.process.Args) Options {
        var options: Options = .{};
        var it = args.iterate();
        _ = it.skip();
        while (it.next()) |name| {
            const value = it.next() orelse fail("{s} needs a value", .{name});
            if (std.mem.eql(u8, name, "--iterations")) {
                options.iterations = number(usize, name, value);
            } else if (std.mem.eql(u8, name, "--warmup")) {
                options.warmup = number(usize, name, value);
            } else if (std.mem.eql(u8, name, "--bytes")) {
                options.bytes = number(usize, name, value);
            } else if (std.mem.eql(u8, name, "--dir")) {
                options.dir = value;
            } else if (std.mem.eql(u8, name, "--mode")) {
                options.mode = value;
            } else if (std.mem.eql(u8, name, "--library")) {
                options.library = value;
            } else if (std.mem.eql(u8, name, "--model")) {
                options.model = value;
            } else if (std.mem.eql(u8, name, "--cpus")) {
                const comma = std.mem.indexOfScalar(u8, value, ',') orelse fail("--cpus takes two numbers, such as 0,1; got {s}", .{value});
                options.cpus = .{ number(u16, name, value[0..comma]), number(u16, name, value[comma + 1 ..]) };
            } else fail("unknown option {s}", .{name});
        }
        if (options.iterations == 0) fail("--iterations must be positive", .{});
        return options;
    }
};

fn number(comptime T: type, name: []const u8, text: []const u8) T {
    return std.fmt.parseInt(T, text, 10) catch fail("{s} takes a number, got {s}", .{ name, text });
}

pub fn fail(comptime format: []const u8, args: anytype) noreturn {
    std.debug.print(format ++ "\n", args);
    linux.exit_group(1);
}

/// The value of a system call, or the end of the benchmark with its errno.
pub fn must(comptime call: []const u8, rc: usize) usize {
    const errno = linux.errno(rc);
    if (errno != .SUCCESS) fail(call ++ " failed: {t}", .{errno});
    return rc;
}

pub fn pin(cpu: u16) void {
    var set: linux.cpu_set_t = @splat(0);
    set[cpu / @bitSizeOf(usize)] = @as(usize, 1) << @intCast(cpu % @bitSizeOf(usize));
    linux.sched_setaffinity(0, &set) catch |err| fail("cannot run on CPU {d}: {t}", .{ cpu, err });
}

/// CLOCK_MONOTONIC in nanoseconds: the clock of Rust's `Instant`, so that peers pay the same for reading it.
pub fn now() u64 {
    var ts: linux.timespec = undefined;
    _ = linux.clock_gettime(.MONOTONIC, &ts);
    return @as(u64, @intCast(ts.sec)) * std.time.ns_per_s + @as(u64, @intCast(ts.nsec));
}

pub fn mapShared(fd: i32, bytes: usize) []align(std.heap.page_size_min) u8 {
    const address = must("mmap", linux.mmap(null, bytes, .{ .READ = true, .WRITE = true }, .{ .TYPE = .SHARED }, fd, 0));
    return @as([*]align(std.heap.page_size_min) u8, @ptrFromInt(address))[0..bytes];
}

/// A pause, so that a polling side leaves its core's other resources alone.
pub inline fn relax() void {
    std.atomic.spinLoopHint();
}

/// Prints one JSON line; sorts `samples`, which are nanoseconds.
pub fn report(samples: []u64) void {
    std.mem.sortUnstable(u64, samples, {}, std.sort.asc(u64));
    var sum: u128 = 0;
    for (samples) |ns| sum += ns;
    const mean = @as(f64, @floatFromInt(sum)) / @as(f64, @floatFromInt(samples.len));
    var buffer: [512]u8 = undefined;
    const line = std.fmt.bufPrint(
        &buffer,
        "{{\"unit\":\"ns\",\"n\":{d},\"mean\":{d:.1},\"min\":{d},\"p50\":{d},\"p90\":{d},\"p99\":{d},\"p999\":{d},\"p9999\":{d},\"max\":{d}}}\n",
        .{ samples.len, mean, samples[0], at(samples, 0.5), at(samples, 0.9), at(samples, 0.99), at(samples, 0.999), at(samples, 0.9999), samples[samples.len - 1] },
    ) catch unreachable;
    _ = must("write", linux.write(1, line.ptr, line.len));
}

fn at(sorted: []const u64, fraction: f64) u64 {
    const index: usize = @intFromFloat(fraction * @as(f64, @floatFromInt(sorted.len)));
    return sorted[@min(index, sorted.len - 1)];
}
