//! Tests that need optimisation to end in time: `zig build test-schedules`.
test {
    _ = @import("ring/explore_test.zig");
}
