//! Describing a model means loading it, which takes milliseconds to seconds, and more stack than a job's thread has.
const std = @import("std");
const handle = @import("../abi/handle.zig");
const job = @import("../abi/job.zig");
const report = @import("../abi/report.zig");
const Thread = @import("../abi/thread.zig").Thread;
const engine_library = @import("../engine/onnx/library.zig");
const engine_value = @import("../engine/onnx/value.zig");
const outline = @import("../engine/onnx/outline.zig");
const Session = @import("../engine/onnx/session.zig").Session;
const Weight = @import("../engine/onnx/session.zig").Weight;
const Mapping = @import("../shm/mapping.zig").Mapping;
const memory = @import("memory.zig");
const source = @import("source.zig");

const allocator = std.heap.smp_allocator;

pub fn start(t: *Thread, self: *Describe) !handle.Handle {
    return job.start(t, self, Describe.run, Describe.deliver, Describe.end);
}

pub const Describe = struct {
    arena: std.heap.ArenaAllocator,
    library_path: [:0]const u8,
    /// The model lies in `memory`, a reference to which is kept, as are those to the weights' memory.
    model: []const u8,
    memory: *Mapping,
    held: std.ArrayList(*Mapping) = .empty,
    weights: std.ArrayList(Weight) = .empty,
    json: []const u8 = "",
    failure: ?anyerror = null,
    text: [report.text_max]u8 = undefined,
    text_length: usize = 0,

    pub fn create(library_path: []const u8, model: []const u8, kept: *Mapping) !*Describe {
        const self = try allocator.create(Describe);
        errdefer allocator.destroy(self);
        self.* = .{ .arena = .init(allocator), .library_path = undefined, .model = model, .memory = kept };
        errdefer self.arena.deinit();
        self.library_path = try self.arena.allocator().dupeSentinel(u8, library_path, 0);
        _ = kept.retain();
        return self;
    }

    pub fn destroy(self: *Describe) void {
        self.memory.release();
        for (self.held.items) |mapping| mapping.release();
        self.arena.deinit();
        allocator.destroy(self);
    }

    /// Keeps the weight's memory until the job is gone.
    pub fn add(self: *Describe, weight: outline.Weight) !void {
        const size = try engine_value.sizeOf(weight.type, weight.shape);
        const arena = self.arena.allocator();
        try self.held.ensureUnusedCapacity(arena, 1);
        const found = try source.find(weight.memory[0], weight.memory[1], weight.offset, size);
        self.held.appendAssumeCapacity(found.mapping);
        try self.weights.append(arena, .{ .name = weight.name, .element = weight.type, .shape = weight.shape, .bytes = found.bytes });
    }

    fn run(context: *anyopaque) !void {
        const self = of(context);
        const worker = std.Thread.spawn(.{ .stack_size = 8 << 20 }, load, .{self}) catch |err|
            return report.fail(error.system, "starting a thread for the model failed: {s}.", .{@errorName(err)});
        worker.join();
        if (self.failure) |err| {
            report.sayRaw(self.text[0..self.text_length], 0);
            return err;
        }
    }

    fn load(self: *Describe) void {
        report.reset();
        self.tryLoad() catch |err| {
            const text = report.text();
            @memcpy(self.text[0..text.len], text);
            self.text_length = text.len;
            self.failure = err;
        };
    }

    fn tryLoad(self: *Describe) !void {
        const library = try engine_library.open(self.library_path);
        var session: Session = try .loadFromMemory(allocator, library, self.model, self.weights.items, .{ .intra_op_threads = 1 });
        defer session.close();
        self.json = try outline.write(self.arena.allocator(), &session);
    }

    fn deliver(context: *anyopaque, t: *Thread) !i32 {
        const self = of(context);
        const mapping = try Mapping.anonymous(self.json.len);
        @memcpy(mapping.slice()[0..self.json.len], self.json);
        const slot = try memory.give(t, mapping);
        t.block.results[1] = @floatFromInt(self.json.len);
        return slot;
    }

    fn end(context: *anyopaque) void {
        of(context).destroy();
    }

    fn of(context: *anyopaque) *Describe {
        return @ptrCast(@alignCast(context));
    }
};
