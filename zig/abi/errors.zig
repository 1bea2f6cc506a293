//! Every error Millrace can raise, native or not. The generator writes `src/native/bindings.generated.ts` and
//! `docs/errors.md` from this table, so a code, its meaning and its cure exist in one place.

/// Which class of `MillraceError` JavaScript throws: named by what the caller does about it.
pub const Class = enum { argument, state, not_found, exists, capacity, deadline, device, format };

pub const Error = struct {
    /// Returned negated by native calls; stable once released.
    number: u16,
    code: []const u8,
    class: Class,
    meaning: []const u8,
    cure: []const u8,
    retryable: bool = false,
};

pub fn row(number: u16, code: []const u8, class: Class, retryable: bool, meaning: []const u8, cure: []const u8) Error {
    return .{ .number = number, .code = code, .class = class, .retryable = retryable, .meaning = meaning, .cure = cure };
}

pub const table = [_]Error{
    // Boundary and arguments
    row(1, "invalid_argument", .argument, false, "An argument is outside what the call accepts.", "Pass a value in the range that the message names."),
    row(2, "stale_handle", .state, false, "The object behind this handle was closed and its slot is in use by another.", "Keep no handle beyond close; create or get a new one."),
    row(3, "wrong_kind", .state, false, "The handle belongs to an object of another kind.", "Pass the object that the method was made for."),
    row(4, "closed", .state, false, "The object was closed, released or freed.", "Create or get a new one; check the order of `using` blocks."),
    row(5, "not_attached", .state, false, "This thread has not loaded the native library.", "Import millrace in this thread before using its objects."),
    row(6, "unsupported_platform", .device, false, "The native library is not supported on this system.", "Run on Linux x64 or arm64; macOS compiles but is untested."),
    row(7, "library_missing", .state, false, "The native library was not found.", "In a checkout run `bun run setup`; as a dependency reinstall millrace."),
    row(8, "library_stale", .state, false, "The native library was built from another version of the sources.", "Run `bun run setup`."),
    row(9, "wrong_thread", .state, false, "The object belongs to another JavaScript thread.", "Use it in the thread that made it, or open your own."),
    row(10, "aborted", .state, true, "The operation was aborted.", "Look at the signal's reason."),
    row(11, "deadline", .deadline, true, "The time that the call allowed ran out.", "Allow more time, or find out why the other side is late."),
    row(12, "system", .device, false, "A system call failed.", "The message names the call and its errno."),
    row(13, "out_of_handles", .capacity, false, "Too many native objects are open.", "Close what is no longer used; `using` does it for you."),
    row(14, "out_of_memory", .capacity, true, "Memory could not be had.", "Release tensors, or lower the size."),
    row(15, "library_unusable", .device, false, "The native library cannot be loaded.", "In a checkout run `bun run setup`; as a dependency reinstall millrace for this machine."),

    // Tensors
    row(20, "invalid_dtype", .argument, false, "The element type is unknown here.", "Use a name such as \"float32\"; the message lists what is accepted."),
    row(21, "invalid_shape", .argument, false, "The shape is not usable.", "Use non-negative integers whose product fits in 2^53 bytes."),
    row(22, "wrong_dtype", .argument, false, "The element type differs from the one required.", "Convert the data, or ask for the type that is there."),
    row(23, "wrong_shape", .argument, false, "The shape or element count differs from the one required.", "Pass data of the shape that the message names."),
    row(24, "wrong_size", .argument, false, "The number of bytes differs from the one required.", "Pass exactly the number of bytes that the message names."),
    row(25, "out_of_bounds", .argument, false, "The range reaches beyond the memory.", "Keep offset + length within the size that the message names."),

    // Shared memory and FastIO
    row(40, "not_found", .not_found, true, "No publication has this name.", "Check the name, or use waitFor when the producer may be later."),
    row(41, "exists", .exists, false, "The name is already published.", "Publish under another name, free the old one, or pass replace: true."),
    row(42, "invalid_name", .argument, false, "The name is not usable.", "Use 1 to 255 bytes of UTF-8 without NUL."),
    row(43, "no_space", .capacity, true, "The shared-memory file system or the memory limit has no room.", "Free tensors, enlarge /dev/shm (docker: --shm-size), or choose another `dir`."),
    row(44, "too_many_mappings", .capacity, true, "The process has as many memory mappings as the system allows.", "Release tensors, or raise vm.max_map_count."),
    row(45, "too_large", .argument, false, "The view would exceed 4 GiB, the most that one ArrayBuffer can hold here.", "Pass { offset, length } to look at it through windows."),
    row(46, "table_full", .capacity, true, "A table of the context is full.", "Free publications or allocations; the message names the limit."),
    row(47, "corrupt", .format, false, "Shared memory holds values that cannot be right.", "Close the context everywhere and open it anew; report how it came about."),
    row(48, "wrong_version", .format, false, "The context was made by another version of Millrace.", "Use one version for all processes of a job."),
    row(49, "context_busy", .state, true, "Another process holds the context's lock for too long.", "Look for a stopped process (the message names its pid)."),
    row(50, "not_owner", .argument, false, "The directory or file belongs to another user, or others may write it.", "Remove it, or set MILLRACE_SHM_DIR to a directory of your own."),
    row(51, "unpublished_owner_lost", .not_found, false, "The memory died with its creator before it was published.", "Start the producer again."),
    row(52, "access_denied", .state, false, "The entry is read-only.", "Write to outputs only; copy the data to change it."),
    row(53, "attributes_too_large", .argument, false, "Attributes are limited to 4096 bytes of JSON.", "Publish large side data as a tensor of its own."),
    row(54, "freed", .state, false, "The memory was freed: its names are hidden in the whole job.", "Existing references stay readable; create new memory to publish."),
    row(55, "unsupported_filesystem", .state, false, "The directory's file system cannot hold shared memory.", "Use a tmpfs such as /dev/shm."),

    // Entries and pipelines
    row(60, "entry_preallocated", .state, false, "The entry was allocated from the pipeline definition; its shape is fixed.", "Declare the axis as -1 to set it at run time."),
    row(61, "entry_unallocated", .state, true, "The entry has no memory yet.", "Call updateShape for the axes that the message names."),
    row(62, "fixed_axis", .argument, false, "The axis is fixed by the pipeline definition.", "Update dynamic axes only, or drop the strict option."),
    row(63, "wrong_entry_type", .argument, false, "The entry is of another type.", "Use the accessors of the declared type."),
    row(64, "invalid_definition", .format, false, "The pipeline definition is not valid.", "Correct the line that the message names."),
    row(65, "operator_failed", .state, true, "An operator of the pipeline failed.", "Look at its log; the result lists every operator."),
    row(66, "payload_expired", .state, false, "The payload was used outside execute.", "Use inputs and outputs inside the execute handler only."),
    row(67, "not_in_pipeline", .state, false, "This process was not started by a Pipeline.", "Start it through Pipeline.run, which passes MILLRACE_PIPELINE."),

    // Models
    row(80, "engine_missing", .not_found, false, "ONNX Runtime's library was not found.", "Install onnxruntime-node, or set MILLRACE_ONNXRUNTIME to its library."),
    row(81, "engine_too_old", .format, false, "ONNX Runtime's library is too old.", "Install onnxruntime-node 1.20 or newer."),
    row(82, "invalid_model", .format, false, "The model cannot be loaded.", "The message carries the engine's words."),
    row(83, "unknown_input", .argument, false, "The model has no input of this name.", "Use the names that the message lists."),
    row(84, "missing_input", .argument, false, "An input of the model is missing.", "Pass a tensor for each input that the message lists."),
    row(85, "unsupported_type", .argument, false, "The model uses values that are not plain tensors.", "Convert strings, sequences and maps outside the model."),
    row(86, "run_failed", .device, true, "The engine failed while running the model.", "The message carries the engine's words."),
    row(87, "unknown_output", .argument, false, "The model has no output of this name.", "Use the names that the message lists."),
    row(88, "expectation_failed", .argument, false, "The model is not what `expect` says.", "Correct the expectation, or load the right model."),
    row(89, "queue_full", .capacity, true, "As many requests wait as maxQueueSize allows.", "Slow down, raise maxQueueSize, or use queuePolicy \"wait\"."),
    row(90, "file_not_found", .not_found, false, "The file does not exist or cannot be read.", "Check the path that the message names."),
    row(91, "provider_missing", .not_found, false, "ONNX Runtime's CUDA provider cannot be used.", "Install onnxruntime-ep-cuda12 or onnxruntime-ep-cuda13, and pass engine.cudaProvider or set MILLRACE_ONNXRUNTIME_CUDA."),
    row(92, "wrong_memory", .argument, false, "The tensor is in memory that cannot be used here.", "Copy it with toHost, or give the model the device that the memory belongs to."),

    // PopEF files
    row(100, "invalid_popef", .format, false, "The bytes are no PopEF file.", "The message says at which byte and why; make the file anew."),
    row(101, "model_conflict", .format, false, "The blobs do not link to one model.", "The message names the blobs; pass files that belong together, or choose the model by its executable's name."),
    row(102, "unsupported_compression", .format, false, "The payload is compressed in a way that cannot be read here.", "Write it uncompressed, or with gzip or zstd."),
    row(103, "package_hash", .format, false, "The executable was made by another version.", "Compile the model again, or set checkPackageHash: false."),
    row(104, "invalid_executable", .format, false, "The bytes are no executable that can run here.", "Compile the model again; the message says what was found."),
    row(105, "writer_inactive", .state, false, "The blob's writer was closed, or another blob was begun.", "Finish one blob before the next."),
    row(106, "dynamic_shape", .argument, false, "A shape is not known before the model runs.", "Only models whose shapes are all known can be compiled; ModelRunner runs the ONNX file itself."),

    // Devices and programs
    row(120, "device_unavailable", .device, true, "No device that fits is free.", "Wait with a DeviceWaitConfig, or ask for what the message lists."),
    row(121, "device_not_found", .not_found, false, "There is no such device.", "Use an id that DeviceManager lists."),
    row(122, "not_bound", .state, false, "The session is bound to no device.", "Call bindToDevice first."),
    row(123, "stopped", .state, false, "The session was stopped; the device is in no defined state.", "Call reload."),
    row(124, "device_application", .device, true, "The program failed on the device.", "Reload, or set autoReset: true; the message carries the device's words."),
    row(125, "device_recoverable", .device, true, "The device failed and can be recovered.", "Do what the message's recovery action says, or set autoReset: true."),
    row(126, "device_unrecoverable", .device, false, "The device failed and cannot be recovered.", "The device needs an operator."),
    row(127, "device_unknown", .device, false, "The device failed for an unknown reason.", "The device needs an operator."),
    row(128, "host_sync_timeout", .device, true, "The device waited for the host longer than target.hostSyncTimeout.", "Find out which stream has no data, or raise target.hostSyncTimeout."),
    row(129, "invalid_option", .argument, false, "The device or engine does not take this option.", "Correct the option that the message names."),
    row(130, "unknown_anchor", .argument, false, "The model has no anchor of this name.", "Use the names that the message lists."),
    row(131, "not_connected", .state, false, "A stream that the program uses is connected to nothing.", "Set a callback, a handler or a queue for the anchors that the message lists."),
    row(132, "unknown_program", .argument, false, "The model has no program of this number.", "Use the numbers that the message lists."),
    row(133, "callback_failed", .state, false, "A callback threw, which ended the run.", "Look at the cause; call reload before the next run."),
    row(134, "driver_unusable", .device, false, "The device driver's library cannot be used.", "The message says which library and why."),
    row(135, "busy", .state, true, "A run is under way.", "Wait for it, or stop the session."),
    row(136, "device_error", .device, false, "The device refused a call.", "The message carries the device's words."),
    row(137, "simulation_active", .state, false, "Devices are being simulated already.", "End the first simulation before the next; `using` does it for you."),

    // Rings and queues
    row(150, "not_locked", .state, false, "No slot of the ring is locked.", "Call writeLock or readLock before its complete."),
    row(151, "invalidated", .state, false, "The ring was invalidated.", "Call reset when both ends have let go."),
    row(152, "peer_lost", .state, false, "The process or thread at the other end is gone.", "What was published stays readable; reset the ring or make a new one."),
    row(153, "role_taken", .state, false, "The ring's end belongs to another thread.", "A ring has one producer and one consumer."),
    row(154, "wrong_split", .argument, false, "Outputs are enqueued in other pieces than the inputs.", "Enqueue the same number of samples for every input and output of a request."),
    row(155, "replicas_unsupported", .argument, false, "Queues serve one replica.", "Use ModelRunner for models with several."),
    row(156, "wrong_batching", .argument, false, "The batching dimension does not fit the model.", "Use an axis that every input and output has; the message names the one that differs."),
} ++ @import("errors_cuda.zig").rows ++ @import("errors_bufferizer.zig").rows;

/// `of(.not_found)` is the negative number that a native call returns.
pub fn of(comptime name: @EnumLiteral()) i32 {
    @setEvalBranchQuota(10_000);
    inline for (table) |entry| {
        if (comptime eql(entry.code, @tagName(name))) return -@as(i32, entry.number);
    }
    @compileError("no such error: " ++ @tagName(name));
}

fn eql(comptime a: []const u8, comptime b: []const u8) bool {
    if (a.len != b.len) return false;
    for (a, b) |x, y| if (x != y) return false;
    return true;
}

test "numbers and codes are unique" {
    for (table, 0..) |a, i| for (table[i + 1 ..]) |b| {
        const std = @import("std");
        try std.testing.expect(a.number != b.number);
        try std.testing.expect(!std.mem.eql(u8, a.code, b.code));
    };
}
