//! Kernels on a GPU: queued on a stream, whose memory the operands are.
const std = @import("std");
const launches = @import("launch.zig");
const ptx = @import("ptx.zig");
const kernels = @import("kernels.zig");
const Image = @import("../cuda/module.zig").Image;
const Memory = @import("../cuda/memory.zig").Memory;
const Stream = @import("../cuda/stream.zig").Stream;

/// All kernels, in the order of their numbers.
const image: Image = .{ .ptx = ptx.text, .functions = &names };

const names = names: {
    var list: [kernels.table.len][:0]const u8 = undefined;
    for (&list, kernels.table) |*name, kernel| name.* = kernel.name;
    break :names list;
};

/// Returns the ticket. `keep`: the memory of the operands, which the stream keeps until the kernel has run.
pub fn queue(stream: *Stream, launch: *const launches.Launch, keep: []const *Memory) !u64 {
    // A grid has one block at least.
    if (launch.items() == 0) return stream.ticket();
    return stream.launch(&image, @intFromEnum(launch.number), .{ .x = launch.grid() }, .{ .x = launches.block_size }, launch.bytes(), keep);
}
