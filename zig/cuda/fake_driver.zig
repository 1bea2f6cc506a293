//! As much of a driver as the tests of this folder need: memory of the host, work that is done when it is asked for but told of
//! late, and calls that fail when they are told to. The real rules are in `sim/cuda`.
const std = @import("std");
const api = @import("../driver/cuda/api.zig");
const futex = @import("../os/futex.zig");
const types = api.types;
const Result = api.Result;

const allocator = std.heap.smp_allocator;

pub const Call = enum { init, alloc, free, alloc_pool, free_pool, trim, host_alloc, host_free, host_register, host_unregister, to_device, to_host, on_device, set, stream_create, stream_destroy, event_create, event_destroy, record, query, wait_event, elapsed, retain, release, launch, module_load, synchronize };

var lock: futex.Mutex = .{};
var counts: [std.enums.values(Call).len]u32 = @splat(0);
var failing: ?struct { call: Call, at: u32, times: u32, result: Result } = null;
/// Looks at an event before it is passed; each event counts its own.
var lag: u32 = 0;
var held: bool = false;
var gate: ?Call = null;

pub fn reset() void {
    lock.lock();
    defer lock.unlock();
    counts = @splat(0);
    failing = null;
    lag = 0;
    held = false;
    gate = null;
}

/// Who makes this call stays in it until `open`.
pub fn shut(call: Call) void {
    lock.lock();
    defer lock.unlock();
    gate = call;
}

/// Waits until somebody has made the call so often.
pub fn arrived(call: Call, times: u32) void {
    while (count(call) < times) futex.pause();
}

pub fn open() void {
    lock.lock();
    defer lock.unlock();
    gate = null;
}

fn isShut(call: Call) bool {
    lock.lock();
    defer lock.unlock();
    return gate == call;
}

pub fn count(call: Call) u32 {
    lock.lock();
    defer lock.unlock();
    return counts[@intFromEnum(call)];
}

/// The `at`-th call from now, from 1, and those that follow up to `times`, give `result`.
pub fn fail(call: Call, at: u32, times: u32, result: Result) void {
    lock.lock();
    defer lock.unlock();
    failing = .{ .call = call, .at = counts[@intFromEnum(call)] + at, .times = times, .result = result };
}

/// While it holds, no event is passed.
pub fn hold(holds: bool) void {
    lock.lock();
    defer lock.unlock();
    held = holds;
}

pub fn late(looks: u32) void {
    lock.lock();
    defer lock.unlock();
    lag = looks;
}

fn called(call: Call) Result {
    const result = noted(call);
    while (isShut(call)) futex.pause();
    return result;
}

fn noted(call: Call) Result {
    lock.lock();
    defer lock.unlock();
    counts[@intFromEnum(call)] += 1;
    const number = counts[@intFromEnum(call)];
    const plan = failing orelse return .success;
    return if (plan.call == call and number >= plan.at and number < plan.at + plan.times) plan.result else .success;
}

const Event = struct { looks: u32 = 0, recorded: bool = false };

fn init(_: c_uint) callconv(.c) Result {
    return called(.init);
}

fn name(code: Result, out: *?[*:0]const u8) callconv(.c) Result {
    out.* = if (code.name()) |text| text.ptr else return .invalid_value;
    return .success;
}

fn words(_: Result, out: *?[*:0]const u8) callconv(.c) Result {
    out.* = "as planned";
    return .success;
}

fn deviceCount(out: *c_int) callconv(.c) Result {
    out.* = 2;
    return .success;
}

fn deviceGet(out: *types.Device, ordinal: c_int) callconv(.c) Result {
    out.* = ordinal;
    return .success;
}

fn deviceName(out: [*]u8, size: c_int, _: types.Device) callconv(.c) Result {
    const text = "Fake";
    @memcpy(out[0..text.len], text);
    out[text.len] = 0;
    std.debug.assert(size > text.len);
    return .success;
}

fn uuid(out: *types.Uuid, device: types.Device) callconv(.c) Result {
    out.bytes = @splat(@intCast(device));
    return .success;
}

fn totalMem(out: *usize, _: types.Device) callconv(.c) Result {
    out.* = 1 << 30;
    return .success;
}

fn attribute(out: *c_int, _: types.Attribute, _: types.Device) callconv(.c) Result {
    out.* = 1;
    return .success;
}

fn retain(out: *?*types.Context, _: types.Device) callconv(.c) Result {
    out.* = @ptrFromInt(0x40);
    return called(.retain);
}

fn release(_: types.Device) callconv(.c) Result {
    return called(.release);
}

fn flags(_: types.Device, _: c_uint) callconv(.c) Result {
    return .success;
}

fn setCurrent(_: ?*types.Context) callconv(.c) Result {
    return .success;
}

fn priorities(least: ?*c_int, greatest: ?*c_int) callconv(.c) Result {
    least.?.* = 0;
    greatest.?.* = -5;
    return .success;
}

fn memInfo(free_bytes: *usize, total: *usize) callconv(.c) Result {
    free_bytes.* = 1 << 20;
    total.* = 1 << 30;
    return .success;
}

/// Each allocation has its size before it.
fn make(out: *types.Pointer, size: usize) Result {
    const bytes = allocator.alignedAlloc(u8, .@"64", size + 64) catch return .out_of_memory;
    std.mem.writeInt(u64, bytes[0..8], size + 64, .little);
    out.* = @intFromPtr(bytes.ptr) + 64;
    return .success;
}

fn unmake(pointer: types.Pointer) void {
    const base: [*]align(64) u8 = @ptrFromInt(pointer - 64);
    allocator.free(base[0..std.mem.readInt(u64, base[0..8], .little)]);
}

fn memAlloc(out: *types.Pointer, size: usize) callconv(.c) Result {
    const result = called(.alloc);
    return if (result == .success) make(out, size) else result;
}

fn memFree(pointer: types.Pointer) callconv(.c) Result {
    unmake(pointer);
    return called(.free);
}

fn poolAlloc(out: *types.Pointer, size: usize, _: ?*types.MemPool, _: ?*types.Stream) callconv(.c) Result {
    const result = called(.alloc_pool);
    return if (result == .success) make(out, size) else result;
}

fn poolFree(pointer: types.Pointer, _: ?*types.Stream) callconv(.c) Result {
    unmake(pointer);
    return called(.free_pool);
}

fn poolCreate(out: *?*types.MemPool, _: *const types.MemPoolProps) callconv(.c) Result {
    out.* = @ptrFromInt(0x40);
    return .success;
}

fn poolDestroy(_: ?*types.MemPool) callconv(.c) Result {
    return .success;
}

fn poolSet(_: ?*types.MemPool, _: types.MemPoolAttribute, _: *anyopaque) callconv(.c) Result {
    return .success;
}

fn poolTrim(_: ?*types.MemPool, _: usize) callconv(.c) Result {
    return called(.trim);
}

fn hostAlloc(out: *?*anyopaque, size: usize, _: c_uint) callconv(.c) Result {
    const result = called(.host_alloc);
    if (result != .success) return result;
    var address: types.Pointer = 0;
    const made = make(&address, size);
    if (made == .success) out.* = @ptrFromInt(address);
    return made;
}

fn hostFree(pointer: ?*anyopaque) callconv(.c) Result {
    unmake(@intFromPtr(pointer.?));
    return called(.host_free);
}

fn hostRegister(_: ?*anyopaque, _: usize, _: c_uint) callconv(.c) Result {
    return called(.host_register);
}

fn hostUnregister(_: ?*anyopaque) callconv(.c) Result {
    return called(.host_unregister);
}

fn move(call: Call, to: u64, from: u64, size: usize) Result {
    const result = called(call);
    if (result != .success) return result;
    const target: [*]u8 = @ptrFromInt(to);
    const source: [*]const u8 = @ptrFromInt(from);
    @memcpy(target[0..size], source[0..size]);
    return .success;
}

fn toDevice(to: types.Pointer, from: *const anyopaque, size: usize, _: ?*types.Stream) callconv(.c) Result {
    return move(.to_device, to, @intFromPtr(from), size);
}

fn toHost(to: *anyopaque, from: types.Pointer, size: usize, _: ?*types.Stream) callconv(.c) Result {
    return move(.to_host, @intFromPtr(to), from, size);
}

fn onDevice(to: types.Pointer, from: types.Pointer, size: usize, _: ?*types.Stream) callconv(.c) Result {
    return move(.on_device, to, from, size);
}

fn set32(to: types.Pointer, value: u32, amount: usize, _: ?*types.Stream) callconv(.c) Result {
    const result = called(.set);
    if (result != .success) return result;
    @memset(@as([*]u32, @ptrFromInt(to))[0..amount], value);
    return .success;
}

fn streamCreate(out: *?*types.Stream, _: c_uint, _: c_int) callconv(.c) Result {
    out.* = @ptrFromInt(0x40);
    return called(.stream_create);
}

fn streamDestroy(_: ?*types.Stream) callconv(.c) Result {
    return called(.stream_destroy);
}

fn streamSynchronize(_: ?*types.Stream) callconv(.c) Result {
    return called(.synchronize);
}

fn waitEvent(_: ?*types.Stream, _: ?*types.Event, _: c_uint) callconv(.c) Result {
    return called(.wait_event);
}

fn eventCreate(out: *?*types.Event, _: c_uint) callconv(.c) Result {
    const result = called(.event_create);
    if (result != .success) return result;
    const event = allocator.create(Event) catch return .out_of_memory;
    event.* = .{};
    out.* = @ptrCast(event);
    return .success;
}

fn eventDestroy(event: ?*types.Event) callconv(.c) Result {
    allocator.destroy(@as(*Event, @ptrCast(@alignCast(event.?))));
    return called(.event_destroy);
}

fn eventRecord(event: ?*types.Event, _: ?*types.Stream) callconv(.c) Result {
    const result = called(.record);
    if (result == .success) @as(*Event, @ptrCast(@alignCast(event.?))).* = .{ .recorded = true };
    return result;
}

fn eventQuery(event: ?*types.Event) callconv(.c) Result {
    const result = called(.query);
    if (result != .success) return result;
    const self: *Event = @ptrCast(@alignCast(event.?));
    lock.lock();
    defer lock.unlock();
    self.looks += 1;
    return if (held or self.looks <= lag) .not_ready else .success;
}

fn eventElapsed(out: *f32, start: ?*types.Event, end: ?*types.Event) callconv(.c) Result {
    const result = called(.elapsed);
    if (result != .success) return result;
    for ([_]?*types.Event{ start, end }) |event| {
        if (!@as(*Event, @ptrCast(@alignCast(event.?))).recorded) return .invalid_handle;
    }
    out.* = 1.5;
    return .success;
}

fn moduleLoad(out: *?*types.Module, _: *const anyopaque, _: c_uint, _: ?[*]const types.JitOption, values: ?[*]?*anyopaque) callconv(.c) Result {
    const result = called(.module_load);
    if (result == .success) {
        out.* = @ptrFromInt(0x40);
    } else @memcpy(@as([*]u8, @ptrCast(values.?[0].?))[0..7], "line 3\x00");
    return result;
}

fn moduleUnload(_: ?*types.Module) callconv(.c) Result {
    return .success;
}

fn moduleFunction(out: *?*types.Function, _: ?*types.Module, _: [*:0]const u8) callconv(.c) Result {
    out.* = @ptrFromInt(0x40);
    return .success;
}

/// Every kernel here adds one to the byte that its first parameter points to.
fn launch(_: ?*types.Function, _: c_uint, _: c_uint, _: c_uint, _: c_uint, _: c_uint, _: c_uint, _: c_uint, _: ?*types.Stream, params: ?[*]const ?*anyopaque, _: ?[*]const ?*anyopaque) callconv(.c) Result {
    const result = called(.launch);
    if (result != .success) return result;
    const address: *const u64 = @ptrCast(@alignCast(params.?[0].?));
    @as(*u8, @ptrFromInt(address.*)).* += 1;
    return .success;
}

/// What is not here is never called by these tests.
pub const table: api.Table = made: {
    var filled: api.Table = undefined;
    filled.cuInit = &init;
    filled.cuGetErrorName = &name;
    filled.cuGetErrorString = &words;
    filled.cuDeviceGetCount = &deviceCount;
    filled.cuDeviceGet = &deviceGet;
    filled.cuDeviceGetName = &deviceName;
    filled.cuDeviceGetUuid = &uuid;
    filled.cuDeviceTotalMem = &totalMem;
    filled.cuDeviceGetAttribute = &attribute;
    filled.cuDevicePrimaryCtxRetain = &retain;
    filled.cuDevicePrimaryCtxRelease = &release;
    filled.cuDevicePrimaryCtxSetFlags = &flags;
    filled.cuCtxSetCurrent = &setCurrent;
    filled.cuCtxGetStreamPriorityRange = &priorities;
    filled.cuMemGetInfo = &memInfo;
    filled.cuMemAlloc = &memAlloc;
    filled.cuMemFree = &memFree;
    filled.cuMemHostAlloc = &hostAlloc;
    filled.cuMemFreeHost = &hostFree;
    filled.cuMemHostRegister = &hostRegister;
    filled.cuMemHostUnregister = &hostUnregister;
    filled.cuMemcpyHtoDAsync = &toDevice;
    filled.cuMemcpyDtoHAsync = &toHost;
    filled.cuMemcpyDtoDAsync = &onDevice;
    filled.cuMemsetD32Async = &set32;
    filled.cuStreamCreateWithPriority = &streamCreate;
    filled.cuStreamDestroy = &streamDestroy;
    filled.cuStreamSynchronize = &streamSynchronize;
    filled.cuStreamWaitEvent = &waitEvent;
    filled.cuEventCreate = &eventCreate;
    filled.cuEventDestroy = &eventDestroy;
    filled.cuEventRecord = &eventRecord;
    filled.cuEventQuery = &eventQuery;
    filled.cuEventElapsedTime = &eventElapsed;
    filled.cuModuleLoadDataEx = &moduleLoad;
    filled.cuModuleUnload = &moduleUnload;
    filled.cuModuleGetFunction = &moduleFunction;
    filled.cuLaunchKernel = &launch;
    filled.cuMemAllocFromPoolAsync = &poolAlloc;
    filled.cuMemFreeAsync = &poolFree;
    filled.cuMemPoolCreate = &poolCreate;
    filled.cuMemPoolDestroy = &poolDestroy;
    filled.cuMemPoolSetAttribute = &poolSet;
    filled.cuMemPoolTrimTo = &poolTrim;
    filled.cuMemPoolGetAttribute = null;
    break :made filled;
};
