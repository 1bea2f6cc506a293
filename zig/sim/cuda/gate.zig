//! Every function of the driver goes through here: calls are counted, plans are met, and failures become numbers.
const std = @import("std");
const api = @import("../../driver/cuda/api.zig");
const current = @import("current.zig");
const failure = @import("failure.zig");
const fault = @import("fault.zig");
const functions = @import("functions.zig");
const interface = @import("interface.zig");
const system = @import("system.zig");

const Result = api.Result;

/// What is exported for `function`, whose number is `number`.
pub fn Export(comptime number: usize, comptime function: anytype) type {
    const params = @typeInfo(@TypeOf(function)).@"fn".params;
    const P = struct {
        fn at(comptime index: usize) type {
            return params[index].type.?;
        }
    };
    return switch (params.len) {
        1 => struct {
            pub fn call(a: P.at(0)) callconv(.c) Result {
                return pass(number, function, .{a});
            }
        },
        2 => struct {
            pub fn call(a: P.at(0), b: P.at(1)) callconv(.c) Result {
                return pass(number, function, .{ a, b });
            }
        },
        3 => struct {
            pub fn call(a: P.at(0), b: P.at(1), c: P.at(2)) callconv(.c) Result {
                return pass(number, function, .{ a, b, c });
            }
        },
        4 => struct {
            pub fn call(a: P.at(0), b: P.at(1), c: P.at(2), d: P.at(3)) callconv(.c) Result {
                return pass(number, function, .{ a, b, c, d });
            }
        },
        5 => struct {
            pub fn call(a: P.at(0), b: P.at(1), c: P.at(2), d: P.at(3), e: P.at(4)) callconv(.c) Result {
                return pass(number, function, .{ a, b, c, d, e });
            }
        },
        11 => struct {
            pub fn call(a: P.at(0), b: P.at(1), c: P.at(2), d: P.at(3), e: P.at(4), f: P.at(5), g: P.at(6), h: P.at(7), i: P.at(8), j: P.at(9), k: P.at(10)) callconv(.c) Result {
                return pass(number, function, .{ a, b, c, d, e, f, g, h, i, j, k });
            }
        },
        else => @compileError("no function of the driver that is used has so many parameters"),
    };
}

fn pass(comptime number: usize, comptime function: anytype, arguments: anytype) Result {
    const outcome = system.plans.meet(number, current.ordinal());
    if (outcome.delay_us != 0) fault.sleep(outcome.delay_us);
    if (outcome.plan) |plan| {
        if (plan.asynchronous == 0) return planned(plan);
        fault.deferred = .of(plan);
    }
    // A call that did not get as far as its stream leaves nothing for the next one.
    defer fault.deferred = null;
    if (comptime !functions.worksUninitialised(nameOf(number))) {
        if (!system.initialised.load(.acquire)) return failure.resultOf(failure.fail(.not_initialized));
    }
    @call(.auto, function, arguments) catch |err| return failure.resultOf(err);
    return .success;
}

fn planned(plan: interface.Plan) Result {
    @branchHint(.cold);
    const one: fault.Fault = .of(plan);
    if (one.sticky or one.lost) if (current.get()) |device| one.befall(device);
    return failure.resultOf(failure.sayRaw(plan.result, std.mem.sliceTo(&plan.message, 0)));
}

fn nameOf(comptime number: usize) []const u8 {
    return if (number == functions.proc_address_number) functions.proc_address_name else api.functions[number].name;
}
