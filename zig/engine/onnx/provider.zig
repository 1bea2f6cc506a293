//! ONNX Runtime's CUDA provider: a library of its own that the user installs (`onnxruntime-ep-cuda12` or `-cuda13`). It is registered
//! with the environment once and never let go of, as the engine's own library.
const std = @import("std");
const api = @import("api.zig");
const report = @import("../../abi/report.zig");
const Library = @import("library.zig").Library;
const Mutex = @import("../../os/futex.zig").Mutex;

/// What the provider says of a device under this key is CUDA's number of it.
const ordinal_key = "cuda_device_id";
/// What the engine calls memory of a CUDA device.
const memory_name = "Cuda";

const install = "install onnxruntime-ep-cuda12 or onnxruntime-ep-cuda13 from PyPI, and pass the path that its get_library_path() gives";

/// One device of a registered provider.
pub const Provider = struct {
    library: *const Library,
    device: *const api.ProviderDevice,
    ordinal: u32,

    /// `path` of the provider's library; `ordinal` as CUDA counts devices.
    pub fn open(library: *const Library, path: [:0]const u8, ordinal: u32) !Provider {
        try mustTakeProviders(library.level, library.version);
        try register(library, path);
        var devices: ?[*]const *const api.ProviderDevice = null;
        var count: usize = 0;
        try library.sure(library.table.at(.provider_devices)(library.env, &devices, &count));
        const known = if (devices) |list| list[0..count] else &.{};
        for (known) |device| if (ordinalOf(library, device) == ordinal) return .{ .library = library, .device = device, .ordinal = ordinal };
        return report.fail(error.provider_missing, "the CUDA provider at {s} offers no device {d}; of the engine's {d} devices {d} are CUDA's.", .{ path, ordinal, known.len, countOf(library, known) });
    }

    pub fn append(self: Provider, options: *api.SessionOptions) !void {
        const one = [1]*const api.ProviderDevice{self.device};
        const status = self.library.table.at(.append_provider)(options, self.library.env, &one, 1, null, null, 0);
        try self.library.check(status, error.provider_missing, "the CUDA provider was refused for device {d}", .{self.ordinal});
    }

    /// Describes memory of the device; the caller's to release.
    pub fn memoryInfo(self: Provider) !*api.MemoryInfo {
        return deviceMemory(self.library, self.ordinal);
    }
};

/// A device allocator (0) with the default kind of memory (0).
pub fn deviceMemory(library: *const Library, ordinal: u32) !*api.MemoryInfo {
    var made: ?*api.MemoryInfo = null;
    try library.sure(library.table.at(.memory_info)(memory_name, 0, @intCast(ordinal), 0, &made));
    return made.?;
}

fn mustTakeProviders(level: u32, version: []const u8) !void {
    if (level >= api.provider_level) return;
    return report.fail(error.engine_too_old, "ONNX Runtime {s} takes no CUDA provider in a library of its own: 1.24.4 or newer is needed.", .{version});
}

fn ordinalOf(library: *const Library, device: *const api.ProviderDevice) ?u32 {
    const metadata = library.table.at(.provider_metadata)(device) orelse return null;
    const text = library.table.at(.pair_value)(metadata, ordinal_key) orelse return null;
    return std.fmt.parseInt(u32, std.mem.span(text), 10) catch null;
}

fn countOf(library: *const Library, devices: []const *const api.ProviderDevice) usize {
    var count: usize = 0;
    for (devices) |device| count += @intFromBool(ordinalOf(library, device) != null);
    return count;
}

const registered_max = 8;
const Registered = struct { library: *const Library, path: [std.fs.max_path_bytes]u8, length: usize };
var registered: [registered_max]Registered = undefined;
var registered_count: usize = 0;
var registering: Mutex = .{};

fn register(library: *const Library, path: [:0]const u8) !void {
    registering.lock();
    defer registering.unlock();
    for (registered[0..registered_count]) |*known| {
        if (known.library == library and std.mem.eql(u8, known.path[0..known.length], path)) return;
    }
    if (registered_count == registered_max) return report.fail(error.out_of_handles, "{d} different CUDA providers are loaded; {s} is one too many.", .{ registered_max, path });
    if (std.c.access(path.ptr, 0) != 0) return report.fail(error.provider_missing, "there is no CUDA provider at {s}: " ++ install ++ ".", .{path});
    var name_memory: [32]u8 = undefined;
    const name = std.fmt.bufPrintSentinel(&name_memory, "millrace-cuda-{d}", .{registered_count}, 0) catch unreachable;
    const status = library.table.at(.register_provider)(library.env, name.ptr, path.ptr);
    try library.check(status, error.provider_missing, "{s} cannot be loaded as a CUDA provider (" ++ install ++ ")", .{path});
    const place = &registered[registered_count];
    place.library = library;
    place.length = path.len;
    @memcpy(place.path[0..path.len], path);
    registered_count += 1;
}
