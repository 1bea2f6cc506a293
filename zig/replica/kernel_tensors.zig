//! Host memory of a program's tensors, and the ways between it and requests. Memory is made when it is first needed: what lies in
//! requests needs none.
const std = @import("std");
const native = @import("../cuda/native.zig");
const engine_value = @import("../engine/onnx/value.zig");
const plans = @import("../engine/program/plan.zig");
const report = @import("../abi/report.zig");
const Device = @import("../cuda/device.zig").Device;
const Form = @import("form.zig").Form;
const KernelProgram = @import("kernel_program.zig").KernelProgram;
const Mapping = @import("../shm/mapping.zig").Mapping;
const Plan = @import("plan.zig").Plan;
const Request = @import("request.zig").Request;
const rows = @import("rows.zig");

const allocator = std.heap.smp_allocator;

pub const KernelTensors = struct {
    plan: *const plans.Plan,
    memories: []?*Mapping,
    /// Its memory is page-locked for the device.
    device: ?*Device,

    pub fn create(plan: *const plans.Plan, device: ?*Device) !KernelTensors {
        const memories = try allocator.alloc(?*Mapping, plan.tensors.len);
        @memset(memories, null);
        return .{ .plan = plan, .memories = memories, .device = device };
    }

    pub fn destroy(self: *KernelTensors) void {
        for (self.memories) |memory| if (memory) |made| made.release();
        allocator.free(self.memories);
    }

    pub fn isPort(_: *const KernelTensors, program: *const KernelProgram, tensor: u32) bool {
        return std.mem.findScalar(u32, program.input_tensors, tensor) != null or std.mem.findScalar(u32, program.output_tensors, tensor) != null;
    }

    pub fn own(self: *KernelTensors, tensor: u32) ![]u8 {
        return (try self.mapping(tensor)).slice()[0..self.plan.tensors[tensor].size];
    }

    pub fn mapping(self: *KernelTensors, tensor: u32) !*Mapping {
        if (self.memories[tensor] == null) {
            const size = @max(1, self.plan.tensors[tensor].size);
            self.memories[tensor] = if (self.device) |device| try native.pinned(device, size) else try .anonymous(size);
        }
        return self.memories[tensor].?;
    }

    /// Whether `address` is where `own` has it.
    pub fn isOwn(self: *const KernelTensors, tensor: u32, address: u64) bool {
        return if (self.memories[tensor]) |memory| @intFromPtr(memory.address) == address else false;
    }

    /// The memory of the one request that is the whole batch, if a kernel can read it there.
    pub fn whereInputLies(self: *const KernelTensors, form: *const Form, plan: *const Plan, index: usize, tensor: u32) ?[]u8 {
        const request = onlyOne(form, plan) orelse return null;
        const bytes = request.inputs[index].bytes;
        return if (self.isUsable(bytes, tensor)) bytes else null;
    }

    /// The same for what a kernel writes; null also when it reads there.
    pub fn whereOutputGoes(self: *const KernelTensors, form: *const Form, plan: *const Plan, index: usize, tensor: u32) !?[]u8 {
        const request = onlyOne(form, plan) orelse return null;
        const port = &form.outputs[index];
        const bytes = try request.room(index, port.shape, self.plan.tensors[tensor].size);
        if (!self.isUsable(bytes, tensor)) return null;
        for (request.inputs) |input| if (overlap(input.bytes, bytes)) return null;
        for (request.outputs, 0..) |output, other| if (other != index and overlap(output.bytes, bytes)) return null;
        return bytes;
    }

    fn isUsable(self: *const KernelTensors, bytes: []const u8, tensor: u32) bool {
        const described = &self.plan.tensors[tensor];
        return bytes.len == described.size and std.mem.isAligned(@intFromPtr(bytes.ptr), engine_value.elementSize(described.element).?);
    }

    /// Rows of all requests, one behind the other; those that nobody gave are zero.
    pub fn gather(self: *KernelTensors, form: *const Form, plan: *const Plan, index: usize, tensor: u32) ![]u8 {
        const buffer = try self.own(tensor);
        const axis = form.batching orelse {
            for (plan.used()) |part| @memcpy(buffer, part.request.inputs[index].bytes);
            return buffer;
        };
        if (plan.rows < form.compiled_rows) @memset(buffer, 0);
        const layout: rows.Layout = .of(form.inputs[index].shape, axis, form.inputs[index].element_size);
        for (plan.used()) |part| {
            const bytes = part.request.inputs[index].bytes;
            rows.copy(layout, .{ .bytes = buffer, .total = form.compiled_rows, .first = part.at }, .{ .bytes = bytes, .total = part.request.total(index, axis), .first = part.first }, part.rows);
        }
        return buffer;
    }

    /// Gives every request its rows of an output.
    pub fn scatter(_: *const KernelTensors, form: *const Form, plan: *const Plan, index: usize, bytes: []const u8) !void {
        const port = &form.outputs[index];
        var axes: [64]i64 = undefined;
        @memcpy(axes[0..port.shape.len], port.shape);
        for (plan.used()) |part| {
            const request = part.request;
            // What goes to memory of a device is there already.
            if (request.failure != null or request.outputs[index].device != null) continue;
            const axis = form.batching orelse {
                @memcpy(try request.room(index, port.shape, bytes.len), bytes);
                continue;
            };
            const layout: rows.Layout = .of(port.shape, axis, port.element_size);
            const total = request.total(0, axis);
            axes[axis] = @intCast(total);
            const into = request.room(index, axes[0..port.shape.len], layout.size(total)) catch |err| {
                request.fail(err);
                continue;
            };
            rows.copy(layout, .{ .bytes = into, .total = total, .first = part.first }, .{ .bytes = bytes, .total = form.compiled_rows, .first = part.at }, part.rows);
        }
    }
};

/// The request that is the batch, row for row.
pub fn onlyOne(form: *const Form, plan: *const Plan) ?*Request {
    if (!plan.isWhole()) return null;
    const request = plan.used()[0].request;
    return if (form.batching == null or request.rows == form.compiled_rows) request else null;
}

fn overlap(a: []const u8, b: []const u8) bool {
    return a.len > 0 and b.len > 0 and @intFromPtr(a.ptr) < @intFromPtr(b.ptr) + b.len and @intFromPtr(b.ptr) < @intFromPtr(a.ptr) + a.len;
}

test "bytes overlap when they share one" {
    const memory: [8]u8 = undefined;
    for ([_][4]usize{ .{ 0, 4, 4, 8 }, .{ 4, 8, 0, 4 }, .{ 2, 2, 0, 8 } }) |case| try std.testing.expect(!overlap(memory[case[0]..case[1]], memory[case[2]..case[3]]));
    for ([_][4]usize{ .{ 0, 5, 4, 8 }, .{ 4, 8, 0, 5 }, .{ 3, 4, 0, 8 } }) |case| try std.testing.expect(overlap(memory[case[0]..case[1]], memory[case[2]..case[3]]));
}
