//! Where each function of the table is found. A form is a signature: the version is what cuGetProcAddress_v2 is given, since
//! with a higher one it may give a newer signature; the symbol is what `dlsym` finds when there is no cuGetProcAddress.
//! Versions are those of the header's list of function types.
const std = @import("std");
const Table = @import("table.zig").Table;

pub const Form = struct { version: c_int, symbol: [:0]const u8 };

pub const Function = struct {
    /// Of the table's field, and what cuGetProcAddress is asked for.
    name: [:0]const u8,
    /// The first that the driver has is taken. They agree in what they take.
    forms: []const Form,
    /// Without it there is no driver. Of the others each user says what it does without.
    required: bool,
};

/// In the order of the table's fields.
pub const functions = list: {
    @setEvalBranchQuota(100_000);
    const fields = @typeInfo(Table).@"struct".fields;
    var made: [fields.len]Function = undefined;
    for (fields, &made) |field, *function| function.* = .{
        .name = field.name,
        .forms = formsOf(field.name),
        .required = @typeInfo(field.type) != .optional,
    };
    const fixed = made;
    break :list fixed;
};

/// How the resolving function itself is found: with `dlsym`, the first that there is.
pub const proc_address = [_]Form{
    .{ .version = 12000, .symbol = "cuGetProcAddress_v2" },
    .{ .version = 11030, .symbol = "cuGetProcAddress" },
};

fn formsOf(comptime name: []const u8) []const Form {
    inline for (known) |entry| if (std.mem.eql(u8, entry[0], name)) return &entry[1];
    @compileError("no form of " ++ name ++ " is known");
}

fn plain(comptime name: [:0]const u8, comptime version: c_int) struct { [:0]const u8, [1]Form } {
    return .{ name, .{.{ .version = version, .symbol = name }} };
}

fn second(comptime name: [:0]const u8, comptime version: c_int) struct { [:0]const u8, [1]Form } {
    return .{ name, .{.{ .version = version, .symbol = name ++ "_v2" }} };
}

/// `_v2` since `version`, the plain name since `before` with the same signature.
fn either(comptime name: [:0]const u8, comptime version: c_int, comptime before: c_int) struct { [:0]const u8, [2]Form } {
    return .{ name, .{ .{ .version = version, .symbol = name ++ "_v2" }, .{ .version = before, .symbol = name } } };
}

const known = .{
    plain("cuInit", 2000),
    plain("cuDriverGetVersion", 2020),
    plain("cuGetErrorName", 6000),
    plain("cuGetErrorString", 6000),
    plain("cuDeviceGetCount", 2000),
    plain("cuDeviceGet", 2000),
    plain("cuDeviceGetName", 2000),
    either("cuDeviceGetUuid", 11040, 9020),
    second("cuDeviceTotalMem", 3020),
    plain("cuDeviceGetAttribute", 2000),
    plain("cuDevicePrimaryCtxRetain", 7000),
    either("cuDevicePrimaryCtxRelease", 11000, 7000),
    either("cuDevicePrimaryCtxSetFlags", 11000, 7000),
    plain("cuCtxSetCurrent", 4000),
    plain("cuCtxGetCurrent", 4000),
    plain("cuCtxGetStreamPriorityRange", 5050),
    second("cuMemGetInfo", 3020),
    second("cuMemAlloc", 3020),
    second("cuMemFree", 3020),
    second("cuMemGetAddressRange", 3020),
    plain("cuPointerGetAttribute", 4000),
    plain("cuMemHostAlloc", 2020),
    plain("cuMemFreeHost", 2000),
    second("cuMemHostRegister", 6050),
    plain("cuMemHostUnregister", 4000),
    second("cuMemHostGetDevicePointer", 3020),
    second("cuMemcpyHtoDAsync", 3020),
    second("cuMemcpyDtoHAsync", 3020),
    second("cuMemcpyDtoDAsync", 3020),
    plain("cuMemsetD8Async", 3020),
    plain("cuMemsetD16Async", 3020),
    plain("cuMemsetD32Async", 3020),
    plain("cuStreamCreateWithPriority", 5050),
    second("cuStreamDestroy", 4000),
    plain("cuStreamSynchronize", 2000),
    plain("cuStreamQuery", 2000),
    plain("cuStreamWaitEvent", 3020),
    plain("cuEventCreate", 2000),
    second("cuEventDestroy", 4000),
    plain("cuEventRecord", 2000),
    plain("cuEventQuery", 2000),
    plain("cuEventSynchronize", 2000),
    either("cuEventElapsedTime", 12080, 2000),
    plain("cuModuleLoadDataEx", 2010),
    plain("cuModuleUnload", 2000),
    plain("cuModuleGetFunction", 2000),
    plain("cuLaunchKernel", 4000),
    plain("cuIpcGetMemHandle", 4010),
    either("cuIpcOpenMemHandle", 11000, 4010),
    plain("cuIpcCloseMemHandle", 4010),
    plain("cuIpcGetEventHandle", 4010),
    plain("cuIpcOpenEventHandle", 4010),
    plain("cuMemAllocAsync", 11020),
    plain("cuMemAllocFromPoolAsync", 11020),
    plain("cuMemFreeAsync", 11020),
    plain("cuDeviceGetDefaultMemPool", 11020),
    plain("cuMemPoolCreate", 11020),
    plain("cuMemPoolDestroy", 11020),
    plain("cuMemPoolSetAttribute", 11020),
    plain("cuMemPoolGetAttribute", 11020),
    plain("cuMemPoolTrimTo", 11020),
};

test "every function that is listed is in the table, with the newest form first" {
    try std.testing.expectEqual(functions.len, known.len);
    for (functions) |function| {
        for (function.forms[0 .. function.forms.len - 1], function.forms[1..]) |newer, older| try std.testing.expect(newer.version > older.version);
        for (function.forms) |form| try std.testing.expect(std.mem.startsWith(u8, form.symbol, function.name));
    }
}
