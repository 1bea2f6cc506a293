//! What one inference needs natively: memory bound to the model's inputs and outputs, the outcome, and the outputs that
//! the engine made. A request is used again and again, so that what stays bound costs nothing in the next run.
const std = @import("std");
const block = @import("../abi/block.zig");
const report = @import("../abi/report.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;
const api = @import("../engine/onnx/api.zig");
const engine = @import("../engine/onnx/session.zig");
const value = @import("../engine/onnx/value.zig");
const Library = @import("../engine/onnx/library.zig").Library;

const allocator = std.heap.smp_allocator;

pub const State = enum { idle, queued, running, done };

/// Memory that a run reads from or writes to; keeps it alive.
pub const Binding = struct {
    value: value.Value,
    memory: *Mapping,

    /// Takes the reference to `memory` over, also when it fails; `bytes` are in it.
    pub fn make(library: *const Library, memory: *Mapping, bytes: []u8, shape: []const i64, element: u8) !Binding {
        errdefer memory.release();
        return .{ .value = try .wrap(library, bytes, shape, element), .memory = memory };
    }

    fn release(self: Binding, library: *const Library) void {
        self.value.release(library);
        self.memory.release();
    }
};

const Input = struct {
    kept: ?Binding = null,
    /// For the next run only; goes before `kept`.
    once: ?Binding = null,
};

pub const Placement = enum { unset, bound, copied, held };

pub const Output = struct {
    kept: ?Binding = null,
    once: ?Binding = null,
    placement: Placement = .unset,
    /// `copied`: where in the results memory.
    offset: usize = 0,
    size: usize = 0,
    element: u8 = 0,
    rank: usize = 0,
    axes: [block.values_max]i64 = undefined,
    held: ?value.Value = null,
    bytes: []u8 = &.{},
};

pub const Request = struct {
    library: *const Library,
    state: State = .idle,
    /// A thread waits for it in `Schedule.wait`: it is not announced.
    blocking: bool = false,
    /// In the schedule's queue of the finished, where it may be once.
    announced: bool = false,
    terminated: bool = false,
    inputs: []Input,
    outputs: []Output,
    raw_inputs: []?*const api.Value,
    raw_outputs: []?*api.Value,
    /// Where outputs of unbound size are copied when they fit.
    results: ?*Mapping = null,
    options: engine.RunOptions,
    failure: ?anyerror = null,
    text: [report.text_max]u8 = undefined,
    text_length: usize = 0,

    pub fn create(session: *const engine.Session) !*Request {
        const self = try allocator.create(Request);
        errdefer allocator.destroy(self);
        const inputs = try allocator.alloc(Input, session.inputs.len);
        errdefer allocator.free(inputs);
        const outputs = try allocator.alloc(Output, session.outputs.len);
        errdefer allocator.free(outputs);
        const raw_inputs = try allocator.alloc(?*const api.Value, inputs.len);
        errdefer allocator.free(raw_inputs);
        const raw_outputs = try allocator.alloc(?*api.Value, outputs.len);
        errdefer allocator.free(raw_outputs);
        @memset(inputs, .{});
        @memset(outputs, .{});
        self.* = .{
            .library = session.library,
            .inputs = inputs,
            .outputs = outputs,
            .raw_inputs = raw_inputs,
            .raw_outputs = raw_outputs,
            .options = try .create(session.library),
        };
        return self;
    }

    pub fn destroy(self: *Request) void {
        self.clear();
        for (self.inputs) |input| if (input.kept) |binding| binding.release(self.library);
        for (self.outputs) |output| if (output.kept) |binding| binding.release(self.library);
        if (self.results) |memory| memory.release();
        self.options.release(self.library);
        allocator.free(self.inputs);
        allocator.free(self.outputs);
        allocator.free(self.raw_inputs);
        allocator.free(self.raw_outputs);
        allocator.destroy(self);
    }

    /// `port` is an `Input` or an `Output`. `keep`: for this and all later runs.
    pub fn bind(self: *Request, port: anytype, binding: Binding, keep: bool) void {
        const held = if (keep) &port.kept else &port.once;
        if (held.*) |previous| previous.release(self.library);
        held.* = binding;
    }

    pub fn setResults(self: *Request, memory: *Mapping) void {
        if (self.results) |previous| previous.release();
        self.results = memory.retain();
    }

    /// Drops what the last run left and what was bound for it alone.
    pub fn clear(self: *Request) void {
        for (self.inputs) |*input| dropOnce(self.library, &input.once);
        for (self.outputs) |*output| {
            dropOnce(self.library, &output.once);
            if (output.held) |held| held.release(self.library);
            output.held = null;
            output.placement = .unset;
        }
        if (self.terminated) self.options.renew(self.library);
        self.terminated = false;
        self.failure = null;
        self.blocking = false;
    }

    /// Ends a run under way at the graph's next node. Any thread, under the schedule's lock.
    pub fn terminate(self: *Request) void {
        self.terminated = true;
        self.options.terminate(self.library);
    }

    /// Runs the model and keeps the outcome, good or bad. Any thread that holds the engine.
    pub fn perform(self: *Request, session: *const engine.Session) void {
        report.reset();
        self.attempt(session) catch |err| {
            const text = report.text();
            @memcpy(self.text[0..text.len], text);
            self.text_length = text.len;
            self.failure = err;
        };
    }

    fn attempt(self: *Request, session: *const engine.Session) !void {
        for (self.inputs, self.raw_inputs, session.inputs) |input, *raw, port| {
            const binding = input.once orelse input.kept orelse return report.fail(error.missing_input, "input \"{s}\" has no memory.", .{port.name});
            raw.* = binding.value.raw;
        }
        for (self.outputs, self.raw_outputs) |output, *raw| {
            raw.* = if (output.once orelse output.kept) |binding| binding.value.raw else null;
        }
        try session.run(&self.options, self.raw_inputs, self.raw_outputs);
        // Whatever fails from here on, what the engine made has an owner.
        for (self.outputs, self.raw_outputs) |*output, raw| {
            const bound = output.once != null or output.kept != null;
            output.placement = if (bound) .bound else .held;
            if (!bound) output.held = .adopt(raw.?);
        }
        var used: usize = 0;
        for (self.outputs) |*output| if (output.placement == .held) try self.place(output, &used);
    }

    /// Small outputs are copied here, off the JavaScript thread, to where it reads them without a call.
    fn place(self: *Request, output: *Output, used: *usize) !void {
        const described = try output.held.?.describe(self.library, &output.axes);
        output.element = described.element;
        output.rank = described.shape.len;
        output.size = described.bytes.len;
        output.bytes = described.bytes;
        const room = if (self.results) |memory| memory.length else 0;
        const offset = std.mem.alignForward(usize, used.*, 64);
        if (offset > room or output.size > room - offset) return;
        @memcpy(self.results.?.slice()[offset..][0..output.size], described.bytes);
        output.placement = .copied;
        output.offset = offset;
        used.* = offset + output.size;
        output.held.?.release(self.library);
        output.held = null;
    }
};

fn dropOnce(library: *const Library, place: *?Binding) void {
    if (place.*) |binding| binding.release(library);
    place.* = null;
}
