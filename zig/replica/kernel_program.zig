//! A main program that is a function: inputs in, kernels, outputs out. Run as such it needs neither session nor streams, and copies
//! nothing that lies where a kernel can reach it. Whatever else a program does is for sessions.
const std = @import("std");
const plans = @import("../engine/program/plan.zig");
const report = @import("../abi/report.zig");
const Container = @import("../engine/program/container.zig").Container;
const StreamPort = @import("parts.zig").StreamPort;

pub const KernelProgram = struct {
    container: Container,
    /// In the order of the program.
    kernels: []const *const plans.Kernel,
    /// By input and output: its tensor.
    input_tensors: []const u32,
    output_tensors: []const u32,
    inputs: []const StreamPort,
    outputs: []const StreamPort,

    /// Takes the container over, also when it fails.
    pub fn of(arena: std.mem.Allocator, container: Container, main: u32, inputs: []const StreamPort, outputs: []const StreamPort) !KernelProgram {
        var owned = container;
        errdefer owned.close();
        const plan = &owned.plan;
        if (main >= plan.programs.len) return report.fail(error.invalid_executable, "there is no program {d}; the executable has {d}.", .{ main, plan.programs.len });
        const program = &plan.programs[main];
        if (plan.replicas != 1) return report.fail(error.invalid_executable, "program {s} is for {d} replicas, not for one.", .{ program.name, plan.replicas });
        const kernels = try kernelsOf(arena, plan, program);
        const taken = try arena.alloc(bool, plan.tensors.len);
        @memset(taken, false);
        const input_tensors = try tensorsOf(arena, plan, program, inputs, true, taken);
        for (kernels) |kernel| if (kernel.operands.len > 0) {
            const written = kernel.operands[0].tensor;
            if (taken[written]) return report.fail(error.invalid_executable, "kernel {s} writes to tensor {s}, which is an input.", .{ kernel.name, plan.tensors[written].name });
        };
        return .{
            .kernels = kernels,
            .input_tensors = input_tensors,
            .output_tensors = try tensorsOf(arena, plan, program, outputs, false, taken),
            .inputs = inputs,
            .outputs = outputs,
            .container = owned,
        };
    }

    pub fn close(self: *KernelProgram) void {
        self.container.close();
    }
};

const Phase = enum { bring, work, give };

fn kernelsOf(arena: std.mem.Allocator, plan: *const plans.Plan, program: *const plans.Program) ![]const *const plans.Kernel {
    var kernels: std.ArrayList(*const plans.Kernel) = .empty;
    var phase: Phase = .bring;
    for (program.steps, 0..) |step, index| {
        const next: Phase = switch (step) {
            .sync => continue,
            // One turn is one batch, however many turns a session would take.
            .repeat => |repeat| if (index == 0 and repeat.after == program.steps.len) continue else return notOrdinary(program, "repeats a part"),
            .end => continue,
            .to_tensor => .bring,
            .kernel => .work,
            .to_stream => .give,
            .graph => return notOrdinary(program, "runs a graph"),
            .remote_to_tensor, .tensor_to_remote => return notOrdinary(program, "uses remote buffers"),
        };
        if (@intFromEnum(next) < @intFromEnum(phase)) return notOrdinary(program, "brings inputs after kernels, or runs kernels after outputs");
        phase = next;
        if (step == .kernel) try kernels.append(arena, step.kernel);
    }
    if (kernels.items.len == 0) return notOrdinary(program, "runs no kernel");
    for (plan.graph.weights) |weight| for (kernels.items) |kernel| for (kernel.operands) |operand| {
        if (operand.tensor == weight) return notOrdinary(program, "uses weights");
    };
    return kernels.items;
}

fn notOrdinary(program: *const plans.Program, comptime what: []const u8) anyerror {
    return report.fail(error.invalid_executable, "program {s} is more than inputs, kernels and outputs: it " ++ what ++ ".", .{program.name});
}

/// The tensors that the program brings or gives under the ports' handles: all of them, each once.
fn tensorsOf(arena: std.mem.Allocator, plan: *const plans.Plan, program: *const plans.Program, ports: []const StreamPort, to_device: bool, taken: []bool) ![]const u32 {
    const tensors = try arena.alloc(u32, ports.len);
    for (tensors, ports) |*tensor, port| {
        const stream = plan.stream_numbers.get(port.handle) orelse return report.fail(error.unknown_anchor, "the executable has no stream \"{s}\".", .{port.handle});
        if (plan.streams[stream].to_device != to_device) return report.fail(error.model_conflict, "stream \"{s}\" goes the other way.", .{port.handle});
        tensor.* = plan.streams[stream].tensor;
        const described = &plan.tensors[tensor.*];
        const same = described.element == port.element and std.mem.eql(i64, described.shape, port.shape);
        if (!same) return report.fail(error.model_conflict, "stream \"{s}\" has element type {d} and shape {any}, the model's \"{s}\" {d} and {any}.", .{ port.handle, described.element, described.shape, port.name, port.element, port.shape });
        if (taken[tensor.*]) return report.fail(error.invalid_executable, "tensor {s} is more than one input or output.", .{described.name});
        taken[tensor.*] = true;
    }
    var used: usize = 0;
    for (program.streams) |stream| {
        if (plan.streams[stream].to_device != to_device) continue;
        used += 1;
        for (ports) |port| {
            if (std.mem.eql(u8, port.handle, plan.streams[stream].handle)) break;
        } else return report.fail(error.not_connected, "program {s} uses stream \"{s}\", which is no input or output of requests.", .{ program.name, plan.streams[stream].handle });
    }
    if (used != ports.len) return report.fail(error.unknown_anchor, "program {s} uses {d} of {d} streams that requests have.", .{ program.name, used, ports.len });
    return tensors;
}
