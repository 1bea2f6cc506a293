//! One run of a model after the other through ONNX Runtime's C API: what nothing above it can be faster than. The model has
//! one input and one output, float32, one row; the input is written and the output read as any caller would.
const std = @import("std");
const onnx = @import("onnx");
const measure = @import("measure.zig");

fn check(value: anytype) @typeInfo(@TypeOf(value)).error_union.payload {
    return value catch |err| measure.fail("{t}: {s}", .{ err, onnx.report.text() });
}

pub fn main(init: std.process.Init.Minimal) void {
    const options: measure.Options = .parse(init.args);
    const allocator = std.heap.smp_allocator;
    const library = check(onnx.library.open(options.library));
    var session = check(onnx.session.Session.load(allocator, library, options.model, .{}));
    const input: Tensor = .open(library, session.inputs[0]);
    const output: Tensor = .open(library, session.outputs[0]);
    // The engine's own threads are there by now, and stay free.
    measure.pin(options.cpus[0]);
    const run_options = check(onnx.session.RunOptions.create(library));
    const given = allocator.alloc(u8, input.bytes.len) catch @panic("memory");
    // No denormal numbers: those take six times as long.
    @memset(@as([]align(1) f32, @ptrCast(given)), 0.5);
    const taken = allocator.alloc(u8, output.bytes.len) catch @panic("memory");
    const samples = allocator.alloc(u64, options.iterations) catch @panic("memory");
    for (0..options.warmup + options.iterations) |i| {
        const before = measure.now();
        @memcpy(input.bytes, given);
        var outputs = [_]?*onnx.api.Value{output.value.raw};
        check(session.run(&run_options, &.{input.value.raw}, &outputs));
        @memcpy(taken, output.bytes);
        std.mem.doNotOptimizeAway(taken);
        if (i >= options.warmup) samples[i - options.warmup] = measure.now() - before;
    }
    measure.report(samples);
}

const Tensor = struct {
    bytes: []u8,
    value: onnx.value.Value,

    fn open(library: *const onnx.library.Library, port: anytype) Tensor {
        var shape: [8]i64 = undefined;
        for (port.shape, shape[0..port.shape.len]) |size, *axis| axis.* = if (size < 0) 1 else size;
        const axes = shape[0..port.shape.len];
        const bytes = std.heap.smp_allocator.alignedAlloc(u8, .@"64", check(onnx.value.sizeOf(port.element, axes))) catch @panic("memory");
        return .{ .bytes = bytes, .value = check(onnx.value.Value.wrap(library, bytes, axes, port.element)) };
    }
};
