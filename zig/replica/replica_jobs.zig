//! Loading and closing take milliseconds and more: both are jobs.
const handle = @import("../abi/handle.zig");
const job = @import("../abi/job.zig");
const Thread = @import("../abi/thread.zig").Thread;
const replicas = @import("replica.zig");
const Replica = replicas.Replica;

/// A job that loads a model and gives its handle.
pub fn load(t: *Thread, settings: replicas.Settings) !handle.Handle {
    return job.start(t, try Replica.create(t, settings), Load.run, Load.deliver, Load.destroy);
}

const Load = struct {
    fn run(context: *anyopaque) !void {
        try of(context).start();
    }

    /// The handle gets a reference of its own; the job's goes in `destroy`.
    fn deliver(context: *anyopaque, t: *Thread) !i32 {
        const self = of(context);
        self.retain();
        errdefer self.release();
        const opened = try handle.open(Replica.kind, t.id, self, Replica.drop);
        const version = self.session.library.version;
        t.block.results[0] = @floatFromInt(opened.generation);
        t.block.results[1] = @floatFromInt(self.session.inputs.len);
        t.block.results[2] = @floatFromInt(self.session.outputs.len);
        t.block.results[3] = @floatFromInt(version.len);
        @memcpy(t.block.text[0..version.len], version);
        self.delivered = true;
        return @intCast(opened.slot);
    }

    fn destroy(context: *anyopaque) void {
        const self = of(context);
        // Nobody asked for the model any more: its thread must not stay.
        if (!self.delivered) self.stop();
        self.release();
    }
};

/// A job that ends once `replica` is gone.
pub fn close(t: *Thread, replica: *Replica) !handle.Handle {
    replica.retain();
    return job.start(t, replica, Close.run, Close.deliver, Close.destroy);
}

const Close = struct {
    fn run(context: *anyopaque) !void {
        of(context).stop();
        of(context).awaitGone();
    }

    fn deliver(_: *anyopaque, _: *Thread) !i32 {
        return 0;
    }

    fn destroy(context: *anyopaque) void {
        of(context).release();
    }
};

fn of(context: *anyopaque) *Replica {
    return @ptrCast(@alignCast(context));
}
