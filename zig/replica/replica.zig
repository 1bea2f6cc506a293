//! A replica: an engine with the model loaded, its schedule, and the native thread that owns both. Only a JavaScript thread
//! that borrows the idle engine (`Schedule.borrow`) uses it besides.
const std = @import("std");
const linux = std.os.linux;
const report = @import("../abi/report.zig");
const engine = @import("../engine/onnx/session.zig");
const engine_library = @import("../engine/onnx/library.zig");
const DeviceEngine = @import("device_engine.zig").DeviceEngine;
const feeding = @import("feeding.zig");
const HostEngine = @import("host_engine.zig").HostEngine;
const KernelEngine = @import("kernel_engine.zig").KernelEngine;
const KernelStream = @import("kernel_stream.zig").KernelStream;
const Model = @import("model.zig").Model;
const Plan = @import("plan.zig").Plan;
const Part = @import("plan.zig").Part;
const Parts = @import("parts.zig").Parts;
const Provided = @import("provided.zig").Provided;
const Provider = @import("../engine/onnx/provider.zig").Provider;
const Record = @import("record.zig").Record;
const Executor = @import("../session/executor.zig").Executor;
const Schedule = @import("schedule.zig").Schedule;
const Stream = @import("../cuda/stream.zig").Stream;

const allocator = std.heap.smp_allocator;
/// Lower than the event loop's, so that its gaps stay short under a busy replica (8 ms at worst become 4 on two cores with
/// +10); half of that, because other processes at +0 would starve a replica at +10.
const niceness = 5;

pub const Replica = struct {
    model: *Model,
    index: u32,
    session: ?engine.Session = null,
    engine: HostEngine = undefined,
    /// Instead of `engine`, for a model on devices.
    device: ?DeviceEngine = null,
    /// Instead of both, for a program of kernels.
    kernels: ?KernelEngine = null,
    /// Of the CUDA device, until `kernels` has it.
    stream: ?*Stream = null,
    /// Of `session`, until `engine` has it.
    provided: ?Provided = null,
    schedule: Schedule = undefined,
    plan: Plan = undefined,
    opened: bool = false,
    failure: ?anyerror = null,
    text: [report.text_max]u8 = undefined,
    text_length: usize = 0,

    /// Once the model's form is known, before the first request.
    pub fn open(self: *Replica) !void {
        const model = self.model;
        const room = Plan.room(&model.form, model.settings.rules);
        const parts = try allocator.alloc(Part, room);
        errdefer allocator.free(parts);
        var record: Record = try .create(model.settings.traces_max);
        errdefer record.destroy();
        self.plan = .{ .parts = parts };
        self.schedule = .{ .form = &model.form, .rules = model.settings.rules, .engine = undefined, .record = record };
        if (self.session) |session| {
            self.session = null;
            self.engine = try .create(session, &model.form, &self.schedule, @intCast(room), model.settings.parts, self.provided);
            self.provided = null;
            self.schedule.engine = self.engine.asEngine();
        } else if (model.kernels()) |program| {
            self.kernels = try .create(program, &model.form, &self.schedule, self.stream);
            self.stream = null;
            self.schedule.engine = self.kernels.?.asEngine();
        } else {
            self.device = undefined;
            errdefer self.device = null;
            try self.device.?.create(self, self.executor().*.?.session, room);
            self.schedule.engine = self.device.?.asEngine();
        }
        self.opened = true;
    }

    /// Whose session it uses.
    fn executor(self: *Replica) *?*Executor {
        return &self.model.settings.parts.?.devices.?.executors[self.index];
    }

    pub fn destroy(self: *Replica) void {
        if (!self.opened) return;
        self.schedule.record.destroy();
        allocator.free(self.plan.parts);
    }

    /// The thread's whole life; it holds a reference to the model.
    pub fn main(self: *Replica) void {
        const model = self.model;
        defer model.release();
        // The engine's own threads are made by this one and inherit both.
        _ = linux.syscall3(.setpriority, 0, 0, niceness);
        _ = linux.prctl(@intFromEnum(linux.PR.SET_NAME), @intFromPtr("millrace-model"), 0, 0, 0);
        report.reset();
        self.load() catch |err| self.fail(err);
        if (model.awaitOpen()) if (self.device) |*device| self.serveDevice(device) else self.serve();
        self.unload();
        if (model.settings.parts) |parts| if (parts.cuda) |cuda| Parts.giveDeviceBack(&cuda.devices[self.index]);
        model.replicaGone();
    }

    fn load(self: *Replica) !void {
        const settings = &self.model.settings;
        if (self.model.isOnDevices()) return;
        const device = self.model.cudaOf(self.index);
        if (self.model.kernels() != null) {
            if (device) |cuda| self.stream = try KernelStream.open(cuda);
            return;
        }
        if (self.index > 0 and self.model.sharesSession()) return;
        const library = try engine_library.open(settings.library_path);
        var options = settings.options;
        if (device) |cuda| {
            const provider: Provider = try .open(library, settings.parts.?.cuda.?.provider, cuda.ordinal);
            self.provided = try .create(provider, cuda);
            options.provider = provider;
        }
        const graph = if (settings.parts) |parts| parts.graph else "";
        self.session = if (graph.len > 0)
            try .loadFromMemory(allocator, library, graph, settings.parts.?.weights, options)
        else
            try .load(allocator, library, settings.model_path, options);
    }

    /// Runs a plan; a JavaScript thread that has borrowed the engine does, too.
    pub fn run(self: *Replica, plan: *const Plan) void {
        if (self.kernels) |*kernels| kernels.run(plan) else self.engine.run(plan);
    }

    fn unload(self: *Replica) void {
        if (self.session) |*session| session.close();
        if (self.provided) |provided| provided.release(engine_library.open(self.model.settings.library_path) catch unreachable);
        if (self.stream) |stream| stream.release();
        if (self.kernels) |*kernels| return kernels.destroy();
        if (!self.model.isOnDevices()) return if (self.opened and self.model.kernels() == null) self.engine.destroy();
        if (self.device) |*device| device.destroy();
        Parts.giveBack(self.executor());
    }

    fn fail(self: *Replica, err: anyerror) void {
        const text = report.text();
        @memcpy(self.text[0..text.len], text);
        self.text_length = text.len;
        self.failure = err;
    }

    fn serveDevice(self: *Replica, device: *DeviceEngine) void {
        const schedule = &self.schedule;
        const spin = (std.Thread.getCpuCount() catch 1) > 1;
        schedule.seat.take();
        defer schedule.seat.quit();
        while (true) switch (feeding.pend(schedule)) {
            .run => device.run(),
            .rest => |until| schedule.rest(until, spin),
            .ask => unreachable,
            .stop => return device.abandon(report.fail(error.closed, "the model was closed.", .{})),
        };
    }

    fn serve(self: *Replica) void {
        const schedule = &self.schedule;
        const spin = (std.Thread.getCpuCount() catch 1) > 1;
        schedule.seat.take();
        defer schedule.seat.quit();
        while (true) switch (schedule.next(&self.plan)) {
            .run => {
                schedule.seat.note();
                self.run(&self.plan);
                _ = schedule.finish(&self.plan);
            },
            .rest => |until| schedule.rest(until, spin),
            .ask => if (!self.model.ask(self)) schedule.flush(),
            .stop => return,
        };
    }
};
