//! Runs plans as a list of kernels on a CUDA device: inputs go there, kernels are queued behind them, outputs come back, all on one
//! stream of the replica's. What a request has on the device already is read and written where it lies.
const std = @import("std");
const device_kernels = @import("../engine/program/device_kernels.zig");
const engine_value = @import("../engine/onnx/value.zig");
const native = @import("../cuda/native.zig");
const limits = @import("../engine/program/plan.zig").limits;
const report = @import("../abi/report.zig");
const Device = @import("../cuda/device.zig").Device;
const DeviceTensor = @import("device_tensor.zig").DeviceTensor;
const KernelEngine = @import("kernel_engine.zig").KernelEngine;
const Memory = @import("../cuda/memory.zig").Memory;
const Part = @import("plan.zig").Part;
const Place = @import("../cuda/place.zig").Place;
const Plan = @import("plan.zig").Plan;
const Stream = @import("../cuda/stream.zig").Stream;
const onlyOne = @import("kernel_tensors.zig").onlyOne;
const rows = @import("rows.zig");

const allocator = std.heap.smp_allocator;
/// Between looks whether it is over; the stream tells at once.
const slice_ns = 500 * std.time.ns_per_ms;

/// Where a tensor is in the run under way.
const At = struct { memory: *Memory, offset: u64 };

pub const KernelStream = struct {
    stream: *Stream,
    /// By tensor, made when first needed.
    memories: []?*Memory,
    places: []At,

    /// A stream of the device's, from a native thread.
    pub fn open(device: *Device) !*Stream {
        return native.stream(device);
    }

    /// The stream is taken over on success.
    pub fn create(stream: *Stream, tensors: usize) !KernelStream {
        const memories = try allocator.alloc(?*Memory, tensors);
        errdefer allocator.free(memories);
        @memset(memories, null);
        return .{ .stream = stream, .memories = memories, .places = try allocator.alloc(At, tensors) };
    }

    pub fn destroy(self: *KernelStream) void {
        for (self.memories) |memory| if (memory) |one| one.release();
        allocator.free(self.memories);
        allocator.free(self.places);
        self.stream.release();
    }

    pub fn run(self: *KernelStream, engine: *KernelEngine, plan: *const Plan) !void {
        // What was queued reads and writes memory of requests.
        errdefer self.settle();
        const program = engine.program;
        for (program.input_tensors, 0..) |tensor, index| self.places[tensor] = try self.bring(engine, plan, index, tensor);
        for (program.output_tensors, 0..) |tensor, index| self.places[tensor] = try self.outputOf(engine, plan, index, tensor) orelse .{ .memory = try self.own(engine, tensor), .offset = 0 };
        for (program.kernels) |kernel| for (kernel.operands) |operand| {
            if (!engine.tensors.isPort(program, operand.tensor)) self.places[operand.tensor] = .{ .memory = try self.own(engine, operand.tensor), .offset = 0 };
        };
        for (program.kernels) |kernel| {
            var bases: [limits.operands]u64 = undefined;
            var keep: [limits.operands]*Memory = undefined;
            for (kernel.operands, bases[0..kernel.operands.len], keep[0..kernel.operands.len]) |operand, *base, *memory| {
                const place = self.places[operand.tensor];
                memory.* = place.memory;
                base.* = place.memory.address + place.offset;
            }
            const count = kernel.operands.len;
            try device_kernels.launch(self.stream, kernel, program.container.plan.tensors, bases[0..count], keep[0..count]);
        }
        for (program.output_tensors, 0..) |tensor, index| try self.give(engine, plan, index, tensor);
        while (!try self.stream.awaitTicket(self.stream.ticket(), slice_ns)) {}
        for (program.output_tensors, 0..) |tensor, index| {
            if (isStaged(plan, index) and onlyOne(engine.form, plan) == null) try engine.tensors.scatter(engine.form, plan, index, try engine.tensors.own(tensor));
        }
    }

    fn settle(self: *KernelStream) void {
        var copy: [report.text_max]u8 = undefined;
        const text = report.text();
        @memcpy(copy[0..text.len], text);
        const length = text.len;
        while (!(self.stream.awaitTicket(self.stream.ticket(), slice_ns) catch true)) {}
        report.sayRaw(copy[0..length], 0);
    }

    fn own(self: *KernelStream, engine: *const KernelEngine, tensor: u32) !*Memory {
        if (self.memories[tensor] == null) self.memories[tensor] = try native.memory(self.stream.device, @max(1, engine.tensors.plan.tensors[tensor].size));
        return self.memories[tensor].?;
    }

    /// Input `index` of the batch, on the device.
    fn bring(self: *KernelStream, engine: *KernelEngine, plan: *const Plan, index: usize, tensor: u32) !At {
        for (plan.used()) |part| if (part.request.inputs[index].device) |given| try given.settle(engine.schedule);
        const size = engine.tensors.plan.tensors[tensor].size;
        const whole = onlyOne(engine.form, plan);
        if (whole) |request| if (request.inputs[index].device) |given| if (isAligned(engine, tensor, given)) return .{ .memory = given.memory, .offset = given.offset };
        const memory = try self.own(engine, tensor);
        const to: Place = .{ .device = .{ .memory = memory, .offset = 0 } };
        const any_there = for (plan.used()) |part| {
            if (part.request.inputs[index].device != null) break true;
        } else false;
        if (whole) |request| {
            _ = try self.stream.copy(to, request.inputs[index].place(request.chunk.memory), size);
        } else if (!any_there) {
            const bytes = try engine.tensors.gather(engine.form, plan, index, tensor);
            _ = try self.stream.copy(to, .{ .host = .{ .mapping = try engine.tensors.mapping(tensor), .bytes = bytes } }, size);
        } else for (plan.used()) |part| {
            try self.copyRows(engine, .in, index, part, to, part.request.inputs[index].place(part.request.chunk.memory));
        }
        return .{ .memory = memory, .offset = 0 };
    }

    /// Memory of the request that is the batch, where a kernel may write its output: not where one reads.
    fn outputOf(self: *const KernelStream, engine: *const KernelEngine, plan: *const Plan, index: usize, tensor: u32) !?At {
        for (plan.used()) |part| if (part.request.outputs[index].device) |given| try given.settle(engine.schedule);
        const request = onlyOne(engine.form, plan) orelse return null;
        const given = request.outputs[index].device orelse return null;
        if (!isAligned(engine, tensor, given)) return null;
        for (engine.program.input_tensors) |input| if (self.places[input].memory == given.memory) return null;
        for (engine.program.output_tensors[0..index]) |earlier| if (self.places[earlier].memory == given.memory) return null;
        return .{ .memory = given.memory, .offset = given.offset };
    }

    /// Output `index` of the batch, from where the kernels left it.
    fn give(self: *KernelStream, engine: *KernelEngine, plan: *const Plan, index: usize, tensor: u32) !void {
        const from: Place = .{ .device = .{ .memory = self.places[tensor].memory, .offset = self.places[tensor].offset } };
        const size = engine.tensors.plan.tensors[tensor].size;
        if (onlyOne(engine.form, plan)) |request| {
            const output = &request.outputs[index];
            if (output.device) |given| {
                output.placement = .bound;
                if (given.memory == self.places[tensor].memory and given.offset == self.places[tensor].offset) return;
                _ = try self.stream.copy(.{ .device = .{ .memory = given.memory, .offset = given.offset } }, from, size);
                return;
            }
            const bytes = try request.room(index, engine.form.outputs[index].shape, size);
            _ = try self.stream.copy(output.place(request.chunk.memory, bytes), from, size);
            return;
        }
        for (plan.used()) |part| if (part.request.outputs[index].device) |given| {
            part.request.outputs[index].placement = .bound;
            try self.copyRows(engine, .out, index, part, from, .{ .device = .{ .memory = given.memory, .offset = given.offset } });
        };
        if (!isStaged(plan, index)) return;
        const bytes = try engine.tensors.own(tensor);
        _ = try self.stream.copy(.{ .host = .{ .mapping = try engine.tensors.mapping(tensor), .bytes = bytes } }, from, size);
    }

    /// A part's rows between the batch and its request.
    fn copyRows(self: *KernelStream, engine: *const KernelEngine, comptime way: enum { in, out }, index: usize, part: Part, batch: Place, other: Place) !void {
        const form = engine.form;
        const port = if (way == .in) &form.inputs[index] else &form.outputs[index];
        const axis = form.batching orelse {
            const size = port.sizeOf(1) orelse 0;
            _ = if (way == .in) try self.stream.copy(batch, other, size) else try self.stream.copy(other, batch, size);
            return;
        };
        const layout: rows.Layout = .of(port.shape, axis, port.element_size);
        const total = part.request.total(0, axis);
        const size = part.rows * layout.row;
        for (0..layout.outer) |block| {
            const here = further(batch, (block * form.compiled_rows + part.at) * layout.row, size);
            const there = further(other, (block * total + part.first) * layout.row, size);
            _ = if (way == .in) try self.stream.copy(here, there, size) else try self.stream.copy(there, here, size);
        }
    }
};

fn isAligned(engine: *const KernelEngine, tensor: u32, given: *const DeviceTensor) bool {
    return given.address() % engine_value.elementSize(engine.tensors.plan.tensors[tensor].element).? == 0;
}

/// Whether some request gets output `index` in host memory.
fn isStaged(plan: *const Plan, index: usize) bool {
    for (plan.used()) |part| if (part.request.outputs[index].device == null) return true;
    return false;
}

fn further(place: Place, by: u64, size: u64) Place {
    return switch (place) {
        .device => |there| .{ .device = .{ .memory = there.memory, .offset = there.offset + by } },
        .host => |there| .{ .host = .{ .mapping = there.mapping, .bytes = there.bytes[@intCast(by)..][0..@intCast(size)], .registration = there.registration } },
    };
}
