//! A replica: one loaded model and the native thread that owns it, which is its only user but for `Schedule.tryRunHere`.
const std = @import("std");
const linux = std.os.linux;
const handle = @import("../abi/handle.zig");
const report = @import("../abi/report.zig");
const futex = @import("../os/futex.zig");
const Thread = @import("../abi/thread.zig").Thread;
const engine = @import("../engine/onnx/session.zig");
const engine_library = @import("../engine/onnx/library.zig");
const Schedule = @import("schedule.zig").Schedule;

const allocator = std.heap.smp_allocator;
/// Lower than the event loop's, so that its gaps stay short under a busy replica (8 ms at worst become 4 on two cores with
/// +10); half of that, because other processes at +0 would starve a replica at +10.
const niceness = 5;

var live = std.atomic.Value(u32).init(0);

/// Models that are loaded, being loaded or being let go.
pub fn liveCount() u32 {
    return live.load(.monotonic);
}

pub const Settings = struct {
    library_path: [:0]const u8,
    model_path: [:0]const u8,
    options: engine.Options,
    requests_max: u32,
};

pub const Replica = struct {
    pub const kind: handle.Kind = .replica;

    /// The JavaScript thread that loaded it, and that uses it.
    owner: *Thread,
    settings: Settings,
    /// The handle or the load job has one, the native thread one, a close job one.
    references: std.atomic.Value(u32) = .init(1),
    phase: std.atomic.Value(u32) = .init(@intFromEnum(Phase.loading)),
    session: engine.Session = undefined,
    schedule: Schedule = undefined,
    /// A handle exists or existed: the load job need not stop it. Only its JavaScript thread looks.
    delivered: bool = false,
    failure: ?anyerror = null,
    text: [report.text_max]u8 = undefined,
    text_length: usize = 0,

    const Phase = enum(u32) { loading, ready, gone };

    /// The paths are copied. `start` begins to load.
    pub fn create(owner: *Thread, settings: Settings) !*Replica {
        const self = try allocator.create(Replica);
        errdefer allocator.destroy(self);
        const library_path = try allocator.dupeZ(u8, settings.library_path);
        errdefer allocator.free(library_path);
        const model_path = try allocator.dupeZ(u8, settings.model_path);
        errdefer allocator.free(model_path);
        self.* = .{ .owner = owner.retain(), .settings = settings };
        self.schedule = try .create(&self.session, settings.requests_max);
        self.settings.library_path = library_path;
        self.settings.model_path = model_path;
        return self;
    }

    pub fn retain(self: *Replica) void {
        _ = self.references.fetchAdd(1, .monotonic);
    }

    pub fn release(self: *Replica) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        self.schedule.destroy();
        allocator.free(self.settings.library_path);
        allocator.free(self.settings.model_path);
        self.owner.release();
        allocator.destroy(self);
    }

    /// Starts the native thread and waits until the model is loaded or has failed to. Not on a JavaScript thread.
    pub fn start(self: *Replica) !void {
        self.retain();
        _ = live.fetchAdd(1, .monotonic);
        const worker = std.Thread.spawn(.{ .stack_size = 8 << 20 }, main, .{self}) catch |err| {
            _ = live.fetchSub(1, .monotonic);
            self.release();
            return report.fail(error.system, "starting a thread for the model failed: {s}.", .{@errorName(err)});
        };
        worker.detach();
        self.awaitPhaseBeyond(.loading);
        if (self.failure) |err| {
            report.sayRaw(self.text[0..self.text_length], 0);
            return err;
        }
    }

    /// Ends the run under way at its next step, drops what waits, and lets the native thread go. Any thread.
    pub fn stop(self: *Replica) void {
        self.schedule.stop();
    }

    /// After `stop`: until the engine and all requests are gone. Not on a JavaScript thread.
    pub fn awaitGone(self: *Replica) void {
        self.awaitPhaseBeyond(.ready);
    }

    /// Of the handle's object, when it was closed and nobody is inside.
    pub fn drop(object: *anyopaque) void {
        const self: *Replica = @ptrCast(@alignCast(object));
        self.stop();
        self.release();
    }

    fn awaitPhaseBeyond(self: *Replica, phase: Phase) void {
        while (true) {
            // Acquire pairs with the release in `enter`.
            const seen = self.phase.load(.acquire);
            if (seen > @intFromEnum(phase)) return;
            futex.waitPrivate(&self.phase, seen, null);
        }
    }

    fn enter(self: *Replica, phase: Phase) void {
        self.phase.store(@intFromEnum(phase), .release);
        futex.wakePrivate(&self.phase, std.math.maxInt(u31));
    }

    fn main(self: *Replica) void {
        defer self.release();
        // The engine's own threads are made by this one and inherit both.
        _ = linux.syscall3(.setpriority, 0, 0, niceness);
        _ = linux.prctl(@intFromEnum(linux.PR.SET_NAME), @intFromPtr("millrace-model"), 0, 0, 0);
        self.schedule.seat.take();
        self.owner.employ(&self.schedule.seat);
        defer {
            self.owner.dismiss(&self.schedule.seat);
            self.schedule.seat.quit();
        }
        report.reset();
        if (self.load()) {
            self.enter(.ready);
            self.serve();
            self.unload();
        } else |err| {
            const text = report.text();
            @memcpy(self.text[0..text.len], text);
            self.text_length = text.len;
            self.failure = err;
        }
        _ = live.fetchSub(1, .monotonic);
        self.enter(.gone);
    }

    fn load(self: *Replica) !void {
        const library = try engine_library.open(self.settings.library_path);
        self.session = try .load(allocator, library, self.settings.model_path, self.settings.options);
    }

    fn serve(self: *Replica) void {
        const spin = (std.Thread.getCpuCount() catch 1) > 1;
        while (true) switch (self.schedule.runNext()) {
            .nothing => |seen| self.schedule.rest(seen, spin),
            .announced => self.owner.wake.signal(),
            .awaited => futex.wakePrivate(&self.schedule.ended, std.math.maxInt(u31)),
            .stop => return,
        };
    }

    fn unload(self: *Replica) void {
        for (self.schedule.requests.items) |request| request.destroy();
        self.schedule.requests.clearRetainingCapacity();
        self.session.close();
    }
};
