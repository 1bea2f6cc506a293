//! Libraries that have the functions of `shim.h`: opened by path, never closed, since devices of theirs may live on. One is
//! the process's driver; a simulation takes its place while it lasts.
const std = @import("std");
const drivers = @import("table.zig");
const report = @import("../../abi/report.zig");
const interface = @import("../../sim/poplar/interface.zig");
const Mutex = @import("../../os/futex.zig").Mutex;

pub const Library = struct {
    path: []const u8,
    table: drivers.Table,
    /// Only a simulator has it.
    control: ?interface.Control,
};

const Version = struct { abi_version: *const fn () callconv(.c) i32 };

const libraries_max = 8;
var opened: [libraries_max]Library = undefined;
var handles: [libraries_max]*anyopaque = undefined;
var opened_count: usize = 0;
var lock: Mutex = .{};

var chosen: ?*const Library = null;
var chosen_stands_in = false;
var simulating: ?*const Library = null;

/// Opens the library at `path`, or gives the one opened before from the same file.
pub fn open(path: [:0]const u8) !*const Library {
    lock.lock();
    defer lock.unlock();
    const handle = std.c.dlopen(path.ptr, .{ .NOW = true, .NODELETE = true }) orelse {
        const reason = if (std.c.dlerror()) |text| std.mem.span(text) else "no reason given";
        return report.fail(error.driver_unusable, "{s} cannot be loaded: {s}.", .{ path, reason });
    };
    for (handles[0..opened_count], opened[0..opened_count]) |known, *library| if (known == handle) return library;
    if (opened_count == libraries_max) return report.fail(error.out_of_handles, "{d} device drivers are loaded; {s} is one too many.", .{ libraries_max, path });
    // Before the rest, since it says which functions there are.
    const version = (try functions(Version, "mrp_", handle, path)).abi_version();
    if (version != drivers.abi_version)
        return report.fail(error.driver_unusable, "{s} has version {d} of the interface, this is {d}; it has to be built again.", .{ path, version, drivers.abi_version });
    const simulator = std.c.dlsym(handle, "mrs_abi_version") != null;
    opened[opened_count] = .{
        .table = try functions(drivers.Table, "mrp_", handle, path),
        .control = if (simulator) try functions(interface.Control, "mrs_", handle, path) else null,
        .path = try std.heap.smp_allocator.dupe(u8, path),
    };
    handles[opened_count] = handle;
    opened_count += 1;
    return &opened[opened_count - 1];
}

fn functions(comptime T: type, comptime prefix: []const u8, handle: *anyopaque, path: []const u8) !T {
    var table: T = undefined;
    inline for (@typeInfo(T).@"struct".fields) |field| {
        const symbol = std.c.dlsym(handle, prefix ++ field.name) orelse
            return report.fail(error.driver_unusable, "{s} has no function {s}.", .{ path, prefix ++ field.name });
        @field(table, field.name) = @ptrCast(@alignCast(symbol));
    }
    return table;
}

/// What devices come from unless a simulation is under way. The first choice stays: devices of one process have one driver.
/// `stand_in`: it is there because nothing drives IPUs.
pub fn choose(library: *const Library, stand_in: bool) void {
    lock.lock();
    defer lock.unlock();
    if (chosen != null) return;
    chosen = library;
    chosen_stands_in = stand_in;
}

pub const Role = enum(u32) { driver = 0, simulation = 1, stand_in = 2 };

/// Why the current library is the current one.
pub fn role() Role {
    lock.lock();
    defer lock.unlock();
    if (simulating != null) return .simulation;
    return if (chosen_stands_in) .stand_in else .driver;
}

pub fn isReady() bool {
    lock.lock();
    defer lock.unlock();
    return simulating != null or chosen != null;
}

pub fn current() !*const Library {
    lock.lock();
    defer lock.unlock();
    return simulating orelse chosen orelse report.fail(error.driver_unusable, "no device driver was chosen.", .{});
}

/// `library` in place of the driver, until `endSimulation`.
pub fn beginSimulation(library: *const Library) !void {
    lock.lock();
    defer lock.unlock();
    if (simulating != null) return report.fail(error.simulation_active, "a simulation is under way in this process.", .{});
    simulating = library;
}

pub fn endSimulation() void {
    lock.lock();
    defer lock.unlock();
    simulating = null;
}
