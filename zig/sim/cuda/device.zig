//! A simulated device, and its primary context: the only kind of context there is.
const std = @import("std");
const api = @import("../../driver/cuda/api.zig");
const Mutex = @import("../../os/futex.zig").Mutex;
const Arena = @import("arena.zig").Arena;
const failure = @import("failure.zig");
const handles = @import("handles.zig");
const interface = @import("interface.zig");
const Pool = @import("pool.zig").Pool;
const Stream = @import("stream.zig").Stream;

const Attribute = api.types.Attribute;
const Result = api.Result;
const allocator = std.heap.smp_allocator;

/// Lower is more urgent.
pub const priority_least = 0;
pub const priority_greatest = -5;

pub const Device = struct {
    /// What cuDeviceGet gives: unique in the process.
    number: c_int,
    ordinal: c_int,
    system: interface.System,
    /// The context's handle.
    context: usize,
    retained: std.atomic.Value(u32) = .init(0),
    flags: std.atomic.Value(c_uint) = .init(0),
    /// What every call returns since something sticky happened.
    broken: std.atomic.Value(c_int) = .init(0),
    /// What the next call returns that asks for it: an error of the past that is not sticky.
    overdue: std.atomic.Value(c_int) = .init(0),
    lost: std.atomic.Value(bool) = .init(false),
    /// Bytes of device memory that are taken.
    used: std.atomic.Value(u64) = .init(0),
    lock: Mutex = .{},
    /// All that have a thread; without references.
    streams: std.ArrayList(*Stream) = .empty,
    /// The legacy default stream, once somebody used it.
    legacy: ?*Stream = null,
    default_pool: ?*Pool = null,
    arena: ?*Arena = null,

    pub fn create(number: c_int, ordinal: c_int, system: interface.System) !*Device {
        const self = try allocator.create(Device);
        self.* = .{ .number = number, .ordinal = ordinal, .system = system, .context = handles.fresh() };
        return self;
    }

    pub fn mustWork(self: *Device) failure.Failure!void {
        const broken: Result = @enumFromInt(self.broken.load(.acquire));
        if (broken != .success) return failure.fail(broken);
    }

    /// As `mustWork`, for calls that ask how far a stream has come: they tell of what is overdue. The documentation has it that any
    /// call may; those that change something would be undone for nothing.
    pub fn account(self: *Device) failure.Failure!void {
        try self.mustWork();
        if (self.overdue.load(.monotonic) == 0) return;
        const overdue: Result = @enumFromInt(self.overdue.swap(0, .acquire));
        if (overdue != .success) return failure.fail(overdue);
    }

    /// The first one stays.
    pub fn breakWith(self: *Device, result: Result) void {
        // Release pairs with the acquire in `mustWork`.
        _ = self.broken.cmpxchgStrong(0, @intFromEnum(result), .release, .monotonic);
    }

    pub fn isBroken(self: *const Device) bool {
        return self.broken.load(.acquire) != 0;
    }

    pub fn repair(self: *Device) void {
        self.broken.store(0, .release);
        self.overdue.store(0, .release);
        self.lost.store(false, .release);
    }

    /// Takes `bytes` of the device's memory.
    pub fn take(self: *Device, bytes: u64) failure.Failure!void {
        var used = self.used.load(.monotonic);
        while (true) {
            if (bytes > self.system.memory_bytes - used) return failure.fail(.out_of_memory);
            used = self.used.cmpxchgWeak(used, used + bytes, .monotonic, .monotonic) orelse return;
        }
    }

    pub fn give(self: *Device, bytes: u64) void {
        _ = self.used.fetchSub(bytes, .monotonic);
    }

    pub fn memory(self: *Device) failure.Failure!*Arena {
        self.lock.lock();
        defer self.lock.unlock();
        if (self.arena == null) self.arena = try Arena.create();
        return self.arena.?;
    }

    pub fn hasFeature(self: *const Device, feature: u32) bool {
        return self.system.missing & feature == 0;
    }

    pub fn name(self: *const Device, into: []u8) []const u8 {
        const given = std.mem.sliceTo(&self.system.name, 0);
        if (given.len > 0) return std.fmt.bufPrint(into, "{s}", .{given}) catch into;
        return std.fmt.bufPrint(into, "Millrace simulated GPU {d}", .{self.ordinal}) catch into;
    }

    /// The same in every process of the machine, as memory can be passed between them.
    pub fn uuid(self: *const Device) [16]u8 {
        var bytes: [16]u8 = undefined;
        @memcpy(bytes[0..8], "millrace");
        std.mem.writeInt(u64, bytes[8..], 0xC0DA_0000_0000_0000 | @as(u64, @intCast(self.ordinal)), .big);
        return bytes;
    }

    /// Null: there is no such attribute.
    pub fn attribute(self: *const Device, wanted: Attribute) ?c_int {
        const has = struct {
            fn has(one: *const Device, feature: u32) c_int {
                return @intFromBool(one.hasFeature(feature));
            }
        }.has;
        return switch (wanted) {
            .max_threads_per_block, .max_block_dim_x, .max_block_dim_y => 1024,
            .max_block_dim_z => 64,
            .max_grid_dim_x => std.math.maxInt(i32),
            .max_grid_dim_y, .max_grid_dim_z => 65_535,
            .max_shared_memory_per_block => 48 * 1024,
            .total_constant_memory, .max_registers_per_block => 64 * 1024,
            .warp_size => 32,
            .clock_rate, .memory_clock_rate => 1_000_000,
            .multiprocessor_count => 1,
            .integrated, .compute_mode, .managed_memory, .pci_domain_id, .pci_device_id => 0,
            .can_map_host_memory, .concurrent_kernels, .unified_addressing, .stream_priorities_supported => 1,
            .async_engine_count => 2,
            .pci_bus_id => self.ordinal + 1,
            .global_memory_bus_width => 64,
            .l2_cache_size => 1 << 20,
            .max_threads_per_multiprocessor => 1024,
            .compute_capability_major => @intCast(self.system.compute_capability / 10),
            .compute_capability_minor => @intCast(self.system.compute_capability % 10),
            .pageable_memory_access, .pageable_memory_access_uses_host_page_tables => 0,
            .can_use_host_pointer_for_registered_mem, .host_register_supported => 1,
            .read_only_host_register_supported => has(self, interface.Feature.read_only_registration),
            .memory_pools_supported => has(self, interface.Feature.memory_pools),
            .mempool_supported_handle_types => 0,
            .ipc_event_supported => has(self, interface.Feature.ipc),
            _ => null,
        };
    }
};

test "memory is taken until there is no more" {
    const device = try Device.create(0, 0, .{ .memory_bytes = 1 << 20 });
    defer allocator.destroy(device);
    try device.take(1 << 19);
    try std.testing.expectError(error.Told, device.take((1 << 19) + 1));
    try device.take(1 << 19);
    device.give(1 << 20);
    try std.testing.expectEqual(0, device.used.load(.monotonic));
}

test "a device is broken by the first sticky error, and an overdue one is returned once" {
    const device = try Device.create(0, 0, .{});
    defer allocator.destroy(device);
    device.overdue.store(@intFromEnum(Result.launch_out_of_resources), .monotonic);
    try device.mustWork();
    try std.testing.expectError(error.Told, device.account());
    try device.account();
    device.breakWith(.illegal_address);
    device.breakWith(.launch_failed);
    for (0..2) |_| {
        try std.testing.expectError(error.Told, device.mustWork());
        try std.testing.expectEqual(.illegal_address, failure.resultOf(error.Told));
    }
}
