//! A model's executable, the streams that its programs read and write, and, while it is bound, an engine on a device. It
//! has no thread of its own: all but `stop` are called by one thread at a time, which may wait for long
//! (`executor.zig` is that thread for JavaScript).
const std = @import("std");
const report = @import("../abi/report.zig");
const drivers = @import("../driver/poplar/table.zig");
const Device = @import("../driver/device.zig").Device;
const Mapping = @import("../shm/mapping.zig").Mapping;
const Mutex = @import("../os/futex.zig").Mutex;
const failure = @import("../driver/poplar/outcome.zig");
const switches = @import("../os/switches.zig");
const remote = @import("remote.zig");
const Connection = @import("connection.zig").Connection;
const Engine = @import("engine.zig").Engine;
const Option = @import("engine.zig").Option;
const Stream = @import("stream.zig").Stream;

const allocator = std.heap.smp_allocator;

pub const Settings = struct {
    /// Holds `executable`; the session takes the reference over.
    mapping: *Mapping,
    executable: []const u8,
    /// Copied.
    options: []const Option = &.{},
    check_package_hash: bool = true,
};

const Described = struct { handle: []const u8, size: usize, replicas: u32 };

pub const Session = struct {
    references: std.atomic.Value(u32) = .init(1),
    settings: Settings,
    engine: ?Engine = null,
    connections: std.ArrayList(*Connection) = .empty,
    remote_buffers: std.ArrayList(remote.Buffer) = .empty,
    /// What the model says of streams, for drivers that cannot tell.
    described: std.ArrayList(Described) = .empty,
    /// For `stop`, which comes from other threads: around the connections and around the engine's coming and going.
    lock: Mutex = .{},
    stopped: std.atomic.Value(bool) = .init(false),
    /// Of the last failure that a device reported.
    recovery: drivers.RecoveryAction = .none,

    pub fn create(settings: Settings) !*Session {
        const self = try allocator.create(Session);
        errdefer allocator.destroy(self);
        self.* = .{ .settings = settings };
        self.settings.options = try Option.copy(allocator, settings.options);
        return self;
    }

    pub fn retain(self: *Session) *Session {
        _ = self.references.fetchAdd(1, .monotonic);
        return self;
    }

    /// The last one unbinds; where that may wait for a device is for the caller to choose.
    pub fn release(self: *Session) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        self.unbind();
        for (self.connections.items) |connection| connection.destroy();
        self.connections.deinit(allocator);
        for (self.remote_buffers.items) |*buffer| buffer.deinit();
        self.remote_buffers.deinit(allocator);
        for (self.described.items) |described| allocator.free(described.handle);
        self.described.deinit(allocator);
        Option.free(allocator, self.settings.options);
        self.settings.mapping.release();
        allocator.destroy(self);
    }

    pub fn isBound(self: *const Session) bool {
        return self.engine != null;
    }

    /// Makes an engine and loads it onto the device, which another session's engine then no longer has.
    pub fn bind(self: *Session, device: *Device) !void {
        self.unbind();
        var engine = try Engine.create(device, self.settings.executable, self.settings.options, self.settings.check_package_hash, &self.recovery);
        engine.load(&self.recovery) catch |err| {
            engine.close();
            return err;
        };
        for (self.described.items) |described| engine.describe(described.handle, described.size, described.replicas);
        self.lock.lock();
        defer self.lock.unlock();
        self.engine = engine;
        self.proceed();
    }

    /// The streams stay connected.
    pub fn unbind(self: *Session) void {
        self.lock.lock();
        const bound = self.engine;
        self.engine = null;
        for (self.connections.items) |connection| connection.applied = false;
        self.lock.unlock();
        var engine = bound orelse return;
        engine.close();
        for (self.connections.items) |connection| connection.forgetReplaced();
    }

    /// The executable is loaded again onto the same device: after `stop`, a failure, or another session's use of it.
    pub fn reload(self: *Session) !void {
        const engine = try self.requireEngine();
        {
            self.lock.lock();
            defer self.lock.unlock();
            self.proceed();
        }
        try engine.load(&self.recovery);
    }

    /// What `handle` of one replica is read from or written to; replaces what it was before. Retains the stream. Not while
    /// programs run. Unbound, any handle is taken; the next run refuses one that the executable lacks.
    pub fn connect(self: *Session, handle: []const u8, replica: u32, stream: *Stream) !void {
        const size = if (self.engine) |*engine| try self.sizeOf(engine, handle, replica) else 0;
        var connection = try Connection.create(handle, replica, size, stream.retain());
        self.lock.lock();
        defer self.lock.unlock();
        for (self.connections.items) |*place| if (place.*.isOf(handle, replica)) {
            if (place.*.applied) connection.replaces = place.* else {
                connection.replaces = place.*.replaces;
                place.*.replaces = null;
                place.*.destroy();
            }
            place.* = connection;
            return;
        };
        self.connections.append(allocator, connection) catch |err| {
            connection.destroy();
            return err;
        };
    }

    /// `handle` is a remote buffer, written before its programs run, or read after them, through a stream as others are.
    pub fn addRemoteBuffer(self: *Session, buffer: remote.Buffer) !void {
        try self.remote_buffers.append(allocator, buffer);
    }

    /// Bytes and replicas of a stream whose driver knows neither; it is up to the caller that they are right.
    pub fn describe(self: *Session, handle: []const u8, size: usize, replicas: u32) !void {
        if (self.engine) |*engine| engine.describe(handle, size, replicas);
        for (self.described.items) |*known| if (std.mem.eql(u8, known.handle, handle)) {
            known.size = size;
            known.replicas = replicas;
            return;
        };
        const name = try allocator.dupe(u8, handle);
        errdefer allocator.free(name);
        try self.described.append(allocator, .{ .handle = name, .size = size, .replicas = replicas });
    }

    /// Runs the programs one after the other, the whole list `times` times; null: until stopped. Fails with `stopped` when
    /// `stop` ended it.
    pub fn run(self: *Session, programs: []const u32, times: ?u64) !void {
        const engine = try self.requireEngine();
        for (self.connections.items) |connection| if (!connection.applied) {
            connection.size = try self.sizeOf(engine, connection.handle, connection.replica);
            if (remote.find(self.remote_buffers.items, connection.handle) == null) try failure.check(engine.table(), connection.apply(engine.table(), engine.raw), &self.recovery);
            connection.forgetReplaced();
            connection.applied = true;
        };
        var round: u64 = 0;
        while (times == null or round < times.?) : (round += 1) {
            for (programs) |program| try self.runOne(engine, program);
        }
    }

    fn runOne(self: *Session, engine: *Engine, program: u32) !void {
        try self.transferRemote(engine, program, true);
        try self.requireRunning();
        failure.check(engine.table(), engine.table().engine_run(engine.raw, program), &self.recovery) catch |err| {
            // However the driver puts it: it is because of the stop.
            try self.requireRunning();
            // The driver has interrupted the stream that was late, which would give nothing from now on.
            if (err == error.host_sync_timeout) self.stopped.store(true, .release);
            return err;
        };
        try self.requireRunning();
        try self.transferRemote(engine, program, false);
    }

    fn transferRemote(self: *Session, engine: *Engine, program: u32, to_device: bool) !void {
        for (self.connections.items) |connection| {
            const buffer = remote.find(self.remote_buffers.items, connection.handle) orelse continue;
            if (buffer.to_device != to_device or !buffer.isOf(program)) continue;
            try buffer.makeRoom();
            for (0..if (switches.off("remote_repeats")) 1 else buffer.repeats) |repeat| {
                try self.requireRunning();
                try failure.check(engine.table(), buffer.transfer(engine, connection, @intCast(repeat)), &self.recovery);
            }
        }
    }

    /// Any thread, any time: a run under way ends soon, later ones fail, until `reload` or `bind`.
    pub fn stop(self: *Session) void {
        self.stopped.store(true, .release);
        self.lock.lock();
        defer self.lock.unlock();
        // First: once a stream has let go, the engine must not take another step.
        if (self.engine) |*engine| _ = engine.table().engine_stop(engine.raw);
        for (self.connections.items) |connection| connection.stream.calls.interrupt(connection.stream);
    }

    fn proceed(self: *Session) void {
        self.stopped.store(false, .release);
        for (self.connections.items) |connection| connection.stream.calls.proceed(connection.stream);
    }

    fn requireRunning(self: *const Session) !void {
        if (self.stopped.load(.acquire)) return report.fail(error.stopped, "the session was stopped.", .{});
    }

    fn requireEngine(self: *Session) !*Engine {
        if (self.engine) |*engine| return engine;
        return report.fail(error.not_bound, "the session is bound to no device.", .{});
    }

    fn sizeOf(self: *const Session, engine: *const Engine, handle: []const u8, replica: u32) !usize {
        if (remote.find(self.remote_buffers.items, handle)) |buffer| return buffer.size;
        const info = engine.stream(handle) orelse return report.fail(error.unknown_anchor, "the executable has no stream \"{s}\".", .{handle});
        if (info.replicas == 0) return report.fail(error.unknown_anchor, "neither the device's driver nor the model says how large stream \"{s}\" is.", .{handle});
        if (replica >= info.replicas) return report.fail(error.invalid_argument, "stream \"{s}\" has {d} replicas, not {d}.", .{ handle, info.replicas, replica + 1 });
        return info.size;
    }
};
