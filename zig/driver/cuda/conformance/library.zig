const std = @import("std");
const api = @import("../api.zig");
const Bench = @import("bench.zig").Bench;
const Row = @import("bench.zig").Row;

const Status = api.types.ProcAddressStatus;

/// Before anybody called cuInit in this process.
pub const before = [_]Row{
    .{ .name = "before cuInit only the version and the errors can be asked", .calls = &.{ "cuDriverGetVersion", "cuDeviceGetCount", "cuGetErrorName" }, .run = uninitialised },
    .{ .name = "cuInit takes no flags, and may be called again", .calls = &.{"cuInit"}, .run = initialise },
};

pub const rows = [_]Row{
    .{ .name = "every function is found by its plain name and the version that was compiled against", .calls = &.{}, .run = found },
    .{ .name = "a name that nobody knows is no error: no function, and status 1", .calls = &.{}, .run = unknown },
    .{ .name = "a version before the function's first is no error: no function, and status 2", .calls = &.{}, .run = early },
    .{ .name = "a version above the driver's is an invalid value", .calls = &.{}, .run = late },
    .{ .name = "results have the names of the header, and texts", .calls = &.{ "cuGetErrorName", "cuGetErrorString" }, .run = names },
    .{ .name = "a number that is no result has no name and no text", .calls = &.{ "cuGetErrorName", "cuGetErrorString" }, .run = noNames },
};

fn uninitialised(b: *Bench) !void {
    var number: c_int = 0;
    try b.ok(b.table.cuDriverGetVersion(&number));
    try b.require(number >= 11000 and number < 100_000, "the version is 1000 * major + 10 * minor");
    try b.is(.not_initialized, b.table.cuDeviceGetCount(&number));
    var name: ?[*:0]const u8 = null;
    try b.ok(b.table.cuGetErrorName(.not_initialized, &name));
}

fn initialise(b: *Bench) !void {
    try b.is(.invalid_value, b.table.cuInit(1));
    try b.ok(b.table.cuInit(0));
    try b.ok(b.table.cuInit(0));
}

fn found(b: *Bench) !void {
    for (api.functions) |function| for (function.forms) |form| {
        if (form.version > b.version) continue;
        var pointer: ?*anyopaque = null;
        var status: Status = .not_found;
        try b.ok(b.proc_address(function.name.ptr, &pointer, form.version, 0, &status));
        if (pointer == null or status != .found) return b.fail("{s} of version {d} is not there", .{ function.name, form.version });
    };
}

fn unknown(b: *Bench) !void {
    var pointer: ?*anyopaque = @ptrFromInt(8);
    var status: Status = .found;
    // Drivers of CUDA 11 say not found.
    try b.oneOf(&.{ .success, .not_found }, b.proc_address("cuNoSuchFunction", &pointer, b.version, 0, &status));
    try b.require(pointer == null, "a function was found");
    try b.equal(@intFromEnum(Status.not_found), @intFromEnum(status), "status");
}

fn early(b: *Bench) !void {
    var pointer: ?*anyopaque = @ptrFromInt(8);
    var status: Status = .found;
    try b.oneOf(&.{ .success, .not_found }, b.proc_address("cuMemAllocAsync", &pointer, 4000, 0, &status));
    try b.require(pointer == null, "a function was found");
    try b.equal(@intFromEnum(Status.version_not_sufficient), @intFromEnum(status), "status");
}

fn late(b: *Bench) !void {
    var pointer: ?*anyopaque = null;
    try b.is(.invalid_value, b.proc_address("cuMemAlloc", &pointer, b.version + 1000, 0, null));
}

fn names(b: *Bench) !void {
    for ([_]api.Result{ .success, .invalid_value, .out_of_memory, .invalid_context, .illegal_address, .not_ready, .launch_failed, .host_memory_already_registered }) |result| {
        var name: ?[*:0]const u8 = null;
        try b.ok(b.table.cuGetErrorName(result, &name));
        if (!std.mem.eql(u8, std.mem.span(name.?), result.name().?)) return b.fail("{s} instead of {s}", .{ name.?, result.name().? });
        var text: ?[*:0]const u8 = null;
        try b.ok(b.table.cuGetErrorString(result, &text));
        try b.require(std.mem.len(text.?) > 0, "an empty text");
    }
}

fn noNames(b: *Bench) !void {
    var name: ?[*:0]const u8 = null;
    try b.is(.invalid_value, b.table.cuGetErrorName(@enumFromInt(12_345), &name));
    try b.is(.invalid_value, b.table.cuGetErrorString(@enumFromInt(12_345), &name));
}
