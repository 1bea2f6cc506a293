//! Kernels whose host build the simulator has: those of the library.
const kernels = @import("../../kernels/kernels.zig");

pub const Kernel = kernels.Kernel;
pub const Span = kernels.Span;
pub const spans_max = kernels.spans_max;
pub const find = kernels.find;
