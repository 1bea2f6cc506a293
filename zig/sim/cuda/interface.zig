//! What tests tell the simulated CUDA driver, and ask of it: functions beside those of the driver, for both sides.
const std = @import("std");
const Result = @import("../../driver/cuda/api.zig").Result;

pub const abi_version = 1;
pub const devices_max = 16;
pub const message_max = 240;
pub const name_max = 64;
pub const any_device = std.math.maxInt(u32);
/// Before each function's name.
pub const prefix = "mr_sim_cuda_";

/// The machine's devices, all alike.
pub const System = extern struct {
    devices: u32 = 1,
    /// 75: 7.5.
    compute_capability: u32 = 90,
    /// What cuDriverGetVersion says: 12080 is 12.8.
    driver_version: u32 = 12080,
    /// A set of `Feature`.
    missing: u32 = 0,
    memory_bytes: u64 = 16 << 30,
    /// Zero-terminated; empty: a name that says what it is.
    name: [name_max]u8 = @splat(0),
};

/// What a system may lack.
pub const Feature = struct {
    pub const memory_pools: u32 = 1;
    pub const read_only_registration: u32 = 2;
    /// Exported memory and events.
    pub const ipc: u32 = 4;
};

/// What is to go wrong at the `at`-th call of a function from now on, and the `times - 1` after it.
pub const Plan = extern struct {
    /// The function's number, as `function_number` says; `proc_address_number` is cuGetProcAddress.
    function: u32,
    at: u32 = 1,
    /// 0: all that follow.
    times: u32 = 1,
    /// Of the context that is current to the caller; `any_device`.
    device: u32 = any_device,
    /// What the call returns; success: it is only late.
    result: Result = .success,
    /// The call itself succeeds. The stream meets the error when it gets there, and a later call returns it:
    /// when it is sticky every call, otherwise the next one that asks how far a stream or an event has come.
    asynchronous: u32 = 0,
    /// Every later call that uses the device's context fails too. So it is with results that are sticky by themselves.
    sticky: u32 = 0,
    /// Sticky, and nobody gets a context of the device any more.
    lost: u32 = 0,
    /// Before the call does anything; of an asynchronous plan, before the stream goes on.
    delay_us: u32 = 0,
    /// Zero-terminated: what cuGetErrorString says to the thread that met the failure; empty: the usual text.
    message: [message_max]u8 = @splat(0),
};

/// What is open in this process of the present system, and what became of the rest. Counts, unless the name says bytes.
pub const Leaks = extern struct {
    contexts: u64 = 0,
    device_memory: u64 = 0,
    device_memory_bytes: u64 = 0,
    host_memory: u64 = 0,
    registrations: u64 = 0,
    streams: u64 = 0,
    events: u64 = 0,
    modules: u64 = 0,
    pools: u64 = 0,
    imports: u64 = 0,
    /// Objects that were open when the last reference to their context went.
    abandoned: u64 = 0,
    /// Exported memory that was freed while another process had it open: what is then in it nobody promises.
    freed_while_imported: u64 = 0,
};

/// What was copied, in bytes. Staged: the host's memory was not page-locked, so the copy went through the driver's own.
pub const Transfers = extern struct {
    to_device_direct: u64 = 0,
    to_device_staged: u64 = 0,
    to_host_direct: u64 = 0,
    to_host_staged: u64 = 0,
    within_device: u64 = 0,
    /// Launches, not bytes.
    kernels: u64 = 0,
};

/// Field `x` is the function `mr_sim_cuda_x`.
pub const Control = struct {
    abi_version: *const fn () callconv(.c) i32,
    /// Another system for whoever opens a device from now on; contexts that exist keep theirs. Nothing is planned for it,
    /// and calls are counted from 0.
    configure: *const fn (*const System) callconv(.c) Result,
    /// As at the beginning: one device.
    clear: *const fn () callconv(.c) Result,
    plan: *const fn (*const Plan) callconv(.c) Result,
    /// Nothing planned, no device in error, none lost. A context that was lost is gone, with all that it had.
    repair: *const fn () callconv(.c) Result,
    leaks: *const fn (*Leaks) callconv(.c) Result,
    transfers: *const fn (*Transfers) callconv(.c) Result,
    /// A function's number, by its name; negative: there is none of this name.
    function_number: *const fn ([*]const u8, usize) callconv(.c) i32,
    /// How often the function of this number was called.
    calls: *const fn (u32, *u64) callconv(.c) Result,
};
