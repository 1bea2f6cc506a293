//! ONNX Runtime's C API as the benchmarks use it bare.
pub const library = @import("engine/onnx/library.zig");
pub const session = @import("engine/onnx/session.zig");
pub const value = @import("engine/onnx/value.zig");
pub const api = @import("engine/onnx/api.zig");
pub const report = @import("abi/report.zig");
