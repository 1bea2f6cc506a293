//! What tests tell the simulator, and ask of it.
const std = @import("std");
const Result = @import("../../driver/cuda/api.zig").Result;
const failure = @import("failure.zig");
const functions = @import("functions.zig");
const interface = @import("interface.zig");
const leak = @import("leaks.zig");
const system = @import("system.zig");
const transfer = @import("transfers.zig");

pub const Control = struct {
    pub fn abi_version() callconv(.c) i32 {
        return interface.abi_version;
    }

    pub fn configure(wanted: *const interface.System) callconv(.c) Result {
        return done(system.configure(wanted.*));
    }

    pub fn clear() callconv(.c) Result {
        return done(system.clear());
    }

    pub fn plan(wanted: *const interface.Plan) callconv(.c) Result {
        return done(system.plans.add(wanted.*));
    }

    pub fn repair() callconv(.c) Result {
        return done(system.repair());
    }

    pub fn leaks(into: *interface.Leaks) callconv(.c) Result {
        into.* = leak.count(system.firstNumber());
        return .success;
    }

    pub fn transfers(into: *interface.Transfers) callconv(.c) Result {
        into.* = transfer.read();
        return .success;
    }

    pub fn function_number(name: [*]const u8, length: usize) callconv(.c) i32 {
        return if (functions.numberOf(name[0..length])) |number| @intCast(number) else -1;
    }

    pub fn calls(function: u32, count: *u64) callconv(.c) Result {
        if (function >= functions.count) return .invalid_value;
        count.* = system.plans.calls[function].load(.monotonic);
        return .success;
    }

    fn done(result: failure.Failure!void) Result {
        result catch |err| return failure.resultOf(err);
        return .success;
    }
};
