test {
    _ = @import("abi/errors.zig");
    _ = @import("abi/handle.zig");
    _ = @import("os/futex.zig");
    _ = @import("shm/mapping.zig");
    _ = @import("shm/space.zig");
    _ = @import("shm/directory.zig");
    _ = @import("shm/layout.zig");
}
