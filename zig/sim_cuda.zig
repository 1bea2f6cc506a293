//! `libmillrace-sim-cuda`: a simulated CUDA driver. It exports the driver's own functions, over memory and threads of the
//! host, and behind sim/cuda/interface.zig what tests tell it; nothing else. Its name is its own: whoever looks for
//! libcuda.so.1 in the same process does not get it.
const driver = @import("sim/cuda/driver.zig");
const interface = @import("sim/cuda/interface.zig");
const Control = @import("sim/cuda/control.zig").Control;

comptime {
    driver.exportAll();
    for (@typeInfo(interface.Control).@"struct".fields) |field| {
        @export(&@field(Control, field.name), .{ .name = interface.prefix ++ field.name });
    }
}
