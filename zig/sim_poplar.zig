//! `libmillrace-sim-poplar`: simulated IPUs behind the C ABI of driver/poplar/shim.h, and behind sim/poplar/control.h what
//! tests tell them. It exports these functions and nothing else.
const functions = @import("sim/poplar/functions.zig");
const interface = @import("sim/poplar/interface.zig");

comptime {
    functions.Shim.exportAll();
    for (@typeInfo(interface.Control).@"struct".fields) |field| {
        @export(&@field(functions.Control, field.name), .{ .name = "mrs_" ++ field.name });
    }
}
