//! The native tests under ThreadSanitizer: `zig build test-tsan`. The search over schedules is left out: it switches stacks
//! itself, and is a proof of its own.
test {
    _ = @import("abi/handle.zig");
    _ = @import("cuda/memory_test.zig");
    _ = @import("cuda/stream_test.zig");
    _ = @import("os/futex.zig");
    _ = @import("engine/program/engine_test.zig");
    _ = @import("engine/program/watchdog.zig");
    _ = @import("queue/events.zig");
    _ = @import("queue/queue_test.zig");
    _ = @import("replica/inbox.zig");
    _ = @import("replica/schedule.zig");
    _ = @import("ring/spsc_test.zig");
    _ = @import("session/session_test.zig");
    _ = @import("sim/cuda/driver_test.zig");
}
