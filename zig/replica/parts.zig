//! What a model is made of when it is no file alone: a graph and its weights in native memory, inputs that are held constant,
//! sessions on devices. Goes with the model.
const std = @import("std");
const report = @import("../abi/report.zig");
const engine = @import("../engine/onnx/session.zig");
const engine_port = @import("../engine/onnx/port.zig");
const engine_value = @import("../engine/onnx/value.zig");
const Device = @import("../cuda/device.zig").Device;
const Executor = @import("../session/executor.zig").Executor;
const KernelProgram = @import("kernel_program.zig").KernelProgram;
const Mapping = @import("../shm/mapping.zig").Mapping;

const allocator = std.heap.smp_allocator;

/// An input that no request has. `element` 0: whatever the input takes; without a shape: the input's.
pub const Constant = struct {
    name: []const u8,
    element: u8,
    shape: ?[]const i64,
    bytes: []u8,

    /// The shape for an input of the model, written to `axes`.
    pub fn shapeFor(self: *const Constant, port: *const engine_port.Port, axes: []i64) ![]const i64 {
        if (self.element != 0 and self.element != port.element)
            return report.fail(error.wrong_dtype, "the constant for \"{s}\" has element type {d}, the input {d}.", .{ self.name, self.element, port.element });
        const shape = self.shape orelse try infer(port, self.bytes.len, axes);
        const fits = shape.len == port.shape.len and for (shape, port.shape) |size, known| {
            if (known >= 0 and size != known) break false;
        } else true;
        if (!fits) return report.fail(error.wrong_shape, "the constant for \"{s}\" has shape {any}, the input {any}.", .{ self.name, shape, port.shape });
        if (try engine_value.sizeOf(port.element, shape) != self.bytes.len)
            return report.fail(error.wrong_size, "the constant for \"{s}\" has {d} bytes, which is not shape {any}.", .{ self.name, self.bytes.len, shape });
        return shape;
    }
};

/// The one axis that is open has what the others leave.
fn infer(port: *const engine_port.Port, size: usize, axes: []i64) ![]const i64 {
    const shape = axes[0..port.shape.len];
    @memcpy(shape, port.shape);
    const open = std.mem.findScalar(i64, shape, -1) orelse return shape;
    shape[open] = 1;
    const each = try engine_value.sizeOf(port.element, shape);
    if (std.mem.findScalar(i64, shape, -1) == null and each > 0 and size % each == 0) shape[open] = @intCast(size / each);
    return shape;
}

/// An input or output that is a stream of an executable; each of the executable's replicas has one.
pub const StreamPort = struct { name: [:0]const u8, handle: []const u8, element: u8, shape: []const i64 };

pub const Devices = struct {
    /// One for each replica of the model; null once it was given back.
    executors: []?*Executor,
    main: []const u32,
    load: []const u32,
    inputs: []const StreamPort,
    outputs: []const StreamPort,
    auto_reset: bool,
};

/// CUDA devices that the graph or the kernels run on.
pub const Cuda = struct {
    /// One for each replica: references; null once it was given back.
    devices: []?*Device,
    /// ONNX Runtime's provider; empty: for kernels none is needed.
    provider: [:0]const u8,
};

pub const Parts = struct {
    arena: std.heap.ArenaAllocator,
    held: std.ArrayList(*Mapping) = .empty,
    /// Empty: the model is a file.
    graph: []const u8 = "",
    weights: []const engine.Weight = &.{},
    constants: []const Constant = &.{},
    devices: ?Devices = null,
    /// Instead of a graph.
    kernels: ?KernelProgram = null,
    cuda: ?Cuda = null,

    pub fn create() !*Parts {
        const self = try allocator.create(Parts);
        self.* = .{ .arena = .init(allocator) };
        return self;
    }

    pub fn destroy(self: *Parts) void {
        if (self.devices) |devices| for (devices.executors) |*place| giveBack(place);
        if (self.kernels) |*program| program.close();
        if (self.cuda) |*cuda| for (cuda.devices) |*place| giveDeviceBack(place);
        for (self.held.items) |mapping| mapping.release();
        self.arena.deinit();
        allocator.destroy(self);
    }

    /// Takes the reference over; also when it fails.
    pub fn keep(self: *Parts, mapping: *Mapping) !void {
        errdefer mapping.release();
        try self.held.append(self.arena.allocator(), mapping);
    }

    pub fn constantFor(self: *const Parts, name: []const u8) ?*const Constant {
        for (self.constants) |*constant| if (std.mem.eql(u8, constant.name, name)) return constant;
        return null;
    }

    /// The replica's thread uses the session no more.
    pub fn giveBack(place: *?*Executor) void {
        const executor = place.* orelse return;
        place.* = null;
        executor.giveBack();
    }

    /// As `giveBack`: who waits for the replicas finds nothing of them on the device.
    pub fn giveDeviceBack(place: *?*Device) void {
        const device = place.* orelse return;
        place.* = null;
        device.release();
    }
};

test "a constant has the input's shape, or what its bytes make of the open axis, and nothing else" {
    const port: engine_port.Port = .{ .name = "x", .kind = .tensor, .element = 1, .shape = &.{ -1, 4 }, .symbols = &.{ "", "" } };
    var bytes: [48]u8 = undefined;
    var axes: [64]i64 = undefined;
    const plain: Constant = .{ .name = "x", .element = 1, .shape = null, .bytes = &bytes };
    try std.testing.expectEqualSlices(i64, &.{ 3, 4 }, try plain.shapeFor(&port, &axes));
    for ([_]Constant{
        .{ .name = "x", .element = 7, .shape = null, .bytes = &bytes },
        .{ .name = "x", .element = 1, .shape = &.{ 4, 3 }, .bytes = &bytes },
        .{ .name = "x", .element = 1, .shape = &.{ 2, 4 }, .bytes = &bytes },
        .{ .name = "x", .element = 1, .shape = null, .bytes = bytes[0..40] },
    }) |wrong| try std.testing.expect(std.meta.isError(wrong.shapeFor(&port, &axes)));
}
