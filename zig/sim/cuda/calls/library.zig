//! The library itself: its version, its functions, its errors.
const std = @import("std");
const api = @import("../../../driver/cuda/api.zig");
const failure = @import("../failure.zig");
const interface = @import("../interface.zig");
const leaks = @import("../leaks.zig");
const system = @import("../system.zig");
const texts = @import("../texts.zig");

const Result = api.Result;

pub fn cuInit(flags: c_uint) failure.Failure!void {
    if (flags != 0) return failure.fail(.invalid_value);
    const present = try system.present();
    if (present.devices == 0) return failure.fail(.no_device);
    leaks.reportAtExit();
    system.initialised.store(true, .release);
}

pub fn cuDriverGetVersion(version: *c_int) failure.Failure!void {
    const present = try system.present();
    version.* = @intCast(present.driver_version);
}

pub fn cuGetErrorName(code: Result, name: *?[*:0]const u8) failure.Failure!void {
    name.* = if (code.name()) |known| known.ptr else null;
    if (name.* == null) return failure.fail(.invalid_value);
}

/// What was said to this thread, when the code is that of its last failure.
pub fn cuGetErrorString(code: Result, text: *?[*:0]const u8) failure.Failure!void {
    text.* = failure.words(code) orelse if (texts.of(code)) |known| known.ptr else null;
    if (text.* == null) return failure.fail(.invalid_value);
}
