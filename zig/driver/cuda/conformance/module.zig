const std = @import("std");
const api = @import("../api.zig");
const Bench = @import("bench.zig").Bench;
const Row = @import("bench.zig").Row;

const types = api.types;

pub const rows = [_]Row{
    .{ .name = "a module is loaded from PTX, and its kernels are found by name", .calls = &.{ "cuModuleLoadDataEx", "cuModuleGetFunction", "cuModuleUnload" }, .run = load },
    .{ .name = "text that is no PTX is refused, and the log says why", .calls = &.{"cuModuleLoadDataEx"}, .run = noPtx },
    .{ .name = "PTX that is newer than the driver is refused as such", .calls = &.{"cuModuleLoadDataEx"}, .run = newer },
    .{ .name = "PTX for a better card than this one is refused", .calls = &.{"cuModuleLoadDataEx"}, .run = better },
    .{ .name = "a launch needs a grid, and a block of no more threads than the card has", .calls = &.{"cuLaunchKernel"}, .run = sizes },
    .{ .name = "a kernel that is not simulated is refused, by its name", .calls = &.{ "cuLaunchKernel", "cuGetErrorString" }, .simulated = true, .run = notSimulated },
};

/// Nothing that anybody would miss.
const empty_kernel =
    \\.version 6.3
    \\.target sm_75
    \\.address_size 64
    \\.visible .entry millrace_nothing(.param .u64 given)
    \\{
    \\  ret;
    \\}
;

fn loadText(b: *Bench, module: *?*types.Module, text: [:0]const u8) api.Result {
    return b.table.cuModuleLoadDataEx(module, text.ptr, 0, null, null);
}

fn load(b: *Bench) !void {
    var module: ?*types.Module = null;
    try b.ok(loadText(b, &module, empty_kernel));
    var function: ?*types.Function = null;
    try b.ok(b.table.cuModuleGetFunction(&function, module, "millrace_nothing"));
    try b.require(function != null, "no function");
    try b.is(.not_found, b.table.cuModuleGetFunction(&function, module, "millrace_something"));
    try b.ok(b.table.cuModuleUnload(module));
}

fn noPtx(b: *Bench) !void {
    var module: ?*types.Module = null;
    var log: [512]u8 = @splat(0);
    const names = [_]types.JitOption{ .error_log_buffer, .error_log_buffer_size_bytes };
    var values = [_]?*anyopaque{ &log, @ptrFromInt(log.len) };
    const result = b.table.cuModuleLoadDataEx(&module, "int main() { return 0; }", names.len, &names, &values);
    try b.oneOf(&.{ .invalid_ptx, .invalid_image }, result);
    if (result == .invalid_ptx) try b.require(log[0] != 0, "the log is empty");
}

fn newer(b: *Bench) !void {
    var module: ?*types.Module = null;
    try b.is(.unsupported_ptx_version, loadText(b, &module, ".version 99.0\n.target sm_75\n.address_size 64\n"));
}

fn better(b: *Bench) !void {
    const capability = 10 * try b.attribute(.compute_capability_major) + try b.attribute(.compute_capability_minor);
    // The newest target that the driver's language has.
    const newest: struct { c_int, [:0]const u8 } = if (b.version >= 12080)
        .{ 120, ".version 8.7\n.target sm_120\n.address_size 64\n" }
    else
        .{ 90, ".version 7.8\n.target sm_90\n.address_size 64\n" };
    if (capability >= newest[0]) return b.skip("the driver knows no better card than this");
    var module: ?*types.Module = null;
    try b.oneOf(&.{ .no_binary_for_gpu, .invalid_ptx }, loadText(b, &module, newest[1]));
}

const Nothing = struct {
    module: ?*types.Module = null,
    function: ?*types.Function = null,

    fn load(b: *Bench) !Nothing {
        var self: Nothing = .{};
        try b.ok(loadText(b, &self.module, empty_kernel));
        try b.ok(b.table.cuModuleGetFunction(&self.function, self.module, "millrace_nothing"));
        return self;
    }
};

fn launch(b: *Bench, function: ?*types.Function, grid: [3]c_uint, block: [3]c_uint) api.Result {
    var given: u64 = 0;
    const params = [_]?*anyopaque{&given};
    return b.table.cuLaunchKernel(function, grid[0], grid[1], grid[2], block[0], block[1], block[2], 0, null, &params, null);
}

fn sizes(b: *Bench) !void {
    const nothing: Nothing = try .load(b);
    defer _ = b.table.cuModuleUnload(nothing.module);
    for ([_][2][3]c_uint{
        .{ .{ 0, 1, 1 }, .{ 1, 1, 1 } },
        .{ .{ 1, 1, 1 }, .{ 1, 0, 1 } },
        .{ .{ 1, 70_000, 1 }, .{ 1, 1, 1 } },
        .{ .{ 1, 1, 1 }, .{ 2048, 1, 1 } },
        .{ .{ 1, 1, 1 }, .{ 64, 64, 1 } },
    }) |case| try b.is(.invalid_value, launch(b, nothing.function, case[0], case[1]));
}

fn notSimulated(b: *Bench) !void {
    const nothing: Nothing = try .load(b);
    defer _ = b.table.cuModuleUnload(nothing.module);
    try b.is(.not_supported, launch(b, nothing.function, .{ 1, 1, 1 }, .{ 1, 1, 1 }));
    var text: ?[*:0]const u8 = null;
    try b.ok(b.table.cuGetErrorString(.not_supported, &text));
    try b.require(std.mem.find(u8, std.mem.span(text.?), "millrace_nothing") != null, "the text does not name the kernel");
}
