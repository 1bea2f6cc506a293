//! How an engine runs kernels, without the kernels: the simulated IPU has the same engine and none of them.
const plans = @import("plan.zig");

pub const KernelRunner = struct {
    /// That there is such a kernel, and that it takes such operands and scalars; else `invalid_executable`.
    check: *const fn (kernel: *const plans.Kernel, tensors: []const plans.Tensor) anyerror!void,
    /// `bases`: where the tensor of each operand begins.
    run: *const fn (kernel: *const plans.Kernel, tensors: []const plans.Tensor, bases: []const u64) anyerror!void,
};
