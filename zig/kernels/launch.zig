//! A kernel with what it is given: for a stream, or to be run here.
const std = @import("std");
const kernels = @import("kernels.zig");
const params = @import("params.zig");

/// Threads of a block. Kernels have no barriers and share nothing, so this is only how much a processor takes at a time.
pub const block_size = 256;
/// Threads take several items each from here on.
const blocks_max = 1 << 20;

pub const Launch = struct {
    number: kernels.Number,
    given: union { elementwise: params.Elementwise, sample: params.Sample },

    pub fn bytes(self: *const Launch) []const u8 {
        return std.mem.asBytes(&self.given)[0..self.kernel().params_size];
    }

    pub fn kernel(self: *const Launch) *const kernels.Kernel {
        return kernels.get(self.number);
    }

    pub fn items(self: *const Launch) u64 {
        return self.kernel().items(&self.given);
    }

    /// Blocks of `block_size` threads.
    pub fn grid(self: *const Launch) u32 {
        return @intCast(@min(blocks_max, std.math.divCeil(u64, self.items(), block_size) catch unreachable));
    }

    /// On the calling thread; the operands are memory of this process.
    pub fn run(self: *const Launch, begin: u64, end: u64) void {
        self.kernel().run(&self.given, begin, end);
    }
};
