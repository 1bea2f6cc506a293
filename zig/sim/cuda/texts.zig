//! What cuGetErrorString says: short texts for the results that the simulator can give, the name's words for the others.
const std = @import("std");
const Result = @import("../../driver/cuda/api.zig").Result;

pub fn of(result: Result) ?[:0]const u8 {
    return switch (result) {
        .success => "no error",
        .invalid_value => "invalid argument",
        .out_of_memory => "out of memory",
        .not_initialized => "initialization error",
        .no_device => "no CUDA-capable device is detected",
        .invalid_device => "invalid device ordinal",
        .device_unavailable => "CUDA-capable device(s) is/are busy or unavailable",
        .invalid_image => "device kernel image is invalid",
        .invalid_context => "invalid device context",
        .no_binary_for_gpu => "no kernel image is available for execution on the device",
        .invalid_ptx => "a PTX JIT compilation failed",
        .unsupported_ptx_version => "the provided PTX was compiled with an unsupported toolchain.",
        .invalid_handle => "invalid resource handle",
        .not_found => "named symbol not found",
        .not_ready => "device not ready",
        .illegal_address => "an illegal memory access was encountered",
        .launch_timeout => "the launch timed out and was terminated",
        .context_is_destroyed => "context is destroyed",
        .assert => "device-side assert triggered",
        .host_memory_already_registered => "part or all of the requested memory range is already mapped",
        .host_memory_not_registered => "pointer does not correspond to a registered memory region",
        .launch_failed => "unspecified launch failure",
        .not_permitted => "operation not permitted",
        .not_supported => "operation not supported",
        .unknown => "unknown error",
        _ => null,
        inline else => |tag| comptime words(@tagName(tag)),
    };
}

fn words(comptime tag: [:0]const u8) [:0]const u8 {
    comptime {
        var text: [tag.len:0]u8 = undefined;
        for (tag, 0..) |byte, index| text[index] = if (byte == '_') ' ' else byte;
        text[tag.len] = 0;
        const fixed = text;
        return &fixed;
    }
}

test "every known result has a text, and no other" {
    inline for (@typeInfo(Result).@"enum".fields) |field| try std.testing.expect(of(@enumFromInt(field.value)).?.len > 0);
    try std.testing.expectEqualStrings("misaligned address", of(.misaligned_address).?);
    try std.testing.expectEqual(null, of(@enumFromInt(4711)));
}
