//! Memory and events that pass between processes.
const api = @import("../../../driver/cuda/api.zig");
const current = @import("../current.zig");
const events = @import("../event.zig");
const failure = @import("../failure.zig");
const Import = @import("../import.zig").Import;
const imported = @import("../imported_memory.zig");
const Handle = @import("../import.zig").Handle;
const interface = @import("../interface.zig");
const ranges = @import("../ranges.zig");

const Event = api.types.Event;
const Pointer = api.types.Pointer;
const types = api.types;

pub fn cuIpcGetMemHandle(handle: *types.IpcMemHandle, pointer: Pointer) failure.Failure!void {
    const device = try current.device();
    if (!device.hasFeature(interface.Feature.ipc)) return failure.fail(.not_supported);
    const block = ranges.find(pointer) orelse return failure.fail(.invalid_value);
    defer block.release();
    if (block.kind != .plain or block.address != pointer) return failure.fail(.invalid_value);
    handle.reserved = @bitCast(try imported.exported(block));
}

pub fn cuIpcOpenMemHandle(pointer: *Pointer, handle: types.IpcMemHandle, flags: c_uint) failure.Failure!void {
    const device = try current.device();
    if (flags != types.ipc_lazy_enable_peer_access) return failure.fail(.invalid_value);
    pointer.* = try imported.open(device, &handle.reserved);
}

pub fn cuIpcCloseMemHandle(pointer: Pointer) failure.Failure!void {
    const device = try current.any();
    try imported.close(pointer);
    try device.mustWork();
}

pub fn cuIpcGetEventHandle(handle: *types.IpcEventHandle, event: ?*Event) failure.Failure!void {
    const device = try current.device();
    const one = try events.of(event);
    defer one.release();
    const shared = one.shared orelse return failure.fail(.invalid_handle);
    if (one.import != null) return failure.fail(.invalid_handle);
    const arena = try device.memory();
    const index = (@intFromPtr(shared) - @intFromPtr(&arena.directory.events)) / @sizeOf(@TypeOf(shared.*));
    handle.reserved = @bitCast(Handle.of(arena, .event, index, shared.id.load(.acquire), device.ordinal));
}

pub fn cuIpcOpenEventHandle(event: *?*Event, handle: types.IpcEventHandle) failure.Failure!void {
    const device = try current.device();
    const made = try events.Event.create(device, false);
    errdefer made.release();
    const import = try Import.open(&handle.reserved, .event);
    made.import = import;
    made.shared = try import.event();
    try events.open.add(made.handle, made);
    event.* = @ptrFromInt(made.handle);
}
