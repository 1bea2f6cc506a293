//! Our own kernels on the driver: their PTX on a card, their host build in the simulator.
const std = @import("std");
const api = @import("../api.zig");
const Bench = @import("bench.zig").Bench;
const Child = @import("child.zig").Child;
const params = @import("../../../kernels/params.zig");
const ptx = @import("../../../kernels/ptx.zig");
const Row = @import("bench.zig").Row;

const types = api.types;
const count = 100_001;
const float32 = 1;

pub const rows = [_]Row{
    .{ .name = "a kernel runs over more elements than it has threads, with parameters by pointer and as a block of bytes", .calls = &.{"cuLaunchKernel"}, .run = fill },
    .{ .name = "parameters are read before the call returns", .calls = &.{"cuLaunchKernel"}, .run = parameters },
    .{ .name = "a kernel that writes where no memory is ends the context: 700 now and ever after", .calls = &.{ "cuLaunchKernel", "cuStreamSynchronize" }, .run = astray },
};

pub const tasks = .{.{ "astray", astrayTask }};

const Fill = struct {
    b: *Bench,
    module: ?*types.Module = null,
    function: ?*types.Function = null,
    stream: *types.Stream,
    memory: types.Pointer,

    fn prepare(b: *Bench) !Fill {
        var self: Fill = .{ .b = b, .stream = try b.stream(), .memory = try b.allocate(count * 4) };
        var log: [1024]u8 = @splat(0);
        const names = [_]types.JitOption{ .error_log_buffer, .error_log_buffer_size_bytes };
        var values = [_]?*anyopaque{ &log, @ptrFromInt(log.len) };
        const result = b.table.cuModuleLoadDataEx(&self.module, ptx.text.ptr, names.len, &names, &values);
        if (result != .success) return b.fail("the kernels cannot be loaded: {s}", .{std.mem.sliceTo(&log, 0)});
        try b.ok(b.table.cuModuleGetFunction(&self.function, self.module, "mr_fill"));
        return self;
    }

    fn end(self: Fill) void {
        _ = self.b.table.cuModuleUnload(self.module);
        _ = self.b.table.cuMemFree(self.memory);
        _ = self.b.table.cuStreamDestroy(self.stream);
    }

    fn given(address: u64, value: f32) params.Elementwise {
        var made: params.Elementwise = .{ .count = count, .dtype = float32, .width = 4, .bits = @as(u32, @bitCast(value)) };
        made.shape[0] = count;
        made.dst.address = address;
        made.dst.strides[0] = 4;
        return made;
    }

    fn launch(self: Fill, by_pointer: ?[*]const ?*anyopaque, extra: ?[*]const ?*anyopaque) api.Result {
        return self.b.table.cuLaunchKernel(self.function, 16, 1, 1, 256, 1, 1, 0, self.stream, by_pointer, extra);
    }

    fn expect(self: Fill, value: f32) !void {
        const found = try std.heap.smp_allocator.alloc(f32, count);
        defer std.heap.smp_allocator.free(found);
        try self.b.read(f32, found, self.memory, self.stream);
        try self.b.require(std.mem.allEqual(f32, found, value), "other elements");
    }
};

fn fill(b: *Bench) !void {
    const it: Fill = try .prepare(b);
    defer it.end();
    var given = Fill.given(it.memory, 1.5);
    try b.ok(it.launch(&.{@ptrCast(&given)}, null));
    try it.expect(1.5);
    given = Fill.given(it.memory, -2.5);
    var size: usize = @sizeOf(params.Elementwise);
    try b.ok(it.launch(null, &.{ types.launch_param_buffer_pointer, @ptrCast(&given), types.launch_param_buffer_size, @ptrCast(&size), types.launch_param_end }));
    try it.expect(-2.5);
}

fn parameters(b: *Bench) !void {
    const it: Fill = try .prepare(b);
    defer it.end();
    if (b.control != null) try b.delayNext("cuLaunchKernel", 20_000);
    var given = Fill.given(it.memory, 7);
    try b.ok(it.launch(&.{@ptrCast(&given)}, null));
    given = Fill.given(0, 0);
    try it.expect(7);
}

/// In a process of its own, which it spoils.
fn astray(b: *Bench) !void {
    const none: [128:0]u8 = @splat('0');
    const child = try Child.start(&.{ "--child", "astray", &none });
    const code = child.wait();
    if (code != 0) return b.fail("the other process ended with {d}", .{code});
}

fn astrayTask(b: *Bench, _: *const [64]u8) !void {
    const it: Fill = try .prepare(b);
    const event = try b.event(types.EventFlags.disable_timing);
    var given = Fill.given(1 << 46, 1);
    try b.ok(it.launch(&.{@ptrCast(&given)}, null));
    _ = b.table.cuEventRecord(event, it.stream);
    try b.is(.illegal_address, b.table.cuStreamSynchronize(it.stream));
    try b.is(.illegal_address, b.table.cuEventQuery(event));
    var pointer: types.Pointer = 0;
    try b.is(.illegal_address, b.table.cuMemAlloc(&pointer, 64));
    try b.is(.illegal_address, b.table.cuMemsetD8Async(it.memory, 0, 64, it.stream));
}
