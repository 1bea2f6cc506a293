//! A request's input or output in memory of a CUDA device. What was asked of the caller's stream until then comes first.
const std = @import("std");
const report = @import("../abi/report.zig");
const Device = @import("../cuda/device.zig").Device;
const Memory = @import("../cuda/memory.zig").Memory;
const Schedule = @import("schedule.zig").Schedule;
const Stream = @import("../cuda/stream.zig").Stream;

const allocator = std.heap.smp_allocator;
/// How long a replica's thread waits before it looks whether it is to end.
const slice_ns = 100 * std.time.ns_per_ms;

pub const DeviceTensor = struct {
    /// A reference, as to the stream.
    memory: *Memory,
    offset: u64,
    size: u64,
    stream: ?*Stream,
    /// Of the stream, when the request was made.
    ticket: u64,

    /// Takes the references over, also when it fails.
    pub fn create(tensor: DeviceTensor) !*DeviceTensor {
        const self = allocator.create(DeviceTensor) catch |err| {
            tensor.letGo();
            return err;
        };
        self.* = tensor;
        return self;
    }

    pub fn release(self: *DeviceTensor) void {
        self.letGo();
        allocator.destroy(self);
    }

    fn letGo(self: DeviceTensor) void {
        self.memory.release();
        if (self.stream) |stream| stream.release();
    }

    pub fn device(self: *const DeviceTensor) *Device {
        return self.memory.device;
    }

    pub fn address(self: *const DeviceTensor) u64 {
        return self.memory.address + self.offset;
    }

    /// Until its bytes are what the caller's stream makes of them. Not on a JavaScript thread.
    pub fn settle(self: *const DeviceTensor, schedule: *Schedule) !void {
        const stream = self.stream orelse return;
        while (!try stream.awaitTicket(self.ticket, slice_ns)) {
            if (schedule.isStopping()) return report.fail(error.closed, "the model was closed.", .{});
        }
    }
};
