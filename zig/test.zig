test {
    _ = @import("driver/cpu/devices.zig");
    _ = @import("driver/poplar/failure.zig");
    _ = @import("driver/poplar/provider.zig");
    _ = @import("driver/poplar/table.zig");
<<<<<<< HEAD
    _ = @import("engine/program/container.zig");
    _ = @import("engine/program/cursor.zig");
    _ = @import("engine/program/endpoint.zig");
    _ = @import("engine/program/engine.zig");
    _ = @import("engine/program/options.zig");
    _ = @import("engine/program/watchdog.zig");
=======
    _ = @import("session/empty_stream.zig");
    _ = @import("session/session_test.zig");
    _ = @import("session/stored_stream.zig");
>>>>>>> ad24f93 (Sessions natively: streams, callbacks that JavaScript answers, a thread for each session's driver calls)
    _ = @import("session/stream.zig");
    _ = @import("abi/errors.zig");
    _ = @import("abi/handle.zig");
    _ = @import("engine/onnx/api.zig");
    _ = @import("engine/onnx/library.zig");
    _ = @import("engine/onnx/session_test.zig");
    _ = @import("os/futex.zig");
    _ = @import("os/pagemap.zig");
    _ = @import("os/seat.zig");
    _ = @import("queue/entries.zig");
    _ = @import("queue/events.zig");
    _ = @import("queue/queue_test.zig");
    _ = @import("replica/queue.zig");
    _ = @import("ring/layout.zig");
    _ = @import("ring/spsc_test.zig");
    _ = @import("shm/directory.zig");
    _ = @import("shm/index_test.zig");
    _ = @import("shm/job_test.zig");
    _ = @import("shm/layout.zig");
    _ = @import("shm/lock_test.zig");
    _ = @import("shm/mapping.zig");
    _ = @import("shm/repair_test.zig");
    _ = @import("shm/space.zig");
    _ = @import("shm/words.zig");
}
