//! Everything about providers that needs none: a CUDA one is for a machine with a GPU.
const std = @import("std");
const api = @import("api.zig");
const provider = @import("provider.zig");
const report = @import("../../abi/report.zig");
const Library = @import("library.zig").Library;
const Provider = provider.Provider;
const Value = @import("value.zig").Value;
const openForTest = @import("library.zig").openForTest;

fn expectRefused(library: *const Library, path: [:0]const u8, err: anyerror, says: []const []const u8) !void {
    try std.testing.expectError(err, Provider.open(library, path, 0));
    for (says) |words| if (std.mem.find(u8, report.text(), words) == null) {
        std.debug.print("\"{s}\" does not say \"{s}\"\n", .{ report.text(), words });
        return error.TestUnexpectedResult;
    };
}

test "a provider that is not there, or is none, is refused with what to install" {
    const library = try openForTest();
    try expectRefused(library, "/nonexistent/provider.so", error.provider_missing, &.{ "/nonexistent/provider.so", "onnxruntime-ep-cuda12", "onnxruntime-ep-cuda13" });
    // A library that is no provider, and a file that is no library.
    for ([_][:0]const u8{ "/proc/self/maps", "/proc/self/exe" }) |path|
        try expectRefused(library, path, error.provider_missing, &.{ path, "onnxruntime-ep-cuda12" });
}

test "an engine without providers of their own is too old for CUDA" {
    var old = (try openForTest()).*;
    old.level = 23;
    old.version = "1.23.2";
    try expectRefused(&old, "/nonexistent/provider.so", error.engine_too_old, &.{ "1.23.2", "1.24.4" });
}

test "the engine's own devices are listed, and none of them is CUDA's" {
    const library = try openForTest();
    var devices: ?[*]const *const api.ProviderDevice = null;
    var count: usize = 0;
    try library.sure(library.table.at(.provider_devices)(library.env, &devices, &count));
    try std.testing.expect(count > 0);
    var names_cpu = false;
    for (devices.?[0..count]) |device| {
        names_cpu = names_cpu or std.mem.eql(u8, "CPUExecutionProvider", std.mem.span(library.table.at(.provider_name)(device)));
        const metadata = library.table.at(.provider_metadata)(device) orelse continue;
        try std.testing.expectEqual(null, library.table.at(.pair_value)(metadata, "cuda_device_id"));
    }
    try std.testing.expect(names_cpu);
}

test "a device of the engine's is appended to a session's options" {
    const library = try openForTest();
    var devices: ?[*]const *const api.ProviderDevice = null;
    var count: usize = 0;
    try library.sure(library.table.at(.provider_devices)(library.env, &devices, &count));
    const cpu = for (devices.?[0..count]) |device| {
        if (std.mem.eql(u8, "CPUExecutionProvider", std.mem.span(library.table.at(.provider_name)(device)))) break device;
    } else return error.TestUnexpectedResult;
    var options: ?*api.SessionOptions = null;
    try library.sure(library.table.at(.create_session_options)(&options));
    defer library.table.at(.release_session_options)(options.?);
    try (Provider{ .library = library, .device = cpu, .ordinal = 0 }).append(options.?);
}

test "a tensor over a device's memory is described and never read" {
    const library = try openForTest();
    const memory = try provider.deviceMemory(library, 3);
    defer library.table.at(.release_memory_info)(memory);
    // Nothing of this process is there.
    const value = try Value.wrapDevice(library, memory, 0x7f00_dead_0000, 24, &.{ 2, 3 }, 1);
    defer value.release(library);
    try std.testing.expect(!try value.isOnHost(library));
    var axes: [4]i64 = undefined;
    const described = try value.describe(library, &axes);
    try std.testing.expectEqualSlices(i64, &.{ 2, 3 }, described.shape);
    try std.testing.expectEqual(0x7f00_dead_0000, @intFromPtr(described.bytes.ptr));
    try std.testing.expectError(error.wrong_shape, Value.wrapDevice(library, memory, 0x7f00_dead_0000, 20, &.{ 2, 3 }, 1));
}

test "a tensor over memory of the host is the host's" {
    const library = try openForTest();
    var bytes: [24]u8 = undefined;
    const value = try Value.wrap(library, &bytes, &.{ 2, 3 }, 1);
    defer value.release(library);
    try std.testing.expect(try value.isOnHost(library));
}
