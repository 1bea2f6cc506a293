//! What a row works with: the driver that is loaded, a device of it with its context current, and checks that say what
//! was expected.
const std = @import("std");
const api = @import("../api.zig");
const Control = @import("../../../sim/cuda/interface.zig").Control;

const Result = api.Result;
const types = api.types;

pub const Row = struct {
    /// A sentence about the driver.
    name: []const u8,
    /// The functions that it is about.
    calls: []const []const u8,
    /// What only a simulator can be asked: it is made late, or the call would be undefined on a card.
    simulated: bool = false,
    run: *const fn (bench: *Bench) anyerror!void,
};

/// A row that this machine cannot answer: `skip`.
pub const Skipped = error.Skipped;

pub const Bench = struct {
    table: *const api.Table,
    proc_address: api.GetProcAddress,
    /// Only a simulator has it.
    control: ?*const Control,
    device: types.Device = 0,
    context: ?*types.Context = null,
    version: c_int = 0,
    reason_memory: [256]u8 = undefined,
    reason: []const u8 = "",

    pub fn begin(self: *Bench) !void {
        const t = self.table;
        try self.ok(t.cuDeviceGet(&self.device, 0));
        try self.ok(t.cuDevicePrimaryCtxRetain(&self.context, self.device));
        try self.ok(t.cuCtxSetCurrent(self.context));
        try self.ok(t.cuDriverGetVersion(&self.version));
    }

    pub fn end(self: *Bench) void {
        _ = self.table.cuCtxSetCurrent(null);
        if (self.context != null) _ = self.table.cuDevicePrimaryCtxRelease(self.device);
        self.context = null;
    }

    pub fn ok(self: *Bench, result: Result) !void {
        return self.is(.success, result);
    }

    pub fn is(self: *Bench, wanted: Result, result: Result) !void {
        if (wanted == result) return;
        return self.fail("{s} instead of {s}", .{ nameOf(result), nameOf(wanted) });
    }

    pub fn oneOf(self: *Bench, wanted: []const Result, result: Result) !void {
        for (wanted) |one| if (one == result) return;
        return self.fail("{s} instead of {s} or the like", .{ nameOf(result), nameOf(wanted[0]) });
    }

    pub fn require(self: *Bench, condition: bool, comptime what: []const u8) !void {
        if (!condition) return self.fail("{s}", .{what});
    }

    pub fn equal(self: *Bench, wanted: anytype, found: anytype, comptime what: []const u8) !void {
        if (wanted != found) return self.fail(what ++ ": {d} instead of {d}", .{ found, wanted });
    }

    pub fn skip(self: *Bench, comptime reason: []const u8) anyerror {
        self.reason = reason;
        return Skipped;
    }

    pub fn fail(self: *Bench, comptime format: []const u8, arguments: anytype) anyerror {
        self.reason = std.fmt.bufPrint(&self.reason_memory, format, arguments) catch self.reason_memory[0..];
        return error.Failed;
    }

    pub fn attribute(self: *Bench, wanted: types.Attribute) !c_int {
        var value: c_int = 0;
        try self.ok(self.table.cuDeviceGetAttribute(&value, wanted, self.device));
        return value;
    }

    pub fn allocate(self: *Bench, size: usize) !types.Pointer {
        var pointer: types.Pointer = 0;
        try self.ok(self.table.cuMemAlloc(&pointer, size));
        return pointer;
    }

    pub fn stream(self: *Bench) !*types.Stream {
        var made: ?*types.Stream = null;
        try self.ok(self.table.cuStreamCreateWithPriority(&made, types.StreamFlags.non_blocking, 0));
        return made.?;
    }

    pub fn event(self: *Bench, flags: c_uint) !*types.Event {
        var made: ?*types.Event = null;
        try self.ok(self.table.cuEventCreate(&made, flags));
        return made.?;
    }

    pub fn pinned(self: *Bench, size: usize) ![]u8 {
        var pointer: ?*anyopaque = null;
        try self.ok(self.table.cuMemHostAlloc(&pointer, size, 0));
        return @as([*]u8, @ptrCast(pointer.?))[0..size];
    }

    /// From the device, through pageable memory.
    pub fn read(self: *Bench, comptime T: type, into: []T, from: types.Pointer, on: ?*types.Stream) !void {
        try self.ok(self.table.cuMemcpyDtoHAsync(into.ptr, from, into.len * @sizeOf(T), on));
        try self.ok(self.table.cuStreamSynchronize(on));
    }

    /// The stream is busy for this long: the next operation on it is late. Simulated devices only.
    pub fn delayNext(self: *Bench, comptime call: []const u8, us: u32) !void {
        const control = self.control.?;
        const number = control.function_number(call.ptr, call.len);
        try self.ok(control.plan(&.{ .function = @intCast(number), .delay_us = us, .asynchronous = 1 }));
    }
};

pub fn nameOf(result: Result) []const u8 {
    return result.name() orelse "a result without a name";
}
