//! Libraries with the functions of the CUDA driver: opened by path or name, never closed, since devices of theirs may live
//! on. One is the process's driver; a simulation takes its place while it lasts.
const std = @import("std");
const api = @import("api.zig");
const resolving = @import("resolve.zig");
const report = @import("../../abi/report.zig");
const Mutex = @import("../../os/futex.zig").Mutex;

/// What the system's loader finds where NVIDIA's driver is installed.
pub const default_name = "libcuda.so.1";

pub const Library = struct {
    table: api.Table,
    /// For `dlsym`: a simulator has functions beside those of the driver.
    handle: *anyopaque,
    /// As cuDriverGetVersion gives it: 1000 * major + 10 * minor.
    version: u32,

    /// A function that only a simulator has.
    pub fn symbol(self: *const Library, comptime T: type, name: [:0]const u8) ?T {
        return @ptrCast(@alignCast(std.c.dlsym(self.handle, name.ptr) orelse return null));
    }
};

const libraries_max = 8;
var opened: [libraries_max]Library = undefined;
var opened_count: usize = 0;
var lock: Mutex = .{};

var chosen: ?*const Library = null;
var simulating: ?*const Library = null;
/// Another one before, in and after each simulation.
var epoch: u32 = 0;

/// Opens the library at `path`, or gives the one opened before from the same file.
pub fn open(path: [:0]const u8) !*const Library {
    lock.lock();
    defer lock.unlock();
    const handle = std.c.dlopen(path.ptr, .{ .NOW = true, .NODELETE = true }) orelse {
        const reason = if (std.c.dlerror()) |text| std.mem.span(text) else "no reason given";
        return report.fail(error.cuda_missing, "the CUDA driver {s} cannot be loaded: {s}.", .{ path, reason });
    };
    for (opened[0..opened_count]) |*library| if (library.handle == handle) return library;
    if (opened_count == libraries_max) return report.fail(error.out_of_handles, "{d} CUDA drivers are loaded; {s} is one too many.", .{ libraries_max, path });
    const table = try resolving.resolve(.{ .context = handle, .find = find }, path);
    var version: c_int = 0;
    // What toolkits have in the driver's place for linking answers this with an error.
    if (table.cuDriverGetVersion(&version) != .success or version <= 0)
        return report.fail(error.cuda_missing, "{s} is no driver: it does not tell its version.", .{path});
    opened[opened_count] = .{ .table = table, .handle = handle, .version = @intCast(version) };
    opened_count += 1;
    return &opened[opened_count - 1];
}

fn find(context: *anyopaque, name: [*:0]const u8) ?*anyopaque {
    return std.c.dlsym(context, name);
}

/// What devices come from unless a simulation is under way. The first choice stays: devices of one process have one driver.
pub fn choose(library: *const Library) void {
    lock.lock();
    defer lock.unlock();
    if (chosen == null) chosen = library;
}

pub fn isReady() bool {
    lock.lock();
    defer lock.unlock();
    return simulating != null or chosen != null;
}

pub fn current() !*const Library {
    lock.lock();
    defer lock.unlock();
    return simulating orelse chosen orelse report.fail(error.cuda_missing, "no CUDA driver was chosen.", .{});
}

/// `library` in place of the driver, until `endSimulation`.
pub fn beginSimulation(library: *const Library) !void {
    lock.lock();
    defer lock.unlock();
    if (simulating != null) return report.fail(error.simulation_active, "a simulation of CUDA devices is under way in this process.", .{});
    simulating = library;
    epoch += 1;
}

pub fn endSimulation() void {
    lock.lock();
    defer lock.unlock();
    simulating = null;
    epoch += 1;
}

/// Changes with every simulation: devices that outlive theirs are not those of the next.
pub fn currentEpoch() u32 {
    lock.lock();
    defer lock.unlock();
    return epoch;
}
