//! Kernels on a stream of a CUDA device.
const plans = @import("plan.zig");
const launching = @import("kernel_launch.zig");
const queue = @import("../../kernels/queue.zig").queue;
const Memory = @import("../../cuda/memory.zig").Memory;
const Stream = @import("../../cuda/stream.zig").Stream;

/// `keep`: the memory that the operands are in.
pub fn launch(stream: *Stream, kernel: *const plans.Kernel, tensors: []const plans.Tensor, bases: []const u64, keep: []const *Memory) !void {
    const prepared = try launching.prepare(kernel, tensors, bases);
    _ = try queue(stream, &prepared, keep);
}
