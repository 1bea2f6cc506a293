//! What one inference needs natively: where its inputs are, where its outputs go, and the outcome. A request is used again
//! and again, so that what stays the same costs nothing in the next run.
const std = @import("std");
const report = @import("../abi/report.zig");
const clock = @import("../os/clock.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;
const Library = @import("../engine/onnx/library.zig").Library;
const Chunk = @import("client.zig").Chunk;
const Client = @import("client.zig").Client;
const DeviceTensor = @import("device_tensor.zig").DeviceTensor;
const Form = @import("form.zig").Form;
const Port = @import("form.zig").Port;
const tensors = @import("request_tensor.zig");
const chunk_requests = @import("slots.zig").chunk_requests;

const allocator = std.heap.smp_allocator;
/// Outputs of unknown rank may have so many axes.
const axes_min = 8;

/// ended: on its way to its thread; done: its thread has been told, or gave it up before it began.
pub const State = enum(u8) { idle, queued, running, ended, done };

pub const Input = tensors.Input;
pub const Output = tensors.Output;
pub const Placement = tensors.Placement;
pub const Held = tensors.Held;

/// Monotonic nanoseconds.
pub const Times = struct {
    began: u64 = 0,
    queued: u64 = 0,
    started: u64 = 0,
};

/// Requests that ended together, on their way to their thread: it finds them in one line of memory, where a list through the
/// requests would cost it a miss for each (0.1 to 0.25 us from core to core).
pub const Bundle = struct {
    next: ?*Bundle = null,
    numbers: [bundle_max]u32 = undefined,
    count: u32 = 0,
    /// Bit by member: its outputs are where JavaScript looks, and it is idle again.
    plain: u32 = 0,

    pub fn isFull(self: *const Bundle) bool {
        return self.count == bundle_max;
    }

    pub fn add(self: *Bundle, request: *const Request) void {
        self.numbers[self.count] = request.number;
        if (request.plain and request.failure == null) self.plain |= @as(u32, 1) << @intCast(self.count);
        self.count += 1;
    }
};

const bundle_max = 12;
/// Bytes of a line of memory as cores exchange it.
const line = 64;

/// Three groups of fields, each with lines of its own: what stays, what only a replica writes, and what both sides do.
pub const Request = struct {
    client: *Client align(line),
    chunk: *Chunk,
    inputs: []Input,
    outputs: []Output,
    text: []const u8 = "",

    /// Used by the first of those that ended together.
    bundle: Bundle = .{},

    /// In the list of those that wait.
    previous: ?*Request = null,
    times: Times = .{},
    /// The compiler orders fields by alignment and else leaves them as they are.
    padding: [4]u64 = undefined,

    /// In the one queue it is in: inbox, or list of those that wait.
    next: ?*Request = null,
    /// When its call began and when it was queued, in ticks of `os/clock.zig`.
    began_ticks: u64 = 0,
    queued_ticks: u64 = 0,
    number: u32,
    rows: u32 = 0,
    /// Rows of its own memory for which the inputs were described last.
    own_rows: u32 = 0,
    /// Rows by which the outputs' sizes are known; 0: not known.
    output_rows: u32 = 0,
    /// Rows that were put into batches, and those whose batch has run.
    planned: u32 = 0,
    answered: u32 = 0,
    failure: ?anyerror = null,
    priority: i16 = 0,
    replica: u16 = 0,
    /// Queued by its own thread, running by whoever has the schedule's lock, idle by its own thread again.
    state: std.atomic.Value(State) = .init(.idle),
    /// A thread waits for it in `Schedule.wait`: it is not announced.
    blocking: bool = false,
    /// Nobody wants the answer.
    given_up: std.atomic.Value(bool) = .init(false),
    /// It shares its batch with nobody.
    single: bool = false,
    /// The inputs are in its own memory.
    own: bool = false,
    /// An output goes to the caller's memory.
    bound: bool = false,
    /// An input or output is memory of a device.
    on_device: bool = false,
    /// Inputs and outputs are in its own memory, where JavaScript expects them: it need not ask.
    plain: bool = false,

    /// In `memory`, which outlives it.
    pub fn create(memory: std.mem.Allocator, client: *Client, chunk: *Chunk, number: u32, form: *const Form) !*Request {
        const self = try memory.create(Request);
        self.* = .{
            .client = client,
            .chunk = chunk,
            .number = number,
            .inputs = try memory.alloc(Input, form.inputs.len),
            .outputs = try memory.alloc(Output, form.outputs.len),
        };
        for (self.inputs, form.inputs) |*input, port| {
            const rank = port.shape.len;
            input.* = .{ .axes = try memory.alloc(i64, rank), .kept = .{ .axes = try memory.alloc(i64, rank) } };
        }
        for (self.outputs, form.outputs) |*output, port| {
            const rank = @max(axes_min, port.shape.len);
            output.* = .{ .axes = try memory.alloc(i64, rank), .kept = .{ .axes = try memory.alloc(i64, rank) } };
        }
        return self;
    }

    pub fn destroy(self: *Request, library: *const Library) void {
        self.clear(library);
        for (self.inputs) |*input| {
            input.kept.release(library);
            input.drop();
        }
        for (self.outputs) |*output| output.kept.release(library);
    }

    /// Drops what the last run left and what was bound for it alone.
    pub fn clear(self: *Request, library: *const Library) void {
        for (self.inputs) |*input| if (input.once or input.device != null) input.drop();
        self.unplace(library);
        for (self.outputs) |*output| output.drop();
        self.bound = false;
        self.on_device = false;
        if (self.failure != null) allocator.free(self.text);
        self.text = "";
        self.failure = null;
    }

    /// No output is anywhere.
    pub fn unplace(self: *Request, library: *const Library) void {
        for (self.outputs) |*output| {
            switch (output.held) {
                .none => {},
                .value => |value| value.release(library),
                .mapping => |mapping| mapping.release(),
            }
            output.held = .none;
            output.placement = .unset;
        }
    }

    /// Before it is queued.
    pub fn rewind(self: *Request) void {
        self.plain = false;
        self.blocking = false;
        self.given_up.store(false, .monotonic);
        self.planned = 0;
        self.answered = 0;
    }

    /// When it was submitted becomes a time of the system's clock, on a thread with time for it.
    pub fn convertTimes(self: *Request, reference: clock.Reference) void {
        self.times.queued = reference.nsAt(self.queued_ticks);
        self.times.began = @min(self.times.queued, reference.nsAt(self.began_ticks));
    }

    fn slot(self: *const Request) usize {
        return self.number % chunk_requests;
    }

    /// With what `report` says of the error.
    pub fn fail(self: *Request, err: anyerror) void {
        if (self.failure != null) return;
        self.text = allocator.dupe(u8, report.text()) catch "";
        self.failure = err;
    }

    /// Takes the reference to `memory` over, which `bytes` are in; the shape is in `axes` already. `once`: for one run.
    pub fn bindInput(self: *Request, index: usize, memory: *Mapping, bytes: []u8, once: bool) void {
        const input = &self.inputs[index];
        input.drop();
        input.memory = memory;
        input.bytes = bytes;
        input.once = once;
        self.own = false;
    }

    /// The same, for the next run alone.
    pub fn bindOutput(self: *Request, index: usize, memory: *Mapping, bytes: []u8, rank: usize) void {
        const bound = &self.outputs[index];
        bound.drop();
        bound.memory = memory;
        bound.bytes = bytes;
        bound.rank = rank;
        self.bound = true;
    }

    /// As `bindInput`, with memory of a device.
    pub fn bindInputDevice(self: *Request, index: usize, tensor: *DeviceTensor) void {
        self.inputs[index].bindDevice(tensor);
        self.own = false;
        self.on_device = true;
    }

    /// As `bindOutput`.
    pub fn bindOutputDevice(self: *Request, index: usize, tensor: *DeviceTensor, rank: usize) void {
        self.outputs[index].bindDevice(tensor, rank);
        self.bound = true;
        self.on_device = true;
    }

    /// The device that memory of the request's is on; null: all of it is the host's.
    pub fn deviceMemory(self: *const Request) ?*const DeviceTensor {
        if (!self.on_device) return null;
        for (self.inputs) |*input| if (input.device) |tensor| return tensor;
        for (self.outputs) |*output| if (output.device) |tensor| return tensor;
        return null;
    }

    /// The inputs are in the request's own memory, `rows` rows each.
    pub fn useOwn(self: *Request, form: *const Form, rows: u32) void {
        // As in the last run: nothing that the replica has in its cache is written.
        if (!self.own or self.own_rows != rows) self.describeOwn(form, rows);
        self.rows = if (form.batching == null) 1 else rows;
        self.output_rows = rows;
        self.single = form.batching == null;
        if (!self.bound) return;
        for (self.outputs, form.outputs) |*output, *port| if (output.isGiven() and !fits(output.axes[0..output.rank], port, rows)) {
            self.single = true;
        };
    }

    fn describeOwn(self: *Request, form: *const Form, rows: u32) void {
        const slots = &self.client.model.slots;
        const memory_of_all = self.chunk.memory.slice();
        for (self.inputs, form.inputs, slots.inputs) |*input, *port, area| {
            input.drop();
            input.bytes = memory_of_all[area.at(self.slot())..][0..port.sizeOf(rows).?];
            _ = port.shapeOf(rows, input.axes);
        }
        self.own = true;
        self.own_rows = rows;
    }

    /// The inputs are what was bound.
    pub fn useBound(self: *Request, form: *const Form) !void {
        self.own = false;
        self.rows = 1;
        self.output_rows = 1;
        var counted: ?u32 = null;
        self.single = form.batching == null;
        for (self.inputs, form.inputs, 0..) |*input, *port, index| {
            if (input.memory == null and input.device == null) return report.fail(error.missing_input, "input {d} has no memory.", .{index});
            if (port.row_axis) |axis| {
                const rows = std.math.cast(u32, input.axes[axis]) orelse 0;
                self.output_rows = if (rows == counted orelse rows) rows else 0;
                counted = rows;
            }
            const axis = form.batching orelse continue;
            const rows = std.math.cast(u32, input.axes[axis]) orelse return report.fail(error.wrong_shape, "{d} rows are more than a request may have.", .{input.axes[axis]});
            if (index == 0) self.rows = rows;
            if (rows != self.rows or !fits(input.axes, port, rows)) self.single = true;
        }
        for (self.outputs, form.outputs) |*output, *port| if (output.isGiven() and !fits(output.axes[0..output.rank], port, self.rows)) {
            self.single = true;
        };
    }

    /// Where `size` bytes of output `index` go, of shape `axes`.
    pub fn room(self: *Request, index: usize, axes: []const i64, size: usize) ![]u8 {
        const output = &self.outputs[index];
        if (output.placement != .unset) return output.bytes;
        if (output.memory != null) {
            if (output.bytes.len != size) return report.fail(error.wrong_shape, "output {d} has {d} bytes, the memory given for it {d}.", .{ index, size, output.bytes.len });
            output.placement = .bound;
            return output.bytes;
        }
        self.describe(index, axes);
        const slots = &self.client.model.slots;
        const area = slots.outputs[index];
        if (self.hasArea(index, size)) {
            output.placement = .area;
            output.offset = area.at(self.slot());
        } else if (self.extraRoom(size)) |offset| {
            output.placement = .extra;
            output.offset = slots.extra.at(self.slot()) + offset;
        } else {
            const mapping = try Mapping.anonymous(size);
            output.held = .{ .mapping = mapping };
            output.placement = .held;
            output.bytes = mapping.slice();
            return output.bytes;
        }
        output.bytes = self.chunk.memory.slice()[output.offset..][0..size];
        return output.bytes;
    }

    /// Whether `size` bytes of output `index` are expected in the request's own memory.
    pub fn hasArea(self: *const Request, index: usize, size: usize) bool {
        const stride = self.client.model.slots.outputs[index].stride;
        return stride > 0 and size <= stride;
    }

    /// Rows of input `index`, of which some may have been given up.
    pub fn total(self: *const Request, index: usize, axis: usize) usize {
        return if (self.inputs.len == 0) self.rows else @intCast(self.inputs[index].axes[axis]);
    }

    /// A small output that the engine made is copied, off the JavaScript thread, to where it is read without a call.
    pub fn keepSmall(self: *Request, library: *const Library, index: usize) !void {
        const output = &self.outputs[index];
        const made = output.held.value;
        var axes: [64]i64 = undefined;
        const described = try made.describe(library, axes[0..output.axes.len]);
        self.describe(index, described.shape);
        output.bytes = described.bytes;
        const offset = self.extraRoom(described.bytes.len) orelse return;
        output.placement = .extra;
        output.offset = self.client.model.slots.extra.at(self.slot()) + offset;
        output.bytes = self.chunk.memory.slice()[output.offset..][0..described.bytes.len];
        @memcpy(output.bytes, described.bytes);
        made.release(library);
        output.held = .none;
    }

    fn describe(self: *Request, index: usize, axes: []const i64) void {
        const output = &self.outputs[index];
        output.rank = axes.len;
        @memcpy(output.axes[0..axes.len], axes);
    }

    /// What other outputs of this request leave of the memory that they share.
    fn extraRoom(self: *Request, size: usize) ?usize {
        if (self.client.model.slots.extra.stride < size) return null;
        var used: usize = 0;
        for (self.outputs) |output| if (output.placement == .extra) {
            used += std.mem.alignForward(usize, output.bytes.len, 64);
        };
        const stride = self.client.model.slots.extra.stride;
        return if (size <= stride - used) used else null;
    }

    /// After a run that succeeded.
    pub fn settlePlain(self: *Request) void {
        self.plain = self.own and self.failure == null;
        for (self.outputs, self.client.model.slots.outputs) |output, area| {
            if (output.placement != .area or area.stride == 0) self.plain = false;
        }
        // On the thread that has them at hand: JavaScript's then touches nothing but the state.
        if (self.plain) for (self.outputs) |*output| {
            output.placement = .unset;
        };
    }
};

comptime {
    const groups = [_][2][]const u8{ .{ "client", "text" }, .{ "bundle", "bundle" }, .{ "previous", "times" }, .{ "next", "plain" } };
    for (groups) |group| std.debug.assert(@offsetOf(Request, group[0]) % line == 0 and @offsetOf(Request, group[1]) / line == @offsetOf(Request, group[0]) / line);
    std.debug.assert(@sizeOf(Bundle) == line);
}

fn fits(axes: []const i64, port: *const Port, rows: u32) bool {
    if (axes.len != port.shape.len) return false;
    for (axes, port.shape, 0..) |size, known, axis| {
        if (axis == port.row_axis) {
            if (size != rows) return false;
        } else if (known >= 0 and size != known) return false;
    }
    return true;
}
