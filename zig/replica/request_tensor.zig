//! Where one input or output of a request is: the request's own memory, the caller's, or a device's.
const Mapping = @import("../shm/mapping.zig").Mapping;
const DeviceTensor = @import("device_tensor.zig").DeviceTensor;
const Kept = @import("kept.zig").Kept;
const Place = @import("../cuda/place.zig").Place;
const Registration = @import("../cuda/registration.zig").Registration;
const Value = @import("../engine/onnx/value.zig").Value;

pub const Input = struct {
    bytes: []u8 = &.{},
    axes: []i64,
    /// Keeps `bytes` alive; null: they are the request's own.
    memory: ?*Mapping = null,
    /// `memory` is for this run alone.
    once: bool = false,
    /// Instead of `bytes` and `memory`, for this run alone.
    device: ?*DeviceTensor = null,
    /// Of `bytes`, when they are page-locked by one of ours.
    registration: ?*Registration = null,
    kept: Kept,

    pub fn size(self: *const Input) usize {
        return if (self.device) |tensor| @intCast(tensor.size) else self.bytes.len;
    }

    pub fn bindDevice(self: *Input, tensor: *DeviceTensor) void {
        self.drop();
        self.device = tensor;
        self.bytes = &.{};
    }

    /// One end of a copy. `own`: the request's memory.
    pub fn place(self: *const Input, own: *Mapping) Place {
        if (self.device) |tensor| return .{ .device = .{ .memory = tensor.memory, .offset = tensor.offset } };
        return .{ .host = .{ .mapping = self.memory orelse own, .bytes = self.bytes, .registration = self.registration } };
    }

    pub fn drop(self: *Input) void {
        if (self.memory) |memory| memory.release();
        if (self.device) |tensor| tensor.release();
        if (self.registration) |registration| registration.release();
        self.memory = null;
        self.device = null;
        self.registration = null;
        self.once = false;
    }
};

/// bound: in the caller's memory; area: where JavaScript knows; extra: at `offset` of the chunk; held: see `held`.
pub const Placement = enum { unset, bound, area, extra, held };

pub const Held = union(enum) { none, value: Value, mapping: *Mapping };

pub const Output = struct {
    bytes: []u8 = &.{},
    axes: []i64,
    rank: usize = 0,
    /// The caller's memory, for this run.
    memory: ?*Mapping = null,
    /// Instead of `memory`.
    device: ?*DeviceTensor = null,
    registration: ?*Registration = null,
    placement: Placement = .unset,
    offset: usize = 0,
    held: Held = .none,
    kept: Kept,

    pub fn isGiven(self: *const Output) bool {
        return self.memory != null or self.device != null;
    }

    pub fn bindDevice(self: *Output, tensor: *DeviceTensor, rank: usize) void {
        self.drop();
        self.device = tensor;
        self.bytes = &.{};
        self.rank = rank;
    }

    /// One end of a copy: `bytes` are where it was placed. `own`: the request's memory.
    pub fn place(self: *const Output, own: *Mapping, bytes: []u8) Place {
        const mapping = switch (self.placement) {
            .bound => self.memory.?,
            .held => self.held.mapping,
            .area, .extra, .unset => own,
        };
        return .{ .host = .{ .mapping = mapping, .bytes = bytes, .registration = self.registration } };
    }

    pub fn drop(self: *Output) void {
        if (self.memory) |memory| memory.release();
        if (self.device) |tensor| tensor.release();
        if (self.registration) |registration| registration.release();
        self.memory = null;
        self.device = null;
        self.registration = null;
    }
};
