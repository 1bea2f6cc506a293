// Generated from zig/abi.zig by `bun run build`. Do not edit.

export const digest = 2410775504;

export const symbols = {
  mr_abi_digest: { args: [], returns: "u32" },
  mr_thread_attach: { args: [], returns: "ptr" },
  mr_boundary_live: { args: [], returns: "i32" },
  mr_boundary_reset: { args: [], returns: "i32" },
  mr_boundary_completions: { args: [], returns: "i32" },
  mr_boundary_finish: { args: ["u32", "u32"], returns: "i32" },
  mr_boundary_abandon: { args: ["u32", "u32"], returns: "i32" },
  mr_boundary_wakeListen: { args: [], returns: "i32" },
  mr_boundary_wakeAccept: { args: [], returns: "i32" },
  mr_boundary_wakeArm: { args: [], returns: "i32" },
  mr_boundary_wakeDisarm: { args: [], returns: "i32" },
  mr_memory_create: { args: ["f64"], returns: "i32" },
  mr_memory_share: { args: ["u32", "u32"], returns: "i32" },
  mr_memory_view: { args: ["u32", "u32"], returns: "i32" },
  mr_memory_reset: { args: ["u32", "u32"], returns: "i32" },
  mr_memory_close: { args: ["u32", "u32"], returns: "i32" },
  mr_context_open: { args: ["u32", "u32", "f64"], returns: "i32" },
  mr_context_close: { args: ["u32", "u32"], returns: "i32" },
  mr_context_create: { args: ["u32", "u32", "f64", "u32"], returns: "i32" },
  mr_context_createJob: { args: ["u32", "u32", "f64", "u32"], returns: "i32" },
  mr_context_get: { args: ["u32", "u32", "u32"], returns: "i32" },
  mr_context_has: { args: ["u32", "u32", "u32"], returns: "i32" },
  mr_context_list: { args: ["u32", "u32", "u32"], returns: "i32" },
  mr_context_sequence: { args: ["u32", "u32"], returns: "i32" },
  mr_context_watch: { args: ["u32", "u32", "u32"], returns: "i32" },
  mr_context_count: { args: ["u32", "u32", "u32", "f64"], returns: "i32" },
  mr_context_stats: { args: ["u32", "u32"], returns: "i32" },
  mr_context_reapMembers: { args: ["u32", "u32"], returns: "i32" },
  mr_context_reapJobs: { args: ["u32"], returns: "i32" },
  mr_allocation_publish: { args: ["u32", "u32", "u32", "u32", "u32"], returns: "i32" },
  mr_allocation_view: { args: ["u32", "u32", "u32", "f64", "f64"], returns: "i32" },
  mr_allocation_share: { args: ["u32", "u32"], returns: "i32" },
  mr_allocation_release: { args: ["u32", "u32"], returns: "i32" },
  mr_allocation_free: { args: ["u32", "u32"], returns: "i32" },
} as const;

/** Byte offsets in the thread's block. */
export const block = {
  size: 11016,
  results: 0,
  values: 256,
  errno: 768,
  error_length: 772,
  text: 776,
  completions: 8968,
} as const;

export const limits = {
  results_max: 32,
  values_max: 64,
  text_max: 8192,
  completions_max: 256,
} as const;

export type ErrorClass =
  | "argument"
  | "state"
  | "not_found"
  | "exists"
  | "capacity"
  | "deadline"
  | "device"
  | "format";

interface ErrorEntry {
  readonly number: number;
  readonly class: ErrorClass;
  readonly retryable: boolean;
  readonly meaning: string;
  readonly cure: string;
}

const table = {
  invalid_argument: {
    number: 1,
    class: "argument",
    retryable: false,
    meaning: "An argument is outside what the call accepts.",
    cure: "Pass a value in the range that the message names.",
  },
  stale_handle: {
    number: 2,
    class: "state",
    retryable: false,
    meaning: "The object behind this handle was closed and its slot is in use by another.",
    cure: "Keep no handle beyond close; create or get a new one.",
  },
  wrong_kind: {
    number: 3,
    class: "state",
    retryable: false,
    meaning: "The handle belongs to an object of another kind.",
    cure: "Pass the object that the method was made for.",
  },
  closed: {
    number: 4,
    class: "state",
    retryable: false,
    meaning: "The object was closed, released or freed.",
    cure: "Create or get a new one; check the order of `using` blocks.",
  },
  not_attached: {
    number: 5,
    class: "state",
    retryable: false,
    meaning: "This thread has not loaded the native library.",
    cure: "Import millrace in this thread before using its objects.",
  },
  unsupported_platform: {
    number: 6,
    class: "device",
    retryable: false,
    meaning: "The native library is not supported on this system.",
    cure: "Run on Linux x64 or arm64; macOS compiles but is untested.",
  },
  library_missing: {
    number: 7,
    class: "state",
    retryable: false,
    meaning: "The native library was not found.",
    cure: "In a checkout run `bun run setup`; as a dependency reinstall millrace.",
  },
  library_stale: {
    number: 8,
    class: "state",
    retryable: false,
    meaning: "The native library was built from another version of the sources.",
    cure: "Run `bun run setup`.",
  },
  wrong_thread: {
    number: 9,
    class: "state",
    retryable: false,
    meaning: "The object belongs to another JavaScript thread.",
    cure: "Use it in the thread that made it, or open your own.",
  },
  aborted: {
    number: 10,
    class: "state",
    retryable: true,
    meaning: "The operation was aborted.",
    cure: "Look at the signal's reason.",
  },
  deadline: {
    number: 11,
    class: "deadline",
    retryable: true,
    meaning: "The time that the call allowed ran out.",
    cure: "Allow more time, or find out why the other side is late.",
  },
  system: {
    number: 12,
    class: "device",
    retryable: false,
    meaning: "A system call failed.",
    cure: "The message names the call and its errno.",
  },
  out_of_handles: {
    number: 13,
    class: "capacity",
    retryable: false,
    meaning: "Too many native objects are open.",
    cure: "Close what is no longer used; `using` does it for you.",
  },
  out_of_memory: {
    number: 14,
    class: "capacity",
    retryable: true,
    meaning: "Memory could not be had.",
    cure: "Release tensors, or lower the size.",
  },
  invalid_dtype: {
    number: 20,
    class: "argument",
    retryable: false,
    meaning: "The element type is unknown here.",
    cure: "Use a name such as \"float32\"; the message lists what is accepted.",
  },
  invalid_shape: {
    number: 21,
    class: "argument",
    retryable: false,
    meaning: "The shape is not usable.",
    cure: "Use non-negative integers whose product fits in 2^53 bytes.",
  },
  wrong_dtype: {
    number: 22,
    class: "argument",
    retryable: false,
    meaning: "The element type differs from the one required.",
    cure: "Convert the data, or ask for the type that is there.",
  },
  wrong_shape: {
    number: 23,
    class: "argument",
    retryable: false,
    meaning: "The shape or element count differs from the one required.",
    cure: "Pass data of the shape that the message names.",
  },
  wrong_size: {
    number: 24,
    class: "argument",
    retryable: false,
    meaning: "The number of bytes differs from the one required.",
    cure: "Pass exactly the number of bytes that the message names.",
  },
  out_of_bounds: {
    number: 25,
    class: "argument",
    retryable: false,
    meaning: "The range reaches beyond the memory.",
    cure: "Keep offset + length within the size that the message names.",
  },
  not_found: {
    number: 40,
    class: "not_found",
    retryable: true,
    meaning: "No publication has this name.",
    cure: "Check the name, or use waitFor when the producer may be later.",
  },
  exists: {
    number: 41,
    class: "exists",
    retryable: false,
    meaning: "The name is already published.",
    cure: "Publish under another name, free the old one, or pass replace: true.",
  },
  invalid_name: {
    number: 42,
    class: "argument",
    retryable: false,
    meaning: "The name is not usable.",
    cure: "Use 1 to 255 bytes of UTF-8 without NUL.",
  },
  no_space: {
    number: 43,
    class: "capacity",
    retryable: true,
    meaning: "The shared-memory file system or the memory limit has no room.",
    cure: "Free tensors, enlarge /dev/shm (docker: --shm-size), or choose another `dir`.",
  },
  too_many_mappings: {
    number: 44,
    class: "capacity",
    retryable: true,
    meaning: "The process has as many memory mappings as the system allows.",
    cure: "Release tensors, or raise vm.max_map_count.",
  },
  too_large: {
    number: 45,
    class: "argument",
    retryable: false,
    meaning: "The view would exceed 4 GiB, the most that one ArrayBuffer can hold here.",
    cure: "Pass { offset, length } to look at it through windows.",
  },
  table_full: {
    number: 46,
    class: "capacity",
    retryable: true,
    meaning: "A table of the context is full.",
    cure: "Free publications or allocations; the message names the limit.",
  },
  corrupt: {
    number: 47,
    class: "format",
    retryable: false,
    meaning: "Shared memory holds values that cannot be right.",
    cure: "Close the context everywhere and open it anew; report how it came about.",
  },
  wrong_version: {
    number: 48,
    class: "format",
    retryable: false,
    meaning: "The context was made by another version of Millrace.",
    cure: "Use one version for all processes of a job.",
  },
  context_busy: {
    number: 49,
    class: "state",
    retryable: true,
    meaning: "Another process holds the context's lock for too long.",
    cure: "Look for a stopped process (the message names its pid).",
  },
  not_owner: {
    number: 50,
    class: "argument",
    retryable: false,
    meaning: "The directory or file belongs to another user, or others may write it.",
    cure: "Remove it, or set MILLRACE_SHM_DIR to a directory of your own.",
  },
  unpublished_owner_lost: {
    number: 51,
    class: "not_found",
    retryable: false,
    meaning: "The memory died with its creator before it was published.",
    cure: "Start the producer again.",
  },
  access_denied: {
    number: 52,
    class: "state",
    retryable: false,
    meaning: "The entry is read-only.",
    cure: "Write to outputs only; copy the data to change it.",
  },
  attributes_too_large: {
    number: 53,
    class: "argument",
    retryable: false,
    meaning: "Attributes are limited to 4096 bytes of JSON.",
    cure: "Publish large side data as a tensor of its own.",
  },
  freed: {
    number: 54,
    class: "state",
    retryable: false,
    meaning: "The memory was freed: its names are hidden in the whole job.",
    cure: "Existing references stay readable; create new memory to publish.",
  },
  unsupported_filesystem: {
    number: 55,
    class: "state",
    retryable: false,
    meaning: "The directory's file system cannot hold shared memory.",
    cure: "Use a tmpfs such as /dev/shm.",
  },
  entry_preallocated: {
    number: 60,
    class: "state",
    retryable: false,
    meaning: "The entry was allocated from the pipeline definition; its shape is fixed.",
    cure: "Declare the axis as -1 to set it at run time.",
  },
  entry_unallocated: {
    number: 61,
    class: "state",
    retryable: true,
    meaning: "The entry has no memory yet.",
    cure: "Call updateShape for the axes that the message names.",
  },
  fixed_axis: {
    number: 62,
    class: "argument",
    retryable: false,
    meaning: "The axis is fixed by the pipeline definition.",
    cure: "Update dynamic axes only, or drop the strict option.",
  },
  wrong_entry_type: {
    number: 63,
    class: "argument",
    retryable: false,
    meaning: "The entry is of another type.",
    cure: "Use the accessors of the declared type.",
  },
  invalid_definition: {
    number: 64,
    class: "format",
    retryable: false,
    meaning: "The pipeline definition is not valid.",
    cure: "Correct the line that the message names.",
  },
  operator_failed: {
    number: 65,
    class: "state",
    retryable: true,
    meaning: "An operator of the pipeline failed.",
    cure: "Look at its log; the result lists every operator.",
  },
  payload_expired: {
    number: 66,
    class: "state",
    retryable: false,
    meaning: "The payload was used outside execute.",
    cure: "Use inputs and outputs inside the execute handler only.",
  },
  not_in_pipeline: {
    number: 67,
    class: "state",
    retryable: false,
    meaning: "This process was not started by a Pipeline.",
    cure: "Start it through Pipeline.run, which passes MILLRACE_PIPELINE.",
  },
  engine_missing: {
    number: 80,
    class: "not_found",
    retryable: false,
    meaning: "ONNX Runtime's library was not found.",
    cure: "Install onnxruntime-node, or set MILLRACE_ONNXRUNTIME to its library.",
  },
  engine_too_old: {
    number: 81,
    class: "format",
    retryable: false,
    meaning: "ONNX Runtime's library is too old.",
    cure: "Install onnxruntime-node 1.20 or newer.",
  },
  invalid_model: {
    number: 82,
    class: "format",
    retryable: false,
    meaning: "The model cannot be loaded.",
    cure: "The message carries the engine's words.",
  },
  unknown_input: {
    number: 83,
    class: "argument",
    retryable: false,
    meaning: "The model has no input of this name.",
    cure: "Use the names that the message lists.",
  },
  missing_input: {
    number: 84,
    class: "argument",
    retryable: false,
    meaning: "An input of the model is missing.",
    cure: "Pass a tensor for each input that the message lists.",
  },
  unsupported_type: {
    number: 85,
    class: "argument",
    retryable: false,
    meaning: "The model uses values that are not plain tensors.",
    cure: "Convert strings, sequences and maps outside the model.",
  },
  run_failed: {
    number: 86,
    class: "device",
    retryable: true,
    meaning: "The engine failed while running the model.",
    cure: "The message carries the engine's words.",
  },
  unknown_output: {
    number: 87,
    class: "argument",
    retryable: false,
    meaning: "The model has no output of this name.",
    cure: "Use the names that the message lists.",
  },
  expectation_failed: {
    number: 88,
    class: "argument",
    retryable: false,
    meaning: "The model is not what `expect` says.",
    cure: "Correct the expectation, or load the right model.",
  },
  queue_full: {
    number: 89,
    class: "capacity",
    retryable: true,
    meaning: "As many requests wait as maxQueueSize allows.",
    cure: "Slow down, raise maxQueueSize, or use queuePolicy \"wait\".",
  },
  file_not_found: {
    number: 90,
    class: "not_found",
    retryable: false,
    meaning: "The file does not exist or cannot be read.",
    cure: "Check the path that the message names.",
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof table;

export const errorTable: Readonly<Record<ErrorCode, ErrorEntry>> = table;
