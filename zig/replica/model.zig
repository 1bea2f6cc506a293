//! A loaded model: its replicas, and the clients that share them. It goes with the last client.
const std = @import("std");
const clock = @import("../os/clock.zig");
const futex = @import("../os/futex.zig");
const report = @import("../abi/report.zig");
const engine = @import("../engine/onnx/session.zig");
const Library = @import("../engine/onnx/library.zig").Library;
const Port = @import("../engine/onnx/port.zig").Port;
const Client = @import("client.zig").Client;
const Device = @import("../cuda/device.zig").Device;
const Form = @import("form.zig").Form;
const KernelProgram = @import("kernel_program.zig").KernelProgram;
const Parts = @import("parts.zig").Parts;
const Replica = @import("replica.zig").Replica;
const StreamPort = @import("parts.zig").StreamPort;
const Rules = @import("plan.zig").Rules;
const Slots = @import("slots.zig").Slots;
const token = @import("token.zig");

const allocator = std.heap.smp_allocator;
var live = std.atomic.Value(u32).init(0);

/// Models that are loaded, being loaded or being let go.
pub fn liveCount() u32 {
    return live.load(.monotonic);
}

/// Numbers that JavaScript keeps with the model, for threads that attach.
pub const notes_max = 24;

pub const Settings = struct {
    library_path: [:0]const u8,
    /// Without a path the model is in `parts`.
    model_path: [:0]const u8,
    /// Taken over.
    parts: ?*Parts = null,
    options: engine.Options,
    replicas: u32,
    batching: ?usize,
    /// Without `batching`: requests have whole batches of what the model was compiled for.
    whole_batches: bool = false,
    rules: Rules,
    traces_max: u32,
    /// Other threads may attach.
    shared: bool,
    notes: [notes_max]f64,
};

pub const Model = struct {
    settings: Settings,
    /// One for each replica's thread, each client, each job at work on it.
    references: std.atomic.Value(u32) = .init(1),
    arena: std.heap.ArenaAllocator,
    replicas: []Replica,
    form: Form = undefined,
    slots: Slots = undefined,
    /// Names and types of inputs and outputs, which outlive the sessions.
    inputs: []const Port = &.{},
    outputs: []const Port = &.{},
    version: []const u8 = "",
    engine_library: ?*const Library = null,
    phase: std.atomic.Value(u32) = .init(@intFromEnum(Phase.loading)),
    /// Replicas that are loaded, or failed to.
    loaded: std.atomic.Value(u32) = .init(0),
    /// Replicas whose threads have not ended.
    present: std.atomic.Value(u32) = .init(0),
    lock: futex.Mutex = .{},
    /// Under `lock`.
    clients: std.ArrayList(*Client) = .empty,
    stopped: bool = false,

    const Phase = enum(u32) { loading, open, failed };

    /// The paths are copied; `parts` are taken over, also when it fails.
    pub fn create(settings: Settings) !*Model {
        errdefer if (settings.parts) |parts| parts.destroy();
        const self = try allocator.create(Model);
        errdefer allocator.destroy(self);
        self.* = .{ .settings = settings, .arena = .init(allocator), .replicas = &.{} };
        errdefer self.arena.deinit();
        const memory = self.arena.allocator();
        self.settings.library_path = try memory.dupeZ(u8, settings.library_path);
        self.settings.model_path = try memory.dupeZ(u8, settings.model_path);
        self.replicas = try memory.alloc(Replica, settings.replicas);
        for (self.replicas, 0..) |*replica, index| replica.* = .{ .model = self, .index = @intCast(index) };
        return self;
    }

    pub fn retain(self: *Model) void {
        _ = self.references.fetchAdd(1, .monotonic);
    }

    pub fn release(self: *Model) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        for (self.replicas) |*replica| replica.destroy();
        if (self.settings.parts) |parts| parts.destroy();
        self.clients.deinit(allocator);
        self.arena.deinit();
        allocator.destroy(self);
    }

    /// Its replicas run programs on devices, not a graph on the processor.
    pub fn isOnDevices(self: *const Model) bool {
        return if (self.settings.parts) |parts| parts.devices != null else false;
    }

    /// The CUDA device of a replica.
    pub fn cudaOf(self: *const Model, replica: usize) ?*Device {
        const parts = self.settings.parts orelse return null;
        return if (parts.cuda) |cuda| cuda.devices[replica] else null;
    }

    pub fn kernels(self: *const Model) ?*KernelProgram {
        const parts = self.settings.parts orelse return null;
        return if (parts.kernels) |*program| program else null;
    }

    /// One session serves all replicas, each of which runs it on its own thread alone: the weights are in memory, and in the
    /// processor's caches, once. With more threads it has a pool, which the replicas would have to share.
    pub fn sharesSession(self: *const Model) bool {
        if (self.settings.options.intra_op_threads != 1 or self.isOnDevices() or self.kernels() != null) return false;
        return if (self.settings.parts) |parts| parts.cuda == null else true;
    }

    /// What it takes has exactly the sizes that it was compiled for.
    pub fn isCompiled(self: *const Model) bool {
        return self.isOnDevices() or self.kernels() != null;
    }

    /// For engine tensors; on devices there are none.
    pub fn library(self: *const Model) *const Library {
        return self.engine_library orelse &no_library;
    }

    /// Starts the replicas' threads and waits until all are loaded, or one has failed. Not on a JavaScript thread.
    pub fn start(self: *Model) !void {
        _ = live.fetchAdd(1, .monotonic);
        clock.start();
        var started: u32 = 0;
        const spawned: ?anyerror = for (self.replicas) |*replica| {
            self.retain();
            _ = self.present.fetchAdd(1, .monotonic);
            const thread = std.Thread.spawn(.{ .stack_size = 8 << 20 }, Replica.main, .{replica}) catch |err| {
                self.release();
                self.replicaGone();
                break report.fail(error.system, "starting a thread for the model failed: {s}.", .{@errorName(err)});
            };
            thread.detach();
            started += 1;
        } else null;
        await_(&self.loaded, started);
        errdefer self.enterPhase(.failed);
        if (spawned) |err| return err;
        for (self.replicas) |*replica| if (replica.failure) |err| {
            report.sayRaw(replica.text[0..replica.text_length], 0);
            return err;
        };
        if (self.replicas[0].session) |*session| {
            if (self.sharesSession()) for (self.replicas[1..]) |*replica| {
                replica.session = session.share();
            };
            try self.describe(session);
        } else if (self.kernels()) |program| {
            try self.describeStreams(program.inputs, program.outputs);
        } else {
            const devices = &self.settings.parts.?.devices.?;
            try self.describeStreams(devices.inputs, devices.outputs);
        }
        for (self.replicas) |*replica| try replica.open();
        self.enterPhase(.open);
    }

    fn describe(self: *Model, session: *const engine.Session) !void {
        const memory = self.arena.allocator();
        self.engine_library = session.library;
        self.version = session.library.version;
        self.inputs = try self.withoutConstants(try copyPorts(memory, session.inputs));
        self.outputs = try copyPorts(memory, session.outputs);
        try self.shape();
    }

    /// Of a model without a session of the engine's its streams tell.
    fn describeStreams(self: *Model, inputs: []const StreamPort, outputs: []const StreamPort) !void {
        self.inputs = try portsOf(self.arena.allocator(), inputs);
        self.outputs = try portsOf(self.arena.allocator(), outputs);
        try self.shape();
    }

    fn shape(self: *Model) !void {
        const memory = self.arena.allocator();
        const whole = self.settings.whole_batches and self.settings.batching == null;
        self.form = if (whole) try .ofWholeBatches(memory, self.inputs, self.outputs) else try .of(memory, self.inputs, self.outputs, self.settings.batching);
        self.slots = try .of(memory, &self.form);
    }

    fn withoutConstants(self: *Model, ports: []const Port) ![]const Port {
        const parts = self.settings.parts orelse return ports;
        for (parts.constants) |constant| {
            const known = for (ports) |port| {
                if (std.mem.eql(u8, port.name, constant.name)) break true;
            } else false;
            if (!known) return report.fail(error.unknown_input, "the model has no input \"{s}\" to hold constant.", .{constant.name});
        }
        var left: std.ArrayList(Port) = .empty;
        for (ports) |port| if (parts.constantFor(port.name) == null) try left.append(self.arena.allocator(), port);
        return left.items;
    }

    /// A replica's thread, once it has loaded: true when it shall serve.
    pub fn awaitOpen(self: *Model) bool {
        _ = self.loaded.fetchAdd(1, .release);
        futex.wakePrivate(&self.loaded, std.math.maxInt(u31));
        while (true) {
            // Acquire pairs with the release in `enterPhase`.
            const seen = self.phase.load(.acquire);
            if (seen != @intFromEnum(Phase.loading)) return seen == @intFromEnum(Phase.open);
            futex.waitPrivate(&self.phase, seen, null);
        }
    }

    fn enterPhase(self: *Model, phase: Phase) void {
        self.phase.store(@intFromEnum(phase), .release);
        futex.wakePrivate(&self.phase, std.math.maxInt(u31));
    }

    pub fn replicaGone(self: *Model) void {
        if (self.present.fetchSub(1, .release) == 1) _ = live.fetchSub(1, .monotonic);
        futex.wakePrivate(&self.present, std.math.maxInt(u31));
    }

    /// After the last client has left: until the engines are gone. Not on a JavaScript thread.
    pub fn awaitGone(self: *Model) void {
        while (true) {
            const seen = self.present.load(.acquire);
            if (seen == 0) return;
            futex.waitPrivate(&self.present, seen, null);
        }
    }

    pub fn enter(self: *Model, client: *Client) !void {
        self.lock.lock();
        defer self.lock.unlock();
        if (self.stopped) return report.fail(error.closed, "the model was closed.", .{});
        try self.clients.append(allocator, client);
    }

    pub fn exit(self: *Model, client: *Client) void {
        self.lock.lock();
        for (self.clients.items, 0..) |other, index| if (other == client) {
            _ = self.clients.orderedRemove(index);
            break;
        };
        const last = self.clients.items.len == 0;
        self.lock.unlock();
        if (last) return self.stop();
        // It may have been asked for rows, and answers no more.
        for (self.replicas) |*replica| replica.schedule.flushAsked();
    }

    pub fn isUnused(self: *Model) bool {
        self.lock.lock();
        defer self.lock.unlock();
        return self.clients.items.len == 0;
    }

    pub fn isStopped(self: *Model) bool {
        self.lock.lock();
        defer self.lock.unlock();
        return self.stopped;
    }

    /// Ends what runs, and the replicas' threads. Any thread.
    pub fn stop(self: *Model) void {
        self.lock.lock();
        const already = self.stopped;
        self.stopped = true;
        self.lock.unlock();
        token.forget(self);
        if (already or self.phase.load(.acquire) != @intFromEnum(Phase.open)) return;
        for (self.replicas) |*replica| replica.schedule.stop();
    }

    /// A batch of `replica` lacks rows: the first client, which loaded the model, is asked for some. False: there is none.
    pub fn ask(self: *Model, replica: *Replica) bool {
        self.lock.lock();
        defer self.lock.unlock();
        if (self.clients.items.len == 0) return false;
        self.clients.items[0].ask(replica.index);
        _ = replica.schedule.ended.fetchAdd(1, .release);
        futex.wakePrivate(&replica.schedule.ended, std.math.maxInt(u31));
        return true;
    }
};

fn await_(word: *std.atomic.Value(u32), count: u32) void {
    while (true) {
        // Acquire pairs with the release in `awaitOpen`.
        const seen = word.load(.acquire);
        if (seen >= count) return;
        futex.waitPrivate(word, seen, null);
    }
}

var no_library: Library = undefined;

fn portsOf(memory: std.mem.Allocator, streams: []const StreamPort) ![]const Port {
    const ports = try memory.alloc(Port, streams.len);
    for (ports, streams) |*port, stream| {
        const symbols = try memory.alloc([]const u8, stream.shape.len);
        @memset(symbols, "");
        port.* = .{ .name = stream.name, .kind = .tensor, .element = stream.element, .shape = stream.shape, .symbols = symbols };
    }
    return ports;
}

fn copyPorts(memory: std.mem.Allocator, ports: []const Port) ![]const Port {
    const copies = try memory.alloc(Port, ports.len);
    for (copies, ports) |*copy, port| {
        copy.* = port;
        copy.name = try memory.dupeZ(u8, port.name);
        copy.shape = try memory.dupe(i64, port.shape);
        const symbols = try memory.alloc([]const u8, port.symbols.len);
        for (symbols, port.symbols) |*symbol, text| symbol.* = try memory.dupe(u8, text);
        copy.symbols = symbols;
    }
    return copies;
}
