//! Numbers of the driver's functions: for counting calls, and for plans.
const std = @import("std");
const functions = @import("../../driver/cuda/api.zig").functions;

/// cuGetProcAddress has no field in the table: it is what fills it.
pub const proc_address_number = functions.len;
pub const count = functions.len + 1;
pub const proc_address_name = "cuGetProcAddress";

pub fn numberOf(name: []const u8) ?usize {
    for (functions, 0..) |function, number| if (std.mem.eql(u8, function.name, name)) return number;
    return if (std.mem.eql(u8, name, proc_address_name)) proc_address_number else null;
}

/// Functions that work before cuInit.
pub fn worksUninitialised(comptime name: []const u8) bool {
    for ([_][]const u8{ "cuInit", "cuDriverGetVersion", "cuGetErrorName", "cuGetErrorString", proc_address_name }) |one| {
        if (std.mem.eql(u8, one, name)) return true;
    }
    return false;
}

/// Functions that put something on a stream, where a fault may wait.
pub fn isQueued(number: usize) bool {
    if (number == proc_address_number) return false;
    const name = functions[number].name;
    for ([_][]const u8{ "cuMemcpy", "cuMemset", "cuLaunchKernel", "cuEventRecord", "cuStreamWaitEvent", "cuMemAllocAsync", "cuMemAllocFromPoolAsync", "cuMemFreeAsync" }) |start| {
        if (std.mem.startsWith(u8, name, start)) return true;
    }
    return false;
}

test "a function's number is found by its name" {
    try std.testing.expectEqual(0, numberOf("cuInit").?);
    try std.testing.expectEqual(proc_address_number, numberOf("cuGetProcAddress").?);
    try std.testing.expectEqual(null, numberOf("cuMemAlloc_v2"));
    try std.testing.expect(isQueued(numberOf("cuMemcpyHtoDAsync").?));
    try std.testing.expect(!isQueued(numberOf("cuMemAlloc").?));
}
