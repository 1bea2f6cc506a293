//! The driver's functions, as a table: a library's, or a simulator's. Above this nobody knows which. A field has the
//! function's name without the suffix of its version; symbols.zig says which version is meant.
const types = @import("types.zig");
const Result = @import("result.zig").Result;

const Context = types.Context;
const Device = types.Device;
const Event = types.Event;
const Function = types.Function;
const MemPool = types.MemPool;
const Module = types.Module;
const Pointer = types.Pointer;
const Stream = types.Stream;

/// cuGetProcAddress_v2: `status` may be null. What is not found is a null function and success.
pub const GetProcAddress = *const fn (name: [*:0]const u8, function: *?*anyopaque, version: c_int, flags: u64, status: ?*types.ProcAddressStatus) callconv(.c) Result;
/// The same before 12.0.
pub const GetProcAddressBefore = *const fn (name: [*:0]const u8, function: *?*anyopaque, version: c_int, flags: u64) callconv(.c) Result;

/// Optional fields: functions that drivers may lack.
pub const Table = struct {
    cuInit: *const fn (flags: c_uint) callconv(.c) Result,
    cuDriverGetVersion: *const fn (version: *c_int) callconv(.c) Result,
    cuGetErrorName: *const fn (code: Result, name: *?[*:0]const u8) callconv(.c) Result,
    cuGetErrorString: *const fn (code: Result, text: *?[*:0]const u8) callconv(.c) Result,

    cuDeviceGetCount: *const fn (count: *c_int) callconv(.c) Result,
    cuDeviceGet: *const fn (device: *Device, ordinal: c_int) callconv(.c) Result,
    cuDeviceGetName: *const fn (name: [*]u8, size: c_int, device: Device) callconv(.c) Result,
    cuDeviceGetUuid: *const fn (uuid: *types.Uuid, device: Device) callconv(.c) Result,
    cuDeviceTotalMem: *const fn (bytes: *usize, device: Device) callconv(.c) Result,
    cuDeviceGetAttribute: *const fn (value: *c_int, attribute: types.Attribute, device: Device) callconv(.c) Result,

    cuDevicePrimaryCtxRetain: *const fn (context: *?*Context, device: Device) callconv(.c) Result,
    cuDevicePrimaryCtxRelease: *const fn (device: Device) callconv(.c) Result,
    cuDevicePrimaryCtxSetFlags: *const fn (device: Device, flags: c_uint) callconv(.c) Result,
    cuCtxSetCurrent: *const fn (context: ?*Context) callconv(.c) Result,
    cuCtxGetCurrent: *const fn (context: *?*Context) callconv(.c) Result,
    /// Numbers; the lower one is the higher priority.
    cuCtxGetStreamPriorityRange: *const fn (least: ?*c_int, greatest: ?*c_int) callconv(.c) Result,

    cuMemGetInfo: *const fn (free: *usize, total: *usize) callconv(.c) Result,
    cuMemAlloc: *const fn (pointer: *Pointer, size: usize) callconv(.c) Result,
    cuMemFree: *const fn (pointer: Pointer) callconv(.c) Result,
    cuMemGetAddressRange: *const fn (base: ?*Pointer, size: ?*usize, pointer: Pointer) callconv(.c) Result,
    /// `data` is a pointer to what the attribute says.
    cuPointerGetAttribute: *const fn (data: *anyopaque, attribute: types.PointerAttribute, pointer: Pointer) callconv(.c) Result,

    cuMemHostAlloc: *const fn (pointer: *?*anyopaque, size: usize, flags: c_uint) callconv(.c) Result,
    cuMemFreeHost: *const fn (pointer: ?*anyopaque) callconv(.c) Result,
    cuMemHostRegister: *const fn (pointer: ?*anyopaque, size: usize, flags: c_uint) callconv(.c) Result,
    cuMemHostUnregister: *const fn (pointer: ?*anyopaque) callconv(.c) Result,
    /// `flags` is 0.
    cuMemHostGetDevicePointer: *const fn (device: *Pointer, host: ?*anyopaque, flags: c_uint) callconv(.c) Result,

    cuMemcpyHtoDAsync: *const fn (to: Pointer, from: *const anyopaque, size: usize, stream: ?*Stream) callconv(.c) Result,
    cuMemcpyDtoHAsync: *const fn (to: *anyopaque, from: Pointer, size: usize, stream: ?*Stream) callconv(.c) Result,
    cuMemcpyDtoDAsync: *const fn (to: Pointer, from: Pointer, size: usize, stream: ?*Stream) callconv(.c) Result,
    /// `count` is in elements.
    cuMemsetD8Async: *const fn (to: Pointer, value: u8, count: usize, stream: ?*Stream) callconv(.c) Result,
    cuMemsetD16Async: *const fn (to: Pointer, value: u16, count: usize, stream: ?*Stream) callconv(.c) Result,
    cuMemsetD32Async: *const fn (to: Pointer, value: u32, count: usize, stream: ?*Stream) callconv(.c) Result,

    cuStreamCreateWithPriority: *const fn (stream: *?*Stream, flags: c_uint, priority: c_int) callconv(.c) Result,
    cuStreamDestroy: *const fn (stream: ?*Stream) callconv(.c) Result,
    cuStreamSynchronize: *const fn (stream: ?*Stream) callconv(.c) Result,
    cuStreamQuery: *const fn (stream: ?*Stream) callconv(.c) Result,
    /// `flags` is 0.
    cuStreamWaitEvent: *const fn (stream: ?*Stream, event: ?*Event, flags: c_uint) callconv(.c) Result,

    cuEventCreate: *const fn (event: *?*Event, flags: c_uint) callconv(.c) Result,
    cuEventDestroy: *const fn (event: ?*Event) callconv(.c) Result,
    cuEventRecord: *const fn (event: ?*Event, stream: ?*Stream) callconv(.c) Result,
    cuEventQuery: *const fn (event: ?*Event) callconv(.c) Result,
    cuEventSynchronize: *const fn (event: ?*Event) callconv(.c) Result,
    cuEventElapsedTime: *const fn (milliseconds: *f32, start: ?*Event, end: ?*Event) callconv(.c) Result,

    /// `image` is PTX text with a zero at its end, or a binary.
    cuModuleLoadDataEx: *const fn (module: *?*Module, image: *const anyopaque, options: c_uint, names: ?[*]const types.JitOption, values: ?[*]?*anyopaque) callconv(.c) Result,
    cuModuleUnload: *const fn (module: ?*Module) callconv(.c) Result,
    cuModuleGetFunction: *const fn (function: *?*Function, module: ?*Module, name: [*:0]const u8) callconv(.c) Result,
    /// One of `params`, a pointer to each parameter, and `extra`, which ends with `launch_param_end`. What they point to is
    /// copied before the call returns.
    cuLaunchKernel: *const fn (
        function: ?*Function,
        grid_x: c_uint,
        grid_y: c_uint,
        grid_z: c_uint,
        block_x: c_uint,
        block_y: c_uint,
        block_z: c_uint,
        shared_bytes: c_uint,
        stream: ?*Stream,
        params: ?[*]const ?*anyopaque,
        extra: ?[*]const ?*anyopaque,
    ) callconv(.c) Result,

    cuIpcGetMemHandle: *const fn (handle: *types.IpcMemHandle, pointer: Pointer) callconv(.c) Result,
    cuIpcOpenMemHandle: *const fn (pointer: *Pointer, handle: types.IpcMemHandle, flags: c_uint) callconv(.c) Result,
    cuIpcCloseMemHandle: *const fn (pointer: Pointer) callconv(.c) Result,
    cuIpcGetEventHandle: *const fn (handle: *types.IpcEventHandle, event: ?*Event) callconv(.c) Result,
    cuIpcOpenEventHandle: *const fn (event: *?*Event, handle: types.IpcEventHandle) callconv(.c) Result,

    /// From the device's current pool, which is its default pool.
    cuMemAllocAsync: ?*const fn (pointer: *Pointer, size: usize, stream: ?*Stream) callconv(.c) Result,
    cuMemAllocFromPoolAsync: ?*const fn (pointer: *Pointer, size: usize, pool: ?*MemPool, stream: ?*Stream) callconv(.c) Result,
    cuMemFreeAsync: ?*const fn (pointer: Pointer, stream: ?*Stream) callconv(.c) Result,
    cuDeviceGetDefaultMemPool: ?*const fn (pool: *?*MemPool, device: Device) callconv(.c) Result,
    cuMemPoolCreate: ?*const fn (pool: *?*MemPool, props: *const types.MemPoolProps) callconv(.c) Result,
    cuMemPoolDestroy: ?*const fn (pool: ?*MemPool) callconv(.c) Result,
    cuMemPoolSetAttribute: ?*const fn (pool: ?*MemPool, attribute: types.MemPoolAttribute, value: *anyopaque) callconv(.c) Result,
    cuMemPoolGetAttribute: ?*const fn (pool: ?*MemPool, attribute: types.MemPoolAttribute, value: *anyopaque) callconv(.c) Result,
    cuMemPoolTrimTo: ?*const fn (pool: ?*MemPool, keep: usize) callconv(.c) Result,
};
