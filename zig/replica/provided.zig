//! What a replica has of the CUDA device that ONNX Runtime's provider runs its model on.
const std = @import("std");
const api = @import("../engine/onnx/api.zig");
const native = @import("../cuda/native.zig");
const report = @import("../abi/report.zig");
const Device = @import("../cuda/device.zig").Device;
const DeviceTensor = @import("device_tensor.zig").DeviceTensor;
const Kept = @import("kept.zig").Kept;
const Library = @import("../engine/onnx/library.zig").Library;
const Provider = @import("../engine/onnx/provider.zig").Provider;
const Value = @import("../engine/onnx/value.zig").Value;
const Schedule = @import("schedule.zig").Schedule;

pub const Provided = struct {
    /// The model's parts have a reference.
    device: *Device,
    memory: *api.MemoryInfo,

    pub fn create(provider: Provider, device: *Device) !Provided {
        return .{ .device = device, .memory = try provider.memoryInfo() };
    }

    pub fn release(self: Provided, library: *const Library) void {
        library.table.at(.release_memory_info)(self.memory);
    }

    /// The engine's tensor over memory of the device, once that is what the caller's stream makes of it: the engine has streams of
    /// its own, which do not wait for others.
    pub fn value(self: Provided, kept: *Kept, library: *const Library, tensor: *const DeviceTensor, schedule: *Schedule, axes: []const i64, element: u8) !*api.Value {
        try tensor.settle(schedule);
        return kept.getDevice(library, self.memory, tensor.address(), @intCast(tensor.size), axes, element);
    }

    /// What the engine has made of an output is read here, so it must be here.
    pub fn requireHost(_: Provided, library: *const Library, made: Value) !void {
        if (!try made.isOnHost(library)) return report.fail(error.run_failed, "the engine has left an output on the GPU.", .{});
    }

    /// The engine says in words what failed. Whether the device is any good since, the driver tells.
    pub fn explain(self: Provided, err: anyerror) anyerror {
        var copy: [report.text_max]u8 = undefined;
        const text = report.text();
        @memcpy(copy[0..text.len], text);
        const length = text.len;
        var question: Question = .{};
        native.ask(self.device, &question, Question.look) catch |found| if (found == error.device_lost) return found;
        report.sayRaw(copy[0..length], 0);
        return err;
    }
};

const Question = struct {
    free: usize = 0,
    total: usize = 0,

    fn look(self: *Question, device: *Device) !void {
        try device.demand("cuMemGetInfo", device.table.cuMemGetInfo(&self.free, &self.total));
    }
};
