//! Runs plans through ONNX Runtime: on the processor, or on a CUDA device, whose memory is then an input or output as good as any.
//! One thread at a time.
const std = @import("std");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const api = @import("../engine/onnx/api.zig");
const engine = @import("../engine/onnx/session.zig");
const engine_value = @import("../engine/onnx/value.zig");
const Value = engine_value.Value;
const BatchMemory = @import("batch_memory.zig").BatchMemory;
const Constants = @import("constants.zig").Constants;
const Engine = @import("schedule.zig").Engine;
const feeding = @import("feeding.zig");
const Form = @import("form.zig").Form;
const Port = @import("form.zig").Port;
const Plan = @import("plan.zig").Plan;
const Part = @import("plan.zig").Part;
const Parts = @import("parts.zig").Parts;
const Provided = @import("provided.zig").Provided;
const Request = @import("request.zig").Request;
const Schedule = @import("schedule.zig").Schedule;
const rows = @import("rows.zig");

const allocator = std.heap.smp_allocator;

pub const HostEngine = struct {
    session: engine.Session,
    form: *const Form,
    options: engine.RunOptions,
    schedule: *Schedule,
    /// The device that a provider runs it on; null: the processor.
    provided: ?Provided,
    /// Under the schedule's lock.
    terminated: bool = false,
    /// Outputs had the rows that their symbols say, so far.
    believes: bool = true,
    raw_inputs: []?*const api.Value,
    constants: Constants,
    raw_outputs: []?*api.Value,
    inputs: []BatchMemory,
    outputs: []BatchMemory,

    /// Takes the session over, also when it fails.
    pub fn create(session: engine.Session, form: *const Form, schedule: *Schedule, rows_max: u32, parts: ?*const Parts, provided: ?Provided) !HostEngine {
        var owned = session;
        errdefer owned.close();
        var constants: Constants = try .create(&owned, parts);
        errdefer constants.destroy(owned.library);
        const raw_inputs = try allocator.alloc(?*const api.Value, form.inputs.len);
        errdefer allocator.free(raw_inputs);
        const raw_outputs = try allocator.alloc(?*api.Value, form.outputs.len);
        errdefer allocator.free(raw_outputs);
        const inputs = try BatchMemory.forAll(form.inputs, rows_max);
        errdefer BatchMemory.destroyAll(inputs, owned.library);
        const outputs = try BatchMemory.forAll(form.outputs, rows_max);
        errdefer BatchMemory.destroyAll(outputs, owned.library);
        return .{
            .session = owned,
            .form = form,
            .options = try .create(owned.library),
            .schedule = schedule,
            .provided = provided,
            .raw_inputs = raw_inputs,
            .constants = constants,
            .raw_outputs = raw_outputs,
            .inputs = inputs,
            .outputs = outputs,
        };
    }

    pub fn destroy(self: *HostEngine) void {
        const library = self.session.library;
        BatchMemory.destroyAll(self.inputs, library);
        BatchMemory.destroyAll(self.outputs, library);
        self.options.release(library);
        if (self.provided) |provided| provided.release(library);
        self.constants.destroy(library);
        allocator.free(self.raw_inputs);
        allocator.free(self.raw_outputs);
        self.session.close();
    }

    pub fn asEngine(self: *HostEngine) Engine {
        // A JavaScript thread never calls a driver.
        return .{ .context = self, .ready = ready, .terminate = terminate, .stop = terminate, .lends = self.provided == null };
    }

    fn ready(context: *anyopaque) void {
        const self: *HostEngine = @ptrCast(@alignCast(context));
        if (!self.terminated) return;
        self.terminated = false;
        self.options.renew(self.session.library);
    }

    fn terminate(context: *anyopaque) void {
        const self: *HostEngine = @ptrCast(@alignCast(context));
        self.terminated = true;
        self.options.terminate(self.session.library);
    }

    /// Runs the plan and leaves in its requests what came out, good or bad.
    pub fn run(self: *HostEngine, plan: *const Plan) void {
        self.attempt(plan) catch |err| {
            if (err == error.device_lost) {
                for (plan.used()) |part| part.request.fail(err);
                feeding.refuse(self.schedule, err);
            } else if (plan.count == 1 or switches.off("failures_alone")) {
                for (plan.used()) |part| part.request.fail(err);
            } else self.runApart(plan);
        };
        for (plan.used()) |part| part.request.settlePlain();
    }

    /// One caller's bad input must not fail the others': each gets its own run.
    fn runApart(self: *HostEngine, plan: *const Plan) void {
        for (plan.used()) |part| {
            if (part.first == 0) part.request.unplace(self.session.library);
            var one = [1]Part{.{ .request = part.request, .first = part.first, .rows = part.rows, .at = 0 }};
            const size = if (self.form.compiled_rows > 0) self.form.compiled_rows else part.rows;
            self.attempt(&.{ .parts = &one, .count = 1, .rows = part.rows, .size = size }) catch |err| part.request.fail(err);
        }
    }

    fn attempt(self: *HostEngine, plan: *const Plan) !void {
        report.reset();
        if (self.provided) |provided| try provided.device.require();
        if (plan.isWhole()) return self.runWhole(plan.used()[0].request);
        for (self.inputs, self.raw_inputs, 0..) |*memory, *raw, index| raw.* = try self.gathered(memory, plan, index);
        for (self.outputs, self.raw_outputs) |*memory, *raw| raw.* = try memory.output(self.session.library, plan.size);
        try self.call();
        var failure: ?anyerror = null;
        for (self.outputs, self.raw_outputs, 0..) |*memory, raw, index| {
            if (memory.isKnown(plan.size)) {
                try self.scatter(plan, index, memory.shapeOf(plan.size), memory.bytes(plan.size));
                continue;
            }
            // Whatever fails from here on, what the engine made is released.
            const made: Value = .adopt(raw.?);
            defer made.release(self.session.library);
            var axes: [64]i64 = undefined;
            const described = self.describeMade(made, &axes) catch |err| {
                failure = err;
                continue;
            };
            self.scatter(plan, index, described.shape, described.bytes) catch |err| {
                failure = err;
            };
        }
        if (failure) |err| return err;
    }

    fn describeMade(self: *const HostEngine, made: Value, axes: []i64) !engine_value.Description {
        if (self.provided) |provided| try provided.requireHost(self.session.library, made);
        return made.describe(self.session.library, axes);
    }

    fn call(self: *HostEngine) !void {
        self.session.run(&self.options, self.constants.among(self.raw_inputs), self.raw_outputs) catch |err| {
            return if (self.provided) |provided| provided.explain(err) else err;
        };
    }

    /// A request that shares nothing reads and writes its own memory.
    fn runWhole(self: *HostEngine, request: *Request) !void {
        self.runPlaced(request) catch |err| {
            if (!self.believes or self.terminated or !self.form.believesSymbols()) return err;
            // An output may have other rows than its symbol says; then the engine has to say how many.
            self.believes = false;
            report.reset();
            request.unplace(self.session.library);
            self.runPlaced(request) catch |second| {
                self.believes = true;
                return second;
            };
        };
    }

    fn runPlaced(self: *HostEngine, request: *Request) !void {
        const library = self.session.library;
        for (request.inputs, self.raw_inputs, self.form.inputs) |*input, *raw, port| {
            raw.* = if (input.device) |tensor|
                try self.provided.?.value(&input.kept, library, tensor, self.schedule, input.axes, port.element)
            else
                try input.kept.get(library, input.bytes, input.axes, port.element);
        }
        for (request.outputs, self.raw_outputs, self.form.outputs, 0..) |*output, *raw, *port, index| {
            raw.* = null;
            if (output.device) |tensor| {
                output.placement = .bound;
                raw.* = try self.provided.?.value(&output.kept, library, tensor, self.schedule, output.axes[0..output.rank], port.element);
                continue;
            }
            if (output.memory != null) {
                output.placement = .bound;
            } else {
                const size = self.sizeBefore(port, request) orelse continue;
                var axes: [64]i64 = undefined;
                if (!request.hasArea(index, size) or port.shape.len > output.axes.len) continue;
                _ = try request.room(index, port.shapeOf(request.output_rows, &axes), size);
            }
            raw.* = try output.kept.get(library, output.bytes, output.axes[0..output.rank], port.element);
        }
        try self.call();
        // Whatever fails from here on, what the engine made has an owner.
        for (request.outputs, self.raw_outputs) |*output, raw| if (output.placement == .unset) {
            output.placement = .held;
            output.held = .{ .value = .adopt(raw.?) };
        };
        if (self.provided) |provided| for (request.outputs) |*output| if (output.held == .value) try provided.requireHost(library, output.held.value);
        for (request.outputs, 0..) |*output, index| if (output.held == .value) try request.keepSmall(library, index);
    }

    /// Bytes of an output, if they are known before the run.
    fn sizeBefore(self: *const HostEngine, port: *const Port, request: *const Request) ?usize {
        if (self.form.batching != null) {
            // Of a request whose shape is not what the form says, neither are the outputs'.
            if (request.single) return null;
        } else if (port.row_axis != null and (!self.believes or request.output_rows == 0)) return null;
        return port.sizeOf(request.output_rows);
    }

    /// Input `index` of the batch: where it is if its rows lie together, else copied together. Rows that nobody gave are zero.
    fn gathered(self: *HostEngine, memory: *BatchMemory, plan: *const Plan, index: usize) !*const api.Value {
        const axis = self.form.batching.?;
        const first = plan.used()[0];
        const library = self.session.library;
        const layout: rows.Layout = .of(first.request.inputs[index].axes, axis, self.form.inputs[index].element_size);
        if (plan.size == plan.rows and layout.outer == 1) {
            if (together(plan, index, layout)) |bytes| return memory.elsewhere(library, bytes, first.request.inputs[index].axes, axis, plan.size);
        }
        const batch = try memory.input(library, first.request.inputs[index].axes, axis, plan.size, layout.size(plan.size));
        for (plan.used()) |part| {
            const input = part.request.inputs[index];
            rows.copy(layout, .{ .bytes = batch.bytes, .total = plan.size, .first = part.at }, .{ .bytes = input.bytes, .total = part.request.total(index, axis), .first = part.first }, part.rows);
        }
        if (plan.size > plan.rows) rows.zero(layout, .{ .bytes = batch.bytes, .total = plan.size, .first = plan.rows }, plan.size - plan.rows);
        return batch.value;
    }

    /// Gives every request its rows of output `index`.
    fn scatter(self: *HostEngine, plan: *const Plan, index: usize, shape: []const i64, bytes: []const u8) !void {
        const axis = self.form.batching.?;
        if (axis >= shape.len or shape[axis] != plan.size)
            return report.fail(error.run_failed, "output {d} has shape {any} after a run of {d} rows: its axis {d} is no batch.", .{ index, shape, plan.size, axis });
        const layout: rows.Layout = .of(shape, axis, self.form.outputs[index].element_size);
        var axes: [64]i64 = undefined;
        @memcpy(axes[0..shape.len], shape);
        for (plan.used()) |part| {
            if (part.request.failure != null) continue;
            const total = part.request.total(0, axis);
            axes[axis] = @intCast(total);
            const into = part.request.room(index, axes[0..shape.len], layout.size(total)) catch |err| {
                part.request.fail(err);
                continue;
            };
            if (into.len != layout.size(total)) {
                part.request.fail(report.fail(error.run_failed, "output {d} has other axes in one batch than in the next.", .{index}));
                continue;
            }
            rows.copy(layout, .{ .bytes = into, .total = total, .first = part.first }, .{ .bytes = bytes, .total = plan.size, .first = part.at }, part.rows);
        }
    }
};

/// The memory of all rows, if they follow each other without a gap.
fn together(plan: *const Plan, index: usize, layout: rows.Layout) ?[]u8 {
    var end: ?[*]u8 = null;
    for (plan.used()) |part| {
        const begin = part.request.inputs[index].bytes.ptr + part.first * layout.row;
        if (end != null and begin != end.?) return null;
        end = begin + part.rows * layout.row;
    }
    const first = plan.used()[0];
    return (first.request.inputs[index].bytes.ptr + first.first * layout.row)[0..layout.size(plan.size)];
}
