test {
    _ = @import("abi/errors.zig");
    _ = @import("abi/handle.zig");
    _ = @import("os/futex.zig");
}
