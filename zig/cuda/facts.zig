//! What a device tells about itself; asking needs no context.
const std = @import("std");
const api = @import("../driver/cuda/api.zig");
const outcome = @import("../driver/cuda/outcome.zig");
const report = @import("../abi/report.zig");

pub const Attribute = api.types.Attribute;

/// In the order in which JavaScript gets them; see src/cuda/device-info.ts.
pub const attributes = [_]Attribute{
    .compute_capability_major,
    .compute_capability_minor,
    .multiprocessor_count,
    .max_threads_per_block,
    .max_shared_memory_per_block,
    .warp_size,
    .clock_rate,
    .memory_clock_rate,
    .global_memory_bus_width,
    .l2_cache_size,
    .async_engine_count,
    .integrated,
    .pci_domain_id,
    .pci_bus_id,
    .pci_device_id,
    .unified_addressing,
    .host_register_supported,
    .read_only_host_register_supported,
    .memory_pools_supported,
    .ipc_event_supported,
};

pub const Facts = struct {
    raw: api.types.Device,
    name: [128]u8,
    uuid: [16]u8,
    total_memory: u64,
    values: [attributes.len]i32,

    /// @return `cuda_missing` when there is no such device.
    pub fn of(table: *const api.Table, ordinal: u32) !Facts {
        const devices = try count(table);
        if (ordinal >= devices) return report.fail(error.cuda_missing, "there is no GPU {d}: the driver has {d}.", .{ ordinal, devices });
        var self: Facts = .{ .raw = 0, .name = @splat(0), .uuid = @splat(0), .total_memory = 0, .values = @splat(0) };
        try outcome.require(table, table.cuDeviceGet(&self.raw, @intCast(ordinal)), "cuDeviceGet");
        try outcome.require(table, table.cuDeviceGetName(&self.name, self.name.len, self.raw), "cuDeviceGetName");
        self.name[self.name.len - 1] = 0;
        var uuid: api.types.Uuid = .{ .bytes = @splat(0) };
        try outcome.require(table, table.cuDeviceGetUuid(&uuid, self.raw), "cuDeviceGetUuid");
        self.uuid = uuid.bytes;
        var total: usize = 0;
        try outcome.require(table, table.cuDeviceTotalMem(&total, self.raw), "cuDeviceTotalMem");
        self.total_memory = total;
        for (attributes, &self.values) |attribute, *out| {
            // An attribute that a driver does not know is one that the device has not.
            if (table.cuDeviceGetAttribute(out, attribute, self.raw) != .success) out.* = 0;
        }
        return self;
    }

    pub fn nameText(self: *const Facts) []const u8 {
        return std.mem.sliceTo(&self.name, 0);
    }

    pub fn value(self: *const Facts, comptime attribute: Attribute) i32 {
        return self.values[comptime std.mem.indexOfScalar(Attribute, &attributes, attribute).?];
    }
};

/// How many devices the driver has; it is initialised if it was not.
pub fn count(table: *const api.Table) !u32 {
    const initialised = table.cuInit(0);
    // No device: a driver without one is as good as none, but counting it is no error.
    if (initialised == .no_device) return 0;
    try outcome.require(table, initialised, "cuInit");
    var devices: c_int = 0;
    try outcome.require(table, table.cuDeviceGetCount(&devices), "cuDeviceGetCount");
    return @intCast(@max(devices, 0));
}
