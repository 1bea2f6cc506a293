//! The native tests under ThreadSanitizer: `zig build test-tsan`. The search over schedules is left out: it switches stacks
//! itself, and is a proof of its own.
test {
    _ = @import("abi/handle.zig");
    _ = @import("os/futex.zig");
    _ = @import("replica/queue.zig");
    _ = @import("ring/spsc_test.zig");
}
