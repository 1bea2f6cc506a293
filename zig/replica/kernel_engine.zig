//! Runs plans as a list of kernels, in host memory; on a CUDA device `kernel_stream.zig` does. A request that fills its batch is read and
//! written where it lies.
const std = @import("std");
const report = @import("../abi/report.zig");
const host_kernels = @import("../engine/program/host_kernels.zig");
const limits = @import("../engine/program/plan.zig").limits;
const Engine = @import("schedule.zig").Engine;
const feeding = @import("feeding.zig");
const Form = @import("form.zig").Form;
const KernelProgram = @import("kernel_program.zig").KernelProgram;
const KernelStream = @import("kernel_stream.zig").KernelStream;
const KernelTensors = @import("kernel_tensors.zig").KernelTensors;
const Part = @import("plan.zig").Part;
const Plan = @import("plan.zig").Plan;
const Schedule = @import("schedule.zig").Schedule;
const Stream = @import("../cuda/stream.zig").Stream;

const allocator = std.heap.smp_allocator;

pub const KernelEngine = struct {
    program: *const KernelProgram,
    form: *const Form,
    schedule: *Schedule,
    tensors: KernelTensors,
    /// By tensor: where it is in the run under way.
    bases: []u64,
    /// Null: in host memory.
    stream: ?KernelStream,

    /// `stream`: of a CUDA device, taken over on success; null: in host memory.
    pub fn create(program: *const KernelProgram, form: *const Form, schedule: *Schedule, stream: ?*Stream) !KernelEngine {
        var tensors: KernelTensors = try .create(&program.container.plan, if (stream) |one| one.device else null);
        errdefer tensors.destroy();
        const count = program.container.plan.tensors.len;
        const bases = try allocator.alloc(u64, count);
        errdefer allocator.free(bases);
        return .{
            .program = program,
            .form = form,
            .schedule = schedule,
            .tensors = tensors,
            .bases = bases,
            .stream = if (stream) |one| try .create(one, count) else null,
        };
    }

    pub fn destroy(self: *KernelEngine) void {
        if (self.stream) |*stream| stream.destroy();
        self.tensors.destroy();
        allocator.free(self.bases);
    }

    pub fn asEngine(self: *KernelEngine) Engine {
        // A JavaScript thread never waits for a device without slices.
        return .{ .context = self, .ready = nothing, .terminate = nothing, .stop = nothing, .lends = self.stream == null };
    }

    /// Kernels take less time than it would take to end them.
    fn nothing(_: *anyopaque) void {}

    /// Runs the plan and leaves in its requests what came out, good or bad.
    pub fn run(self: *KernelEngine, plan: *const Plan) void {
        self.attempt(plan) catch |err| {
            if (err == error.device_lost) self.refuse(plan, err) else if (plan.count == 1) plan.used()[0].request.fail(err) else self.runApart(plan);
        };
        for (plan.used()) |part| part.request.settlePlain();
    }

    /// Whoever waits would only be told the same later.
    fn refuse(self: *KernelEngine, plan: *const Plan, err: anyerror) void {
        for (plan.used()) |part| part.request.fail(err);
        feeding.refuse(self.schedule, err);
    }

    /// What failed may be one caller's memory: each gets a run of its own.
    fn runApart(self: *KernelEngine, plan: *const Plan) void {
        for (plan.used()) |part| {
            if (part.first == 0) part.request.unplace(undefined);
            var one = [1]Part{.{ .request = part.request, .first = part.first, .rows = part.rows, .at = 0 }};
            self.attempt(&.{ .parts = &one, .count = 1, .rows = part.rows, .size = self.form.compiled_rows }) catch |err| part.request.fail(err);
        }
    }

    fn attempt(self: *KernelEngine, plan: *const Plan) !void {
        report.reset();
        return if (self.stream) |*stream| stream.run(self, plan) else self.runOnHost(plan);
    }

    fn runOnHost(self: *KernelEngine, plan: *const Plan) !void {
        for (self.program.input_tensors, 0..) |tensor, index| {
            const bytes = self.tensors.whereInputLies(self.form, plan, index, tensor) orelse try self.tensors.gather(self.form, plan, index, tensor);
            self.bases[tensor] = @intFromPtr(bytes.ptr);
        }
        for (self.program.output_tensors, 0..) |tensor, index| {
            const bytes = try self.tensors.whereOutputGoes(self.form, plan, index, tensor) orelse try self.tensors.own(tensor);
            self.bases[tensor] = @intFromPtr(bytes.ptr);
        }
        for (self.program.kernels) |kernel| for (kernel.operands) |operand| {
            if (!self.tensors.isPort(self.program, operand.tensor)) self.bases[operand.tensor] = @intFromPtr((try self.tensors.own(operand.tensor)).ptr);
        };
        for (self.program.kernels) |kernel| {
            var bases: [limits.operands]u64 = undefined;
            for (kernel.operands, bases[0..kernel.operands.len]) |operand, *base| base.* = self.bases[operand.tensor];
            try host_kernels.runner.run(kernel, self.program.container.plan.tensors, bases[0..kernel.operands.len]);
        }
        for (self.program.output_tensors, 0..) |tensor, index| {
            if (self.tensors.isOwn(tensor, self.bases[tensor])) try self.tensors.scatter(self.form, plan, index, try self.tensors.own(tensor));
        }
    }
};
