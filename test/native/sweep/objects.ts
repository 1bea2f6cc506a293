import { join } from "node:path";
import { simulatorPath } from "../../../src/device/driver.ts";
import { findEngineLibrary } from "../../../src/native/engine-library.ts";
import type { Native } from "../../../src/native/library.ts";
import { block, native, wrapResult } from "../../../src/native/library.ts";
import { nativeFolder } from "../../../src/native/library-path.ts";
import { cudaSimulatorName, nativeTarget } from "../../../src/native/platform.ts";
import { prepareGpuCall } from "./gpu-calls.ts";
import { kernelCall } from "./kernel-call.ts";
import type { Random } from "./random.ts";

export type Kind =
  | "context"
  | "allocation"
  | "memory"
  | "job"
  | "replica"
  | "session"
  | "queue"
  | "ring"
  | "stream"
  | "device"
  | "simulation"
  | "cuda_simulation"
  | GpuKind;
/** There are some only while GPUs are simulated. */
export type GpuKind =
  | "cuda_device"
  | "cuda_stream"
  | "cuda_event"
  | "cuda_memory"
  | "cuda_registration"
  | "cuda_publication";
export interface Handle {
  readonly slot: number;
  readonly generation: number;
  /** Of a job: the kind of what it makes. */
  readonly makes?: Kind | undefined;
}
export type Call = keyof Native;

export const kinds: readonly Kind[] = [
  "context",
  "allocation",
  "memory",
  "job",
  "replica",
  "session",
  "queue",
  "ring",
  "stream",
  "device",
  "simulation",
  "cuda_simulation",
];
export const gpuKinds: readonly GpuKind[] = [
  "cuda_device",
  "cuda_stream",
  "cuda_event",
  "cuda_memory",
  "cuda_registration",
  "cuda_publication",
];
const simulator = simulatorPath("sweep");
const cudaSimulator = `${nativeFolder("sweep")}/${cudaSimulatorName(nativeTarget())}`;
const model = join(import.meta.dir, "../../fixtures/models/identity-float32.onnx");
const staleMax = 64;

const closers = {
  context: "mr_context_close",
  allocation: "mr_allocation_release",
  memory: "mr_memory_close",
  job: "mr_boundary_abandon",
  replica: "mr_replica_close",
  device: "mr_device_close",
  simulation: "mr_simulation_close",
  cuda_simulation: "mr_cuda_simulation_close",
  session: "mr_session_close",
  queue: "mr_queue_close",
  ring: "mr_ring_close",
  stream: "mr_stream_close",
  cuda_device: "mr_cuda_device_close",
  cuda_stream: "mr_cuda_stream_close",
  cuda_event: "mr_cuda_event_close",
  cuda_memory: "mr_cuda_memory_close",
  cuda_registration: "mr_cuda_host_unregister",
  cuda_publication: "mr_cuda_publication_close",
} as const satisfies Record<Kind, Call>;
// More than a few loaded models only cost time.
const openMax: Record<Kind, number> = {
  context: 4,
  allocation: 32,
  memory: 32,
  job: 16,
  replica: 2,
  device: 8,
  simulation: 1,
  cuda_simulation: 1,
  session: 4,
  queue: 4,
  ring: 8,
  stream: 8,
  cuda_device: 4,
  cuda_stream: 8,
  cuda_event: 8,
  cuda_memory: 16,
  cuda_registration: 8,
  cuda_publication: 8,
};

/** The native objects that the sweep knows: open ones of every kind, and some that were closed. */
export class Objects {
  readonly open: Record<Kind, Handle[]> = {
    context: [],
    allocation: [],
    memory: [],
    job: [],
    replica: [],
    session: [],
    queue: [],
    ring: [],
    stream: [],
    device: [],
    simulation: [],
    cuda_simulation: [],
    cuda_device: [],
    cuda_stream: [],
    cuda_event: [],
    cuda_memory: [],
    cuda_registration: [],
    cuda_publication: [],
  };
  readonly stale: Handle[] = [];
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Leaves texts in the block one after the other; returns their lengths. */
  write(...texts: string[]): number[] {
    let offset = 0;
    return texts.map((text) => {
      const { written } = new TextEncoder().encodeInto(text, block.text.subarray(offset));
      offset += written;
      return written;
    });
  }

  /** Valid arguments of calls whose arguments are lengths of what they expect in the block. */
  prepare(call: Call, random: Random): number[] | undefined {
    const name = random.pick(["a", "b", "c", "ñandú"]);
    switch (call) {
      case "mr_context_open":
        return [...this.write(`job-${random.below(3)}`, this.#dir), random.pick([0, 65_536])];
      case "mr_context_reapJobs":
        return this.write(this.#dir);
      case "mr_context_has":
      case "mr_context_get":
        return this.write(name);
      case "mr_allocation_publish":
        block.values.fill(2);
        return [...this.write(name, '{"n":1}'), random.pick([0x8000_0201, 0x0201, 0x0105])];
      case "mr_allocation_view":
        return [random.below(2), random.pick([0, 64, 4096]), random.pick([1, 64, 4096])];
      case "mr_replica_load":
        block.values.fill(0);
        block.values.set([1, random.pick([1, 2]), random.pick([0, 1, 2]), 4, random.pick([-1, 0, 1000]), 0, 8, 1]);
        return this.write(findEngineLibrary(undefined, "sweep"), model);
      case "mr_replica_attach": {
        const replica = this.open.replica[0];
        if (replica === undefined) return undefined;
        return [Math.max(0, native.mr_replica_share(replica.slot, replica.generation))];
      }
      case "mr_graph_describe":
        return [
          random.pick([0, 64, 100]),
          random.pick([0, 0, 10]),
          ...this.write(findEngineLibrary(undefined, "sweep")),
        ];
      case "mr_deployment_load": {
        const json = this.#description(random);
        block.values.fill(0);
        block.values.set([1, 1, random.pick([0, 1]), 4, random.pick([-1, 0, 1000]), 0, 8, 1, random.below(2), 1000]);
        return [0, json, ...this.write(findEngineLibrary(undefined, "sweep"))];
      }
      case "mr_memory_mapFile":
        return [...this.write(model), random.pick([0, 5, 64, 200]), random.pick([0, 1, 100])];
      case "mr_request_bind":
        block.values.set([random.below(2), 0, random.below(2), 0, 2, 2, 4]);
        return [random.below(2)];
      case "mr_device_driver":
        return [...this.write(simulator), random.below(2)];
      case "mr_device_acquire":
      case "mr_device_acquireJob":
        return [random.below(2), random.below(5), random.below(2), ...this.write("ipuLinkTopology\0mesh\0")];
      case "mr_device_createModel":
        return [random.pick([1, 2, 21]), random.below(5), random.below(5), 0];
      case "mr_simulation_begin":
        return [...this.write(simulator, "sweep"), random.below(5), 2, 0, random.below(2)];
      case "mr_simulation_plan":
        block.values.set([random.below(3), 1 + random.below(3), random.below(3), random.below(3), -1, random.below(5)]);
        block.values.set([random.below(5), random.below(2), 0], 6);
        return this.write("planned");
      case "mr_cuda_simulation_begin":
        block.values[0] = 1 << 20;
        return [...this.write(cudaSimulator, "sweep"), 1 + random.below(2), 90, 12_080, random.below(8)];
      case "mr_cuda_simulation_calls":
        return this.write("cuMemAlloc");
      case "mr_cuda_simulation_plan":
        block.values.set([
          1 + random.below(3),
          random.below(3),
          -1,
          random.pick([0, 2, 700, 719]),
          random.below(2),
          0,
          0,
          1,
        ]);
        return this.write(random.pick(["cuMemAlloc", "cuMemsetD8Async", "cuInit"]), "planned");
      case "mr_session_create": {
        const [length] = this.write("streamCallbacks.maxLookahead\0unlimited\0");
        const memory = random.pick(this.open.memory);
        return [memory.slot, memory.generation, 0, random.pick([0, 64, 100]), length!, random.below(2)];
      }
      case "mr_session_bind": {
        const device = random.pick(this.open.device);
        return [device.slot, device.generation];
      }
      case "mr_session_run":
        block.text.fill(0, 0, 8);
        return [random.pick([1, 2]), random.pick([1, 3])];
      case "mr_session_connect": {
        const stream = random.pick(this.open.stream);
        return [stream.slot, stream.generation, ...this.write(name), random.below(2)];
      }
      case "mr_session_describe":
        return [...this.write(random.pick(["h2d_image", name])), random.pick([0, 4, 64]), random.below(3)];
      case "mr_session_remote":
        block.values.set([random.below(2), random.below(3), random.pick([0, 4, 64]), 0, 1]);
        return [...this.write(name), random.below(3)];
      case "mr_stream_stored":
        block.values.set([0, random.pick([64, 100]), random.below(9), random.pick([1, 8]), random.pick([1, 8]), 4]);
        return undefined;
      case "mr_stream_user":
        return [random.below(4), random.below(2), random.pick([0, 4, 64])];
      case "mr_queue_open":
        return [random.pick([0, 1e6])];
      case "mr_queue_add":
        return [random.below(4), random.pick([1, 4]), random.pick([1, 64, 1000])];
      case "mr_queue_enqueue":
        block.values.set([random.pick([0, 64]), random.pick([1, 8, 64]), random.below(4)]);
        return [random.below(3)];
      case "mr_queue_stream":
      case "mr_queue_room":
      case "mr_queue_state":
      case "mr_queue_disconnect":
      case "mr_queue_reset":
        return [random.below(3)];
      case "mr_queue_flush":
        return [random.below(3), random.below(2)];
      case "mr_kernel_run":
        return kernelCall(this.open, random);
      case "mr_ring_create":
        return [random.pick([1, 3, 8]), random.pick([1, 64]), this.write(name)[0]!];
      case "mr_ring_format":
        return [random.pick([1, 2]), random.pick([8, 64]), this.write(name)[0]!];
      case "mr_ring_attach":
        return this.#token(random);
      case "mr_ring_wait":
        return [random.below(2), random.pick([0, 0.5])];
      case "mr_ring_take":
      case "mr_ring_watch":
        return [random.below(2), random.below(2)];
      case "mr_ring_commit":
      case "mr_ring_release":
      case "mr_ring_reserve":
      case "mr_ring_claim":
        return [random.below(4)];
      default:
        return prepareGpuCall(call, this.open, random);
    }
  }

  /** Leaves a model's description in memory, which the call then may get; returns its length. */
  #description(random: Random): number {
    const port = (name: string, handle: string) => ({ name, handle, type: 1, shape: [4] });
    const sessions = this.open.session.slice(0, 1).map(({ slot, generation }) => [slot, generation]);
    const inputs = [port("image", "h2d_image")];
    const outputs = [port("echo", "d2h_echo")];
    const devices = { sessions, main: [random.below(3)], load: [0], inputs, outputs, autoReset: random.chance(2) };
    const json = new TextEncoder().encode(JSON.stringify(random.chance(2) ? { path: model } : { devices }));
    for (const { slot, generation } of this.open.memory) {
      if (native.mr_memory_view(slot, generation) < 0) continue;
      const bytes = new Uint8Array(wrapResult());
      if (bytes.length >= json.length) bytes.set(json);
    }
    return json.length;
  }

  /** Leaves the token of an open ring in the block. */
  #token(random: Random): number[] | undefined {
    const ring = this.open.ring.length > 0 ? random.pick(this.open.ring) : undefined;
    if (ring === undefined || native.mr_ring_token(ring.slot, ring.generation) < 0) return undefined;
    block.values.set(block.results.subarray(0, 3));
    return [];
  }

  add(kind: Kind, handle: Handle): void {
    this.open[kind].push(handle);
    while (this.open[kind].length > openMax[kind]) this.close(kind, this.open[kind][0]!);
  }

  forget(kind: Kind, handle: Handle): void {
    const index = this.open[kind].indexOf(handle);
    if (index >= 0) this.open[kind].splice(index, 1);
    this.stale.push(handle);
    if (this.stale.length > staleMax) this.stale.shift();
  }

  close(kind: Kind, handle: Handle): void {
    const close = native[closers[kind]] as (slot: number, generation: number) => number;
    const result = close(handle.slot, handle.generation);
    this.forget(kind, handle);
    if (kind === "replica" && result >= 0) this.add("job", { slot: result, generation: block.results[0]! });
  }

  closeAll(): void {
    const order = [
      "cuda_registration",
      "cuda_publication",
      "cuda_event",
      "cuda_stream",
      "cuda_memory",
      "cuda_device",
      "session",
      "replica",
      "queue",
      "ring",
      "stream",
      "device",
      "simulation",
      "cuda_simulation",
      "allocation",
      "memory",
      "context",
      "job",
    ];
    for (const kind of order as Kind[]) {
      for (const handle of [...this.open[kind]]) this.close(kind, handle);
    }
  }

  forgetAll(): void {
    for (const kind of [...kinds, ...gpuKinds]) for (const handle of [...this.open[kind]]) this.forget(kind, handle);
  }
}
