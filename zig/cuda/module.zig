//! Kernels that the library carries as PTX: loaded onto a device when one of them is first launched there.
const std = @import("std");
const api = @import("../driver/cuda/api.zig");
const report = @import("../abi/report.zig");
const Device = @import("device.zig").Device;

const allocator = std.heap.smp_allocator;
const log_size = 300;

pub const Image = struct {
    ptx: [:0]const u8,
    /// Names of the kernels in it; a launch names one by its place here.
    functions: []const [:0]const u8,
};

const Module = struct { image: *const Image, raw: ?*api.types.Module, functions: []?*api.types.Function };

/// Those of a device; of its thread alone.
pub const Modules = struct {
    list: std.ArrayList(Module) = .empty,

    pub fn function(self: *Modules, device: *Device, image: *const Image, index: u32) !*api.types.Function {
        const module = try self.loaded(device, image);
        if (module.functions[index]) |known| return known;
        var found: ?*api.types.Function = null;
        try device.demand("cuModuleGetFunction", device.table.cuModuleGetFunction(&found, module.raw, image.functions[index].ptr));
        module.functions[index] = found;
        return found orelse report.fail(error.cuda_error, "GPU {d} gave no function {s}.", .{ device.ordinal, image.functions[index] });
    }

    fn loaded(self: *Modules, device: *Device, image: *const Image) !*Module {
        for (self.list.items) |*module| if (module.image == image) return module;
        try self.list.ensureUnusedCapacity(allocator, 1);
        const functions = try allocator.alloc(?*api.types.Function, image.functions.len);
        errdefer allocator.free(functions);
        @memset(functions, null);
        var raw: ?*api.types.Module = null;
        try load(device, image, &raw);
        self.list.appendAssumeCapacity(.{ .image = image, .raw = raw, .functions = functions });
        return &self.list.items[self.list.items.len - 1];
    }

    /// With what the compiler in the driver says, when it does not like the text.
    fn load(device: *Device, image: *const Image, raw: *?*api.types.Module) !void {
        var log: [log_size]u8 = @splat(0);
        var names = [_]api.types.JitOption{ .error_log_buffer, .error_log_buffer_size_bytes };
        var values = [_]?*anyopaque{ &log, @ptrFromInt(log.len) };
        const result = device.table.cuModuleLoadDataEx(raw, image.ptx.ptr, names.len, &names, &values);
        if (result == .success) return;
        const err = device.failed("cuModuleLoadDataEx", result);
        const words = std.mem.trim(u8, std.mem.sliceTo(&log, 0), &std.ascii.whitespace);
        if (words.len == 0) return err;
        var copy: [report.text_max]u8 = undefined;
        const text = report.text();
        @memcpy(copy[0..text.len], text);
        return report.fail(err, "{s} {s}", .{ copy[0..text.len], words });
    }

    pub fn unload(self: *Modules, table: *const api.Table) void {
        for (self.list.items) |module| _ = table.cuModuleUnload(module.raw);
    }

    pub fn deinit(self: *Modules) void {
        for (self.list.items) |module| allocator.free(module.functions);
        self.list.deinit(allocator);
    }
};
