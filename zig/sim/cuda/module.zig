//! Modules from PTX text: which kernels it has, and whether a device of this kind could run it. What the kernels do is not
//! read: launch.zig knows some by name.
const std = @import("std");
const Device = @import("device.zig").Device;
const failure = @import("failure.zig");
const handles = @import("handles.zig");
const OfDevice = @import("stream.zig").OfDevice;

const allocator = std.heap.smp_allocator;
const image_max = 64 << 20;

pub var open: handles.Table(Module) = .{};
pub var functions: handles.Table(Function) = .{};

pub const Function = struct {
    references: std.atomic.Value(u32) = .init(1),
    device: *Device,
    handle: usize,
    name: []const u8,

    pub fn retain(self: *Function) void {
        _ = self.references.fetchAdd(1, .monotonic);
    }

    pub fn release(self: *Function) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        allocator.free(self.name);
        allocator.destroy(self);
    }
};

pub const Module = struct {
    references: std.atomic.Value(u32) = .init(1),
    device: *Device,
    handle: usize,
    functions: std.ArrayList(*Function) = .empty,

    pub fn load(device: *Device, image: [*:0]const u8) failure.Failure!*Module {
        if (image[0] == 0x7f or image[0] == 0x50) return failure.say(.no_binary_for_gpu, "binaries are not simulated: load PTX", .{});
        const text = std.mem.span(image);
        if (text.len == 0 or text.len > image_max) return failure.fail(.invalid_image);
        const header = parse(text) orelse return failure.say(.invalid_ptx, "the image is no PTX: it has no .version and .target", .{});
        // Versions of the language go with those of the driver: 8.x came with 12.x.
        const newest = @divTrunc(device.system.driver_version, 1000) - 4;
        if (header.version_major > newest) return failure.say(.unsupported_ptx_version, "PTX {d}.{d} is newer than the driver, which takes {d}.x", .{ header.version_major, header.version_minor, newest });
        if (header.target > device.system.compute_capability) return failure.say(.no_binary_for_gpu, "PTX for sm_{d}: the device has compute capability {d}", .{ header.target, device.system.compute_capability });
        const self = try allocator.create(Module);
        self.* = .{ .device = device, .handle = handles.fresh() };
        errdefer self.release();
        var entries: Entries = .{ .text = text };
        while (entries.next()) |name| try self.addFunction(name);
        return self;
    }

    fn addFunction(self: *Module, name: []const u8) failure.Failure!void {
        const function = try allocator.create(Function);
        errdefer allocator.destroy(function);
        function.* = .{ .device = self.device, .handle = handles.fresh(), .name = try allocator.dupe(u8, name) };
        errdefer allocator.free(function.name);
        try self.functions.append(allocator, function);
        errdefer _ = self.functions.pop();
        function.retain();
        try functions.add(function.handle, function);
    }

    pub fn find(self: *const Module, name: []const u8) ?*Function {
        for (self.functions.items) |function| if (std.mem.eql(u8, function.name, name)) return function;
        return null;
    }

    pub fn retain(self: *Module) void {
        _ = self.references.fetchAdd(1, .monotonic);
    }

    pub fn release(self: *Module) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        for (self.functions.items) |function| {
            if (functions.take(@ptrFromInt(function.handle))) |same| same.release();
            function.release();
        }
        self.functions.deinit(allocator);
        allocator.destroy(self);
    }
};

const Header = struct { version_major: u32, version_minor: u32, target: u32 };

fn parse(text: []const u8) ?Header {
    var version = std.mem.tokenizeAny(u8, after(text, ".version") orelse return null, " \t\r\n");
    var numbers = std.mem.splitScalar(u8, version.next() orelse return null, '.');
    const major = std.fmt.parseInt(u32, numbers.next().?, 10) catch return null;
    const minor = std.fmt.parseInt(u32, numbers.next() orelse return null, 10) catch return null;
    var target = std.mem.tokenizeAny(u8, after(text, ".target") orelse return null, " \t\r\n,");
    const name = target.next() orelse return null;
    if (!std.mem.startsWith(u8, name, "sm_")) return null;
    const digits = std.mem.trimEnd(u8, name[3..], "af");
    return .{ .version_major = major, .version_minor = minor, .target = std.fmt.parseInt(u32, digits, 10) catch return null };
}

/// What follows the directive where it begins a line.
fn after(text: []const u8, directive: []const u8) ?[]const u8 {
    var lines = std.mem.splitScalar(u8, text, '\n');
    while (lines.next()) |line| {
        const code = std.mem.trimStart(u8, line, " \t");
        if (std.mem.startsWith(u8, code, directive)) return code[directive.len..];
    }
    return null;
}

/// Names of `.entry` directives.
const Entries = struct {
    text: []const u8,

    fn next(self: *Entries) ?[]const u8 {
        while (std.mem.find(u8, self.text, ".entry")) |found| {
            const before = self.text[0..found];
            const line = before[if (std.mem.findScalarLast(u8, before, '\n')) |end| end + 1 else 0..];
            self.text = self.text[found + ".entry".len ..];
            if (std.mem.find(u8, line, "//") != null) continue;
            const name = std.mem.trimStart(u8, self.text, " \t\r\n");
            const length = std.mem.findAny(u8, name, " \t\r\n(") orelse name.len;
            if (length > 0) return name[0..length];
        }
        return null;
    }
};

/// The function of a handle, retained.
pub fn functionOf(handle: ?*const anyopaque) failure.Failure!*Function {
    return functions.get(handle) orelse failure.fail(.invalid_handle);
}

pub fn abandon(device: *Device) u64 {
    var count: u64 = 0;
    while (open.takeAny(OfDevice{ .device = device })) |module| : (count += 1) module.release();
    return count;
}

test "a PTX text says its version, its target and its kernels" {
    const text =
        \\//
        \\// a comment with .entry nobody(
        \\.version 6.3
        \\.target sm_75, debug
        \\.address_size 64
        \\.visible .entry copy_f32(
        \\  .param .u64 p) { ret; }
        \\.weak .entry
        \\  fill ( ) { ret; }
    ;
    const header = parse(text).?;
    try std.testing.expectEqual(Header{ .version_major = 6, .version_minor = 3, .target = 75 }, header);
    var entries: Entries = .{ .text = text };
    try std.testing.expectEqualStrings("copy_f32", entries.next().?);
    try std.testing.expectEqualStrings("fill", entries.next().?);
    try std.testing.expectEqual(null, entries.next());
    try std.testing.expectEqual(null, parse("int main() {}"));
}
