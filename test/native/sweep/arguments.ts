import { symbols } from "../../../src/native/bindings.generated.ts";
import { gpuCallKinds } from "./gpu-calls.ts";
import type { Call, Kind } from "./objects.ts";

/** What JavaScript may pass where an integer is meant, and what the FFI makes of it is anybody's guess. */
export const integers: readonly number[] = [
  Number.NaN,
  -1,
  0,
  -0,
  1,
  2,
  3,
  1.5,
  63,
  64,
  255,
  256,
  4095,
  4096,
  8191,
  8192,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32 - 1,
  2 ** 32,
  2 ** 32 + 5,
  2 ** 53,
  1e300,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

/** Sizes and offsets. Nothing between a megabyte and a petabyte: those would be granted, and cost time. */
export const sizes: readonly number[] = [
  Number.NaN,
  -1,
  0,
  0.5,
  1,
  63,
  64,
  4096,
  65_537,
  1e6,
  2 ** 50,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 64,
  1e300,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

/** Calls whose first two integers are none. */
const notOfHandles: ReadonlySet<Call> = new Set<Call>([
  "mr_device_children",
  "mr_device_driver",
  "mr_device_acquire",
  "mr_device_acquireJob",
  "mr_device_createModel",
  "mr_simulation_begin",
  "mr_cuda_simulation_begin",
  "mr_session_create",
  "mr_kernel_run",
]);

/** The kind of handle that a call begins with. */
export function kindOf(call: Call): Kind | undefined {
  if (symbols[call].args.length < 2 || symbols[call].args[1] !== "u32") return undefined;
  if (call === "mr_context_open" || call === "mr_replica_load" || call === "mr_memory_mapFile") return undefined;
  if (notOfHandles.has(call)) return undefined;
  const gpuKind = gpuCallKinds[call] ?? /^mr_(cuda_(?:device|stream|event|memory|publication))_/.exec(call)?.[1];
  if (gpuKind !== undefined) return gpuKind as Kind;
  if (call.startsWith("mr_device_")) return "device";
  if (call.startsWith("mr_simulation_")) return "simulation";
  if (call.startsWith("mr_cuda_simulation_")) return "cuda_simulation";
  if (call === "mr_ring_create") return undefined;
  if (call.startsWith("mr_context_")) return "context";
  // A ring is made of an allocation's memory.
  if (call === "mr_ring_format" || call === "mr_ring_open") return "allocation";
  if (call.startsWith("mr_ring_")) return "ring";
  if (call.startsWith("mr_allocation_")) return "allocation";
  if (call.startsWith("mr_memory_") || call === "mr_graph_describe" || call === "mr_deployment_load") return "memory";
  if (call === "mr_replica_attach") return undefined;
  if (call.startsWith("mr_replica_") || call.startsWith("mr_request_")) return "replica";
  if (call.startsWith("mr_session_") || call === "mr_stream_user") return "session";
  if (call === "mr_stream_stored") return undefined;
  if (call.startsWith("mr_stream_")) return "stream";
  if (call.startsWith("mr_queue_")) return "queue";
  if (call === "mr_boundary_finish" || call === "mr_boundary_abandon" || call === "mr_boundary_wait") return "job";
  throw new Error(`${call}: what kind of handle does it take?`);
}

/** Calls that return a new handle, and its kind. */
export const makes: Partial<Record<Call, Kind>> = {
  mr_memory_create: "memory",
  mr_memory_share: "memory",
  mr_memory_mapFile: "memory",
  mr_allocation_view: "memory",
  mr_context_open: "context",
  mr_context_create: "allocation",
  mr_context_get: "allocation",
  mr_allocation_share: "allocation",
  mr_context_createJob: "job",
  mr_replica_load: "job",
  mr_graph_describe: "job",
  mr_deployment_load: "job",
  mr_session_create: "session",
  mr_stream_empty: "stream",
  mr_stream_stored: "stream",
  mr_stream_user: "stream",
  mr_queue_open: "queue",
  mr_queue_stream: "stream",
  mr_replica_close: "job",
  mr_replica_attach: "replica",
  mr_device_acquire: "device",
  mr_device_acquireJob: "job",
  mr_device_createModel: "device",
  mr_device_createCpu: "device",
  mr_simulation_begin: "simulation",
  mr_cuda_simulation_begin: "cuda_simulation",
  mr_cuda_device_count: "job",
  mr_cuda_device_describe: "job",
  mr_cuda_device_open: "job",
  mr_cuda_device_memoryInfo: "job",
  mr_cuda_memory_allocate: "job",
  mr_cuda_memory_import: "job",
  mr_cuda_publication_publish: "job",
  mr_cuda_publication_get: "job",
  mr_cuda_memory_exportHandle: "job",
  mr_cuda_memory_share: "cuda_memory",
  mr_cuda_host_allocate: "job",
  mr_cuda_host_register: "job",
  mr_cuda_pool_configure: "job",
  mr_cuda_pool_stats: "job",
  mr_cuda_pool_trim: "job",
  mr_cuda_stream_create: "job",
  mr_cuda_stream_notify: "job",
  mr_cuda_event_create: "job",
  mr_cuda_event_import: "job",
  mr_cuda_event_exportHandle: "job",
  mr_cuda_event_notify: "job",
  mr_cuda_event_query: "job",
  mr_cuda_event_elapsed: "job",
  mr_ring_create: "ring",
  mr_ring_attach: "ring",
  mr_ring_format: "ring",
  mr_ring_open: "ring",
};

/** What the job that a call starts makes. */
export const jobMakes: Partial<Record<Call, Kind>> = {
  mr_context_createJob: "allocation",
  mr_replica_load: "replica",
  mr_graph_describe: "memory",
  mr_deployment_load: "replica",
  mr_device_acquireJob: "device",
  mr_cuda_device_open: "cuda_device",
  mr_cuda_memory_allocate: "cuda_memory",
  mr_cuda_memory_import: "cuda_memory",
  mr_cuda_publication_publish: "cuda_publication",
  mr_cuda_publication_get: "cuda_memory",
  mr_cuda_host_allocate: "memory",
  mr_cuda_host_register: "cuda_registration",
  mr_cuda_stream_create: "cuda_stream",
  mr_cuda_event_create: "cuda_event",
  mr_cuda_event_import: "cuda_event",
};

/** Calls that end the handle they are given. */
export const ends: ReadonlySet<Call> = new Set<Call>([
  "mr_memory_close",
  "mr_context_close",
  "mr_allocation_release",
  "mr_allocation_free",
  "mr_boundary_abandon",
  "mr_boundary_finish",
  "mr_replica_close",
  "mr_device_close",
  "mr_simulation_close",
  "mr_cuda_simulation_close",
  "mr_session_close",
  "mr_stream_close",
  "mr_queue_close",
  "mr_ring_close",
  "mr_cuda_device_close",
  "mr_cuda_stream_close",
  "mr_cuda_event_close",
  "mr_cuda_memory_close",
  "mr_cuda_host_unregister",
  "mr_cuda_publication_close",
]);

/** Calls that hand a reference to memory over, for one `ArrayBuffer`. */
export const shows: ReadonlySet<Call> = new Set<Call>([
  "mr_memory_view",
  "mr_request_grow",
  "mr_request_take",
  "mr_session_callback",
  "mr_ring_view",
]);
