//! A kernel launch: the host build of the same source runs on the stream's thread, over all items, whatever the grid. What
//! it touches is checked first, as a card's memory unit would do it.
const std = @import("std");
const Block = @import("block.zig").Block;
const Device = @import("device.zig").Device;
const failure = @import("failure.zig");
const kernels = @import("../../kernels/kernels.zig");
const ranges = @import("ranges.zig");

const allocator = std.heap.smp_allocator;
pub const params_max = 4096;

pub const Launch = struct {
    kernel: *const kernels.Kernel,
    params: [params_max]u8 align(16),

    /// Copies the parameters.
    pub fn create(name: []const u8, params: []const u8) failure.Failure!*Launch {
        const kernel = kernels.find(name) orelse return notSimulated(name);
        if (params.len < kernel.params_size) return failure.say(.invalid_value, "kernel {s} takes {d} bytes of parameters, not {d}", .{ name, kernel.params_size, params.len });
        const self = try allocator.create(Launch);
        self.kernel = kernel;
        @memcpy(self.params[0..kernel.params_size], params[0..kernel.params_size]);
        return self;
    }

    pub fn destroy(self: *Launch) void {
        allocator.destroy(self);
    }

    pub fn run(self: *const Launch, device: *Device) void {
        var memory: [kernels.spans_max]kernels.Span = undefined;
        var held: [kernels.spans_max]*Block = undefined;
        var count: usize = 0;
        defer for (held[0..count]) |block| block.release();
        for (self.kernel.spans(&self.params, &memory)) |span| {
            if (span.size == 0) continue;
            held[count] = ranges.operand(span.address, @intCast(span.size)) catch return device.breakWith(.illegal_address);
            count += 1;
            const block = held[count - 1];
            if (!block.isLive() or (span.written and block.read_only)) return device.breakWith(.illegal_address);
        }
        self.kernel.run(&self.params, 0, self.kernel.items(&self.params));
    }
};

pub fn paramsSize(name: []const u8) failure.Failure!usize {
    const kernel = kernels.find(name) orelse return notSimulated(name);
    return kernel.params_size;
}

fn notSimulated(name: []const u8) failure.Failure {
    return failure.say(.not_supported, "not_simulated: the simulated GPU has no host build of the kernel {s}", .{name});
}
