//! Loading and closing take milliseconds and more: both are jobs.
const handle = @import("../abi/handle.zig");
const job = @import("../abi/job.zig");
const Thread = @import("../abi/thread.zig").Thread;
const Client = @import("client.zig").Client;
const Model = @import("model.zig").Model;
const Settings = @import("model.zig").Settings;

/// A job that loads a model and gives the handle of its first client.
pub fn load(t: *Thread, settings: Settings) !handle.Handle {
    return job.start(t, try Model.create(settings), Load.run, Load.deliver, Load.destroy);
}

const Load = struct {
    fn run(context: *anyopaque) !void {
        try of(context).start();
    }

    fn deliver(context: *anyopaque, t: *Thread) !i32 {
        return give(t, of(context));
    }

    fn destroy(context: *anyopaque) void {
        const model = of(context);
        // Nobody asked for it any more: its threads must not stay.
        if (model.isUnused()) model.stop();
        model.release();
    }
};

/// The handle of a new client. Results: generation, inputs, outputs, length of the engine's version in `text`.
pub fn give(t: *Thread, model: *Model) !i32 {
    const client = try Client.create(t, model);
    const opened = handle.open(Client.kind, t.id, client, Client.drop) catch |err| {
        Client.drop(client);
        return err;
    };
    const version = model.version;
    t.block.results[0] = @floatFromInt(opened.generation);
    t.block.results[1] = @floatFromInt(model.inputs.len);
    t.block.results[2] = @floatFromInt(model.outputs.len);
    t.block.results[3] = @floatFromInt(version.len);
    @memcpy(t.block.text[0..version.len], version);
    return @intCast(opened.slot);
}

/// A job that ends once `client` has left, and the model has gone if it was the last.
pub fn close(t: *Thread, client: *Client) !handle.Handle {
    client.leave();
    client.model.retain();
    return job.start(t, client.model, Close.run, Close.deliver, Close.destroy);
}

const Close = struct {
    fn run(context: *anyopaque) !void {
        const model = of(context);
        if (model.isStopped()) model.awaitGone();
    }

    fn deliver(_: *anyopaque, _: *Thread) !i32 {
        return 0;
    }

    fn destroy(context: *anyopaque) void {
        of(context).release();
    }
};

fn of(context: *anyopaque) *Model {
    return @ptrCast(@alignCast(context));
}
