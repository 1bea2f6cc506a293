//! The kernels for GPUs, made by the build from the same source. NUL-terminated, as the driver wants text.
pub const text: [:0]const u8 = @embedFile("kernels.ptx");
