test {
    _ = @import("abi/errors.zig");
    _ = @import("abi/handle.zig");
    _ = @import("engine/onnx/api.zig");
    _ = @import("engine/onnx/library.zig");
    _ = @import("engine/onnx/session_test.zig");
    _ = @import("os/futex.zig");
<<<<<<< HEAD
    _ = @import("shm/mapping.zig");
    _ = @import("shm/space.zig");
    _ = @import("shm/directory.zig");
    _ = @import("shm/layout.zig");
=======
    _ = @import("session/queue.zig");
>>>>>>> 41267ce (Run models on a native thread of their own: requests, queue, completion, hand-over of results)
}
