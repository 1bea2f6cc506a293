//! Runs a replica's batches in the programs of an executable, on whatever device its session is bound to. The streams of the
//! main programs' inputs and outputs are batches: the device asks for the next one when it wants it, also ahead, so that several
//! are under way; each is answered when all its outputs have come.
const std = @import("std");
const futex = @import("../os/futex.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const BatchStream = @import("batch_stream.zig").BatchStream;
const Engine = @import("schedule.zig").Engine;
const feeding = @import("feeding.zig");
const Form = @import("form.zig").Form;
const Model = @import("model.zig").Model;
const Part = @import("plan.zig").Part;
const Plan = @import("plan.zig").Plan;
const Port = @import("form.zig").Port;
const Replica = @import("replica.zig").Replica;
const Session = @import("../session/session.zig").Session;
const StreamPort = @import("parts.zig").StreamPort;
const rows = @import("rows.zig");

const allocator = std.heap.smp_allocator;

/// A batch in the device.
pub const Flight = struct {
    plan: Plan,
    /// Streams that are not through with it.
    left: usize,
};

pub const DeviceEngine = struct {
    model: *Model,
    replica: *Replica,
    session: *Session,
    main: []const u32,
    load: []const u32,
    auto_reset: bool,
    inputs: std.ArrayList(*BatchStream) = .empty,
    outputs: std.ArrayList(*BatchStream) = .empty,
    /// Replicas of the executable.
    copies: u32,
    /// Parts that a batch may have.
    room: usize,
    flights: std.ArrayList(*Flight) = .empty,
    idle: std.ArrayList(*Flight) = .empty,
    /// Batches that are over: the number of the first in `flights`.
    over: u64 = 0,
    interrupted: std.atomic.Value(bool) = .init(false),
    /// The program has to be loaded again before the next run, and the device to be reset.
    lost: bool = false,

    /// Connects the streams. In place, because they refer to it.
    pub fn create(self: *DeviceEngine, replica: *Replica, session: *Session, room: usize) !void {
        const model = replica.model;
        const devices = &model.settings.parts.?.devices.?;
        self.* = .{
            .model = model,
            .replica = replica,
            .session = session,
            .main = devices.main,
            .load = devices.load,
            .auto_reset = devices.auto_reset,
            .copies = try copiesOf(session, .{ devices.inputs, devices.outputs }, &model.form),
            .room = room,
        };
        errdefer self.destroy();
        try self.connect(devices.inputs, model.form.inputs, true, &self.inputs);
        try self.connect(devices.outputs, model.form.outputs, false, &self.outputs);
    }

    /// The session has the streams, and keeps the model with them.
    pub fn destroy(self: *DeviceEngine) void {
        self.inputs.deinit(allocator);
        self.outputs.deinit(allocator);
        for (self.flights.items) |flight| free(flight);
        for (self.idle.items) |flight| free(flight);
        self.flights.deinit(allocator);
        self.idle.deinit(allocator);
    }

    fn connect(self: *DeviceEngine, described: []const StreamPort, ports: []const Port, to_device: bool, into: *std.ArrayList(*BatchStream)) !void {
        try into.ensureTotalCapacity(allocator, described.len * self.copies);
        for (described, ports, 0..) |from, *port, index| {
            try requireSize(self.session, from, port, to_device, self.copies);
            for (0..self.copies) |copy| {
                const made = try BatchStream.create(self, index, @intCast(copy), to_device);
                defer made.stream.release();
                try self.session.connect(from.handle, @intCast(copy), &made.stream);
                into.appendAssumeCapacity(made);
            }
        }
    }

    pub fn asEngine(self: *DeviceEngine) Engine {
        return .{ .context = self, .ready = ready, .terminate = terminate, .stop = stop, .lends = false };
    }

    fn ready(_: *anyopaque) void {}

    /// A program that is stopped has to be loaded again, which costs more than running it to its end for nobody: it gets zeros.
    fn terminate(context: *anyopaque) void {
        const self: *DeviceEngine = @ptrCast(@alignCast(context));
        self.replica.schedule.signal();
    }

    fn stop(context: *anyopaque) void {
        const self: *DeviceEngine = @ptrCast(@alignCast(context));
        if (!self.replica.schedule.rules.ends) self.session.stop();
    }

    /// Any thread: whoever waits for a batch waits no longer.
    pub fn interrupt(self: *DeviceEngine) void {
        self.interrupted.store(true, .seq_cst);
        self.replica.schedule.signal();
    }

    pub fn proceed(self: *DeviceEngine) void {
        self.interrupted.store(false, .seq_cst);
    }

    /// Runs the main programs once: there are requests.
    pub fn run(self: *DeviceEngine) void {
        self.attempt() catch |err| self.fail(err);
    }

    fn attempt(self: *DeviceEngine) !void {
        report.reset();
        self.session.recovery = .none;
        if (self.lost) try self.recover();
        const before = self.over + self.flights.items.len;
        try self.session.run(self.main, 1);
        if (self.over + self.flights.items.len == before) return report.fail(error.run_failed, "the main program took no batch.", .{});
        // Batches whose inputs the program has read, and whose outputs it has not given.
        const read = self.consumed();
        if (self.flights.items.len > 0 and read > self.over)
            return report.fail(error.run_failed, "the main program read the inputs of {d} batches and did not give their outputs.", .{read - self.over});
    }

    fn consumed(self: *const DeviceEngine) u64 {
        var least: u64 = self.over + self.flights.items.len;
        for (self.inputs.items) |stream| least = @min(least, stream.consumed);
        return least;
    }

    /// The device is reset and loaded; the load programs bring back what it had.
    fn recover(self: *DeviceEngine) !void {
        const engine = if (self.session.engine) |*bound| bound else return report.fail(error.not_bound, "the session is bound to no device.", .{});
        // What a reset cannot do, loading says better.
        _ = engine.table().device_reset(engine.device.raw);
        try self.session.reload();
        if (self.load.len > 0 and !switches.off("runner_reset_loads")) try self.session.run(self.load, 1);
        self.lost = false;
    }

    /// Requests in the device and those that wait fail alike.
    fn fail(self: *DeviceEngine, err: anyerror) void {
        const resets = err == error.device_application or (err == error.device_recoverable and self.session.recovery == .ipu_reset) or switches.off("runner_resets_always");
        // It was the host that was late, and the device is none the worse for it.
        if (err == error.host_sync_timeout or (resets and self.auto_reset)) self.lost = true;
        if (!switches.off("runner_fails_queued")) feeding.refuse(&self.replica.schedule, err);
        self.abandon(err);
    }

    /// Batches in the device end with `err` and what `report` says of it. The next run begins afresh.
    pub fn abandon(self: *DeviceEngine, err: anyerror) void {
        for (self.flights.items) |flight| for (flight.plan.used()) |part| part.request.fail(err);
        while (self.flights.items.len > 0) self.finish(self.flights.items[0]);
        self.over = 0;
        for ([_][]const *BatchStream{ self.inputs.items, self.outputs.items }) |streams| for (streams) |stream| {
            stream.handed = 0;
            stream.consumed = 0;
        };
    }

    /// Batch number `number`; waits for it if the device wants it before there is one. Null: interrupted.
    pub fn flightOf(self: *DeviceEngine, number: u64) ?*Flight {
        if (number < self.over) return null;
        while (self.over + self.flights.items.len <= number) if (!self.begin()) return null;
        return self.flights.items[@intCast(number - self.over)];
    }

    fn begin(self: *DeviceEngine) bool {
        const flight = self.idle.pop() orelse self.make() catch return false;
        const schedule = &self.replica.schedule;
        const since = futex.now();
        while (true) switch (feeding.feed(schedule, &flight.plan, since, &self.interrupted)) {
            .run => {
                flight.left = self.outputs.items.len;
                self.flights.appendAssumeCapacity(flight);
                return true;
            },
            .rest => |until| schedule.rest(until, false),
            .ask => if (!self.model.ask(self.replica)) schedule.flush(),
            .stop => {
                self.idle.appendAssumeCapacity(flight);
                return false;
            },
        };
    }

    fn make(self: *DeviceEngine) !*Flight {
        const count = self.flights.items.len + self.idle.items.len + 1;
        try self.flights.ensureTotalCapacity(allocator, count);
        try self.idle.ensureTotalCapacity(allocator, count);
        const flight = try allocator.create(Flight);
        errdefer allocator.destroy(flight);
        flight.* = .{ .plan = .{ .parts = try allocator.alloc(Part, self.room) }, .left = 0 };
        return flight;
    }

    fn free(flight: *Flight) void {
        allocator.free(flight.plan.parts);
        allocator.destroy(flight);
    }

    /// An output stream has given what the batch gets of it.
    pub fn took(self: *DeviceEngine, flight: *Flight) void {
        flight.left -= 1;
        if (flight.left == 0) self.finish(flight);
    }

    /// The oldest batch: outputs come in the order of the batches.
    fn finish(self: *DeviceEngine, flight: *Flight) void {
        std.debug.assert(self.flights.orderedRemove(0) == flight);
        self.over += 1;
        for (flight.plan.used()) |part| part.request.settlePlain();
        _ = self.replica.schedule.finish(&flight.plan);
        self.idle.appendAssumeCapacity(flight);
    }

    /// The rows of input `index` that one replica of the executable gets; those that nobody gave are zero.
    pub fn gather(self: *const DeviceEngine, plan: *const Plan, index: usize, copy: u32, buffer: []u8) void {
        const form = &self.model.form;
        if (plan.rows < plan.size or plan.count == 0) @memset(buffer, 0);
        const axis = form.batching orelse {
            for (plan.used()) |part| @memcpy(buffer, part.request.inputs[index].bytes);
            return;
        };
        const layout: rows.Layout = .of(form.inputs[index].shape, axis, form.inputs[index].element_size);
        const per = form.compiled_rows / self.copies;
        for (plan.used()) |part| {
            const overlap: Overlap = .of(part, copy * per, per);
            const input = part.request.inputs[index];
            rows.copy(layout, .{ .bytes = buffer, .total = per, .first = overlap.at }, .{ .bytes = input.bytes, .total = part.request.total(index, axis), .first = overlap.first }, overlap.rows);
        }
    }

    /// Gives every request its rows of output `index` of one replica of the executable.
    pub fn scatter(self: *const DeviceEngine, plan: *const Plan, index: usize, copy: u32, buffer: []const u8) void {
        const form = &self.model.form;
        const port = &form.outputs[index];
        var axes: [64]i64 = undefined;
        @memcpy(axes[0..port.shape.len], port.shape);
        for (plan.used()) |part| {
            const request = part.request;
            if (request.failure != null) continue;
            const axis = form.batching orelse {
                const into = request.room(index, axes[0..port.shape.len], buffer.len) catch |err| {
                    request.fail(err);
                    continue;
                };
                @memcpy(into, buffer);
                continue;
            };
            const layout: rows.Layout = .of(port.shape, axis, port.element_size);
            const per = form.compiled_rows / self.copies;
            const total = request.total(0, axis);
            axes[axis] = @intCast(total);
            const into = request.room(index, axes[0..port.shape.len], layout.size(total)) catch |err| {
                request.fail(err);
                continue;
            };
            const overlap: Overlap = .of(part, copy * per, per);
            rows.copy(layout, .{ .bytes = into, .total = total, .first = overlap.first }, .{ .bytes = buffer, .total = per, .first = overlap.at }, overlap.rows);
        }
    }
};

/// What of a part lies within rows `from..from + count` of its batch: `rows` rows from `first` of the request on, which are those
/// from `at` on within the range.
const Overlap = struct {
    first: u32,
    at: u32,
    rows: u32,

    fn of(part: Part, from: u32, count: u32) Overlap {
        const begin = @max(part.at, from);
        const end = @max(begin, @min(part.at + part.rows, from + count));
        return if (end == begin) .{ .first = 0, .at = 0, .rows = 0 } else .{ .first = part.first + (begin - part.at), .at = begin - from, .rows = end - begin };
    }
};

/// How many replicas the executable has, in which every stream has a part of the rows.
fn copiesOf(session: *const Session, all: [2][]const StreamPort, form: *const Form) !u32 {
    const engine = if (session.engine) |*bound| bound else return report.fail(error.not_bound, "the session is bound to no device.", .{});
    var copies: ?u32 = null;
    for (all) |ports| for (ports) |port| {
        const info = engine.stream(port.handle) orelse continue;
        if (info.replicas != copies orelse info.replicas) return report.fail(error.model_conflict, "stream \"{s}\" has {d} replicas, others have {d}.", .{ port.handle, info.replicas, copies.? });
        copies = info.replicas;
    };
    const found = copies orelse 1;
    const divides = if (form.batching == null) found == 1 else found > 0 and form.compiled_rows % found == 0;
    if (!divides) return report.fail(error.wrong_batching, "{d} rows cannot be shared equally by the executable's {d} replicas.", .{ form.compiled_rows, found });
    return found;
}

fn requireSize(session: *const Session, from: StreamPort, port: *const Port, to_device: bool, copies: u32) !void {
    const size = port.sizeOf(if (port.row_axis) |axis| @intCast(port.shape[axis]) else 1) orelse 0;
    // Remote buffers are no streams of the engine; their size was checked when they were declared.
    const info = session.engine.?.stream(from.handle) orelse return report.fail(error.unknown_anchor, "the executable has no stream \"{s}\".", .{from.handle});
    if (info.to_device != to_device) return report.fail(error.model_conflict, "stream \"{s}\" goes the other way.", .{from.handle});
    const whole = std.math.mul(usize, info.size, copies) catch 0;
    if (whole != size or size == 0) return report.fail(error.model_conflict, "stream \"{s}\" has {d} bytes for each of {d} replicas, the model's \"{s}\" {d}.", .{ from.handle, info.size, copies, from.name, size });
}

test "a part's rows within a replica's range" {
    const part: Part = .{ .request = undefined, .first = 10, .rows = 4, .at = 3 };
    for ([_][5]u32{ .{ 0, 4, 10, 3, 1 }, .{ 4, 4, 11, 0, 3 }, .{ 8, 4, 0, 0, 0 }, .{ 0, 3, 0, 0, 0 }, .{ 0, 16, 10, 3, 4 } }) |case| {
        const overlap: Overlap = .of(part, case[0], case[1]);
        try std.testing.expectEqual([3]u32{ case[2], case[3], case[4] }, [3]u32{ overlap.first, overlap.at, overlap.rows });
    }
}
