//! The machine that is simulated. A device is known by its number, which no other device of the process ever gets: a
//! context of an earlier simulation stays what it was.
const std = @import("std");
const Mutex = @import("../../os/futex.zig").Mutex;
const abandon = @import("abandon.zig");
const Device = @import("device.zig").Device;
const failure = @import("failure.zig");
const interface = @import("interface.zig");
const leaks = @import("leaks.zig");
const Plans = @import("plans.zig").Plans;
const Pool = @import("pool.zig").Pool;
const transfers = @import("transfers.zig");

const allocator = std.heap.smp_allocator;

pub var plans: Plans = .{};
pub var initialised = std.atomic.Value(bool).init(false);

var lock: Mutex = .{};
var settings: interface.System = .{};
/// Every device that there ever was; the present ones are the last.
var devices: std.ArrayList(*Device) = .empty;
var first: usize = 0;
var configured = false;

/// As many as the environment says; one.
fn atFirst() interface.System {
    const text = std.c.getenv("MILLRACE_SIM_CUDA_DEVICES") orelse return .{};
    const wanted = std.fmt.parseInt(u32, std.mem.span(text), 10) catch return .{};
    return .{ .devices = @min(wanted, interface.devices_max) };
}

pub fn present() !interface.System {
    lock.lock();
    defer lock.unlock();
    try prepare();
    return settings;
}

/// Under the lock.
fn prepare() !void {
    if (!configured) try replaceWith(atFirst());
}

fn replaceWith(wanted: interface.System) !void {
    const begin = devices.items.len;
    errdefer for (devices.items[begin..]) |device| {
        devices.items.len -= 1;
        allocator.destroy(device);
    };
    for (0..wanted.devices) |ordinal| {
        const device = try Device.create(@intCast(begin + ordinal), @intCast(ordinal), wanted);
        errdefer allocator.destroy(device);
        try devices.append(allocator, device);
    }
    settings = wanted;
    first = begin;
    configured = true;
}

pub fn configure(wanted: interface.System) failure.Failure!void {
    if (wanted.devices > interface.devices_max) return failure.say(.invalid_value, "{d} devices: at most {d} are possible", .{ wanted.devices, interface.devices_max });
    if (wanted.compute_capability < 50 or wanted.compute_capability > 199) return failure.say(.invalid_value, "there is no compute capability {d}", .{wanted.compute_capability});
    if (wanted.memory_bytes < 1 << 20 or wanted.memory_bytes > 1 << 44) return failure.say(.invalid_value, "{d} bytes of memory: 1 MiB to 16 TiB are possible", .{wanted.memory_bytes});
    if (std.mem.findScalar(u8, &wanted.name, 0) == null) return failure.say(.invalid_value, "the name has no end", .{});
    lock.lock();
    defer lock.unlock();
    try replaceWith(wanted);
    startAnew();
}

pub fn clear() !void {
    lock.lock();
    defer lock.unlock();
    try replaceWith(atFirst());
    startAnew();
}

fn startAnew() void {
    plans.clear();
    for (&plans.calls) |*calls| calls.store(0, .monotonic);
    leaks.forget();
    transfers.reset();
}

/// A context that was lost is gone, with all that it had: the next one is another.
pub fn repair() failure.Failure!void {
    lock.lock();
    defer lock.unlock();
    plans.clear();
    for (devices.items[first..]) |device| {
        if (device.isBroken()) {
            _ = try abandon.all(device);
            device.retained.store(0, .release);
        }
        device.repair();
    }
}

/// By its place among the present devices.
pub fn at(ordinal: c_int) failure.Failure!*Device {
    lock.lock();
    defer lock.unlock();
    try prepare();
    if (ordinal < 0 or ordinal >= settings.devices) return failure.fail(.invalid_device);
    return devices.items[first + @as(usize, @intCast(ordinal))];
}

/// By its number, which cuDeviceGet gave.
pub fn numbered(number: c_int) failure.Failure!*Device {
    lock.lock();
    defer lock.unlock();
    if (number < 0 or number >= devices.items.len) return failure.fail(.invalid_device);
    return devices.items[@intCast(number)];
}

/// By the context of it.
pub fn ofContext(context: ?*const anyopaque) ?*Device {
    lock.lock();
    defer lock.unlock();
    for (devices.items) |device| if (device.context == @intFromPtr(context)) return device;
    return null;
}

/// A device's own pool, by its handle.
pub fn defaultPool(handle: usize) ?*Pool {
    lock.lock();
    defer lock.unlock();
    for (devices.items) |device| {
        const pool = device.default_pool orelse continue;
        if (pool.handle == handle) return pool;
    }
    return null;
}

/// The number of the first device that is there now.
pub fn firstNumber() c_int {
    lock.lock();
    defer lock.unlock();
    return @intCast(first);
}

/// How often contexts are retained, of devices from this number on that are not in error.
pub fn retainedContexts(from: c_int) u64 {
    lock.lock();
    defer lock.unlock();
    var count: u64 = 0;
    for (devices.items[@intCast(from)..]) |device| if (!device.isBroken()) {
        count += device.retained.load(.monotonic);
    };
    return count;
}
