//! Runs the programs of a container: a device without the device. One thread uses an engine at a time; `stop` is for the
//! others.
const std = @import("std");
const ahead = @import("ahead.zig");
const connect = @import("connect.zig");
const plans = @import("plan.zig");
const poplar = @import("../../driver/poplar/table.zig");
const report = @import("../../abi/report.zig");
const transfer = @import("transfer.zig");
const Container = @import("container.zig").Container;
const Cursor = @import("cursor.zig").Cursor;
const Endpoint = @import("endpoint.zig").Endpoint;
const Graph = @import("graph.zig").Graph;
const Host = @import("host.zig").Host;
const KernelRunner = @import("kernel_runner.zig").KernelRunner;
const Memory = @import("memory.zig").Memory;
const Mutex = @import("../../os/futex.zig").Mutex;
const Options = @import("options.zig").Options;

/// What a device does of its own during a run.
pub const Hooks = struct {
    context: ?*anyopaque = null,
    /// At every host sync, before its streams are served; an error ends the run with it.
    sync: ?*const fn (context: ?*anyopaque, engine: *Engine) anyerror!void = null,
};

/// A stream, while it is used.
const Lane = struct {
    /// Index of its first endpoint, and how many there are.
    first: u32,
    count: u32,
    /// It may be prefetched.
    ahead: bool,
    /// How often the walk ahead of this number came to it.
    walk: u64 = 0,
    uses: u64 = 0,
};

pub const Engine = struct {
    arena: std.heap.ArenaAllocator,
    plan: *const plans.Plan,
    graph_bytes: []const u8,
    options: Options,
    host: Host,
    lanes: []Lane,
    endpoints: []Endpoint,
    /// The running program's streams that may be prefetched.
    ahead_streams: []u32,
    walk: u64 = 0,
    loaded: bool = false,
    memory: Memory,
    graph: ?Graph = null,
    /// Null: the device runs no kernels.
    kernels: ?*const KernelRunner = null,
    /// Of `graph`, against `stop`.
    loading: Mutex = .{},
    running: std.atomic.Value(bool) = .init(false),

    /// `container` must outlive it. Loads nothing yet; streams may be connected.
    pub fn create(allocator: std.mem.Allocator, container: *const Container, options: []const poplar.Option) !*Engine {
        const self = try allocator.create(Engine);
        errdefer allocator.destroy(self);
        var arena: std.heap.ArenaAllocator = .init(allocator);
        errdefer arena.deinit();
        const plan = &container.plan;
        const read = try Options.read(arena.allocator(), options);
        const lanes = try arena.allocator().alloc(Lane, plan.streams.len);
        var count: u32 = 0;
        for (lanes, plan.streams) |*lane, stream| {
            lane.* = .{ .first = count, .count = plan.copiesOf(stream.tensor), .ahead = stream.prefetch and read.prefetch };
            count += lane.count;
        }
        const memory: Memory = try .layout(arena.allocator(), plan);
        const endpoints = try arena.allocator().alloc(Endpoint, count);
        for (lanes, 0..) |lane, stream| {
            for (endpoints[lane.first..][0..lane.count], 0..) |*endpoint, replica| endpoint.* = .{ .stream = @intCast(stream), .replica = @intCast(replica) };
        }
        self.* = .{
            .ahead_streams = try arena.allocator().alloc(u32, plan.streams.len),
            .arena = arena,
            .plan = plan,
            .graph_bytes = container.graph,
            .memory = memory,
            .options = read,
            .host = .{ .timeout_ns = read.host_sync_timeout_ns, .watchdog = undefined },
            .lanes = lanes,
            .endpoints = endpoints,
        };
        self.ahead_streams.len = 0;
        return self;
    }

    /// Not while a program runs.
    pub fn destroy(self: *Engine) void {
        self.unload();
        self.host.close();
        const allocator = self.arena.child_allocator;
        self.arena.deinit();
        allocator.destroy(self);
    }

    /// Makes the device's memory, all zeros, and ends what `stop` did. Again: starts afresh.
    pub fn load(self: *Engine) !void {
        self.unload();
        try self.checkKernels();
        try self.memory.map();
        errdefer self.memory.unmap();
        if (self.runsGraph()) {
            var graph = try Graph.create(self.arena.child_allocator, self.plan, &self.memory, self.graph_bytes, self.options.engine_path, self.options.engine_threads);
            errdefer graph.destroy();
            // With weights the first run makes the session, once they are there.
            if (self.plan.graph.weights.len == 0) try graph.prepare();
            self.loading.lock();
            defer self.loading.unlock();
            self.graph = graph;
        }
        self.host.ending.store(.no, .monotonic);
        self.loaded = true;
    }

    pub fn unload(self: *Engine) void {
        if (!self.loaded) return;
        self.loaded = false;
        self.loading.lock();
        defer self.loading.unlock();
        if (self.graph) |*graph| graph.destroy();
        self.graph = null;
        self.memory.unmap();
    }

    fn checkKernels(self: *const Engine) !void {
        for (self.plan.programs) |program| for (program.steps) |step| if (step == .kernel) {
            const runner = self.kernels orelse
                return report.fail(error.invalid_executable, "program {s} launches kernel {s}, which the CPU and CUDA devices run, and this device does not.", .{ program.name, step.kernel.name });
            try runner.check(step.kernel, self.plan.tensors);
        };
    }

    fn runsGraph(self: *const Engine) bool {
        for (self.plan.programs) |program| {
            for (program.steps) |step| if (step == .graph) return true;
        }
        return false;
    }

    /// Any thread: ends the run under way, and later ones until the next `load`.
    pub fn stop(self: *Engine) void {
        self.host.end(.stopped);
        self.loading.lock();
        defer self.loading.unlock();
        if (self.graph) |graph| graph.run_options.terminate(graph.library);
    }

    /// For hooks that wait: the run is to end.
    pub fn isEnding(self: *const Engine) bool {
        return self.host.ending.load(.monotonic) != .no;
    }

    /// Runs one program to its end. After any error, what was prefetched is to be offered again.
    pub fn run(self: *Engine, number: u32, hooks: Hooks) !void {
        if (number >= self.plan.programs.len)
            return report.fail(error.invalid_argument, "there is no program {d}; the executable has {d}.", .{ number, self.plan.programs.len });
        if (!self.loaded) return report.fail(error.stopped, "the engine is not loaded.", .{});
        if (self.running.swap(true, .acquire)) return report.fail(error.invalid_argument, "the engine runs a program already.", .{});
        defer self.running.store(false, .release);
        const program = &self.plan.programs[number];
        if (self.isEnding()) return report.fail(error.stopped, "the engine was stopped, and was not loaded since.", .{});
        try connect.mustBeConnected(self, program);
        defer self.host.settle();
        errdefer for (program.streams) |stream| {
            for (self.endpointsOf(stream)) |*endpoint| endpoint.invalidate();
        };
        self.host.used_ns = 0;
        var cursor: Cursor = .{ .steps = program.steps };
        try ahead.prepare(self, cursor);
        while (cursor.next()) |step| {
            try self.host.proceed();
            switch (step.*) {
                .sync => {
                    if (hooks.sync) |sync| try sync(hooks.context, self);
                    self.host.used_ns = 0;
                    try ahead.prepare(self, cursor);
                },
                .to_tensor => |stream| {
                    try transfer.toTensor(self, stream);
                    if (self.lanes[stream].ahead) try ahead.prepare(self, cursor);
                },
                .to_stream => |stream| try transfer.toStream(self, stream),
                .graph => try self.runGraph(),
                .kernel => |kernel| try self.runKernel(kernel),
                .remote_to_tensor => |remote| transfer.fromRemote(self, remote),
                .tensor_to_remote => |remote| transfer.toRemote(self, remote),
                .repeat, .end => unreachable,
            }
        }
    }

    pub fn endpointsOf(self: *Engine, stream: u32) []Endpoint {
        const lane = self.lanes[stream];
        return self.endpoints[lane.first..][0..lane.count];
    }

    fn runGraph(self: *Engine) !void {
        self.graph.?.run() catch |err| {
            // A run that was told to end fails in the engine's words.
            try self.host.proceed();
            return err;
        };
    }

    fn runKernel(self: *Engine, kernel: *const plans.Kernel) !void {
        var bases: [plans.limits.operands]u64 = undefined;
        for (0..self.plan.replicas) |replica| {
            for (kernel.operands, bases[0..kernel.operands.len]) |operand, *base| {
                const copy: u32 = if (self.plan.tensors[operand.tensor].weight) 0 else @intCast(replica);
                base.* = @intFromPtr(self.memory.tensor(operand.tensor, copy).ptr);
            }
            try self.kernels.?.run(kernel, self.plan.tensors, bases[0..kernel.operands.len]);
        }
    }

    pub const connectMemory = connect.connectMemory;
    pub const connectCallbacks = connect.connectCallbacks;
    pub const remoteBlock = connect.remoteBlock;

    /// Bytes of one transfer.
    pub fn sizeOf(self: *const Engine, stream: u32) usize {
        return self.plan.tensors[self.plan.streams[stream].tensor].size;
    }
};
