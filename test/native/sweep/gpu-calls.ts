import { block } from "../../../src/native/library.ts";
import type { Call, Handle, Kind } from "./objects.ts";
import type { Random } from "./random.ts";

/** Kinds of handles that calls about GPUs begin with, where their names do not say it. */
export const gpuCallKinds: Partial<Record<Call, Kind>> = {
  mr_cuda_stream_create: "cuda_device",
  mr_cuda_event_create: "cuda_device",
  mr_cuda_event_import: "cuda_device",
  mr_cuda_memory_allocate: "cuda_device",
  mr_cuda_memory_import: "cuda_device",
  mr_cuda_host_allocate: "cuda_device",
  mr_cuda_host_register: "cuda_device",
  mr_cuda_host_unregister: "cuda_registration",
  mr_cuda_pool_configure: "cuda_device",
  mr_cuda_pool_stats: "cuda_device",
  mr_cuda_pool_trim: "cuda_device",
  mr_cuda_publication_publish: "context",
  mr_cuda_publication_get: "cuda_device",
};

/** Valid arguments of calls about GPUs, after the handle. */
export function prepareGpuCall(
  call: Call,
  open: Readonly<Record<Kind, readonly Handle[]>>,
  random: Random,
): number[] | undefined {
  const pick = (...among: Kind[]): number[] => {
    const found = among.flatMap((kind) => open[kind]);
    if (found.length === 0) return [0, 0];
    const { slot, generation } = random.pick(found);
    return [slot, generation];
  };
  switch (call) {
    case "mr_cuda_device_open":
    case "mr_cuda_device_describe":
      return [random.below(3)];
    case "mr_cuda_memory_allocate":
      return [random.pick([0, 1, 4096]), ...(random.chance(2) ? pick("cuda_stream") : [0, 0])];
    case "mr_cuda_host_allocate":
      return [random.pick([0, 1, 4096])];
    case "mr_cuda_host_register":
      return [...pick("memory", "allocation"), random.below(2)];
    case "mr_cuda_pool_configure":
      return [random.pick([-1, 1e6, Number.POSITIVE_INFINITY]), random.pick([-1, 0, 4096])];
    case "mr_cuda_pool_trim":
      return [random.pick([0, 4096])];
    case "mr_cuda_stream_copy": {
      const place = () => [...pick("cuda_memory", "cuda_memory", "memory", "allocation"), random.pick([0, 0, 64])];
      block.values.set([...place(), ...place(), random.pick([0, 1, 64])]);
      return [];
    }
    case "mr_cuda_stream_fill":
      block.values.set([random.pick([0, 4]), random.pick([1, 2, 4]), random.below(256), random.below(4)]);
      return pick("cuda_memory");
    case "mr_cuda_stream_record":
    case "mr_cuda_stream_waitEvent":
    case "mr_cuda_event_elapsed":
      return pick("cuda_event");
    case "mr_cuda_stream_wait":
    case "mr_cuda_event_wait":
      return [random.below(4), random.below(2)];
    case "mr_cuda_publication_publish": {
      const memory = pick("cuda_memory");
      block.values.set([random.pick([0, 2]), random.pick([0, 4, 4096]), 2, 3, random.pick([3, -3]), 1]);
      const name = writeName(random);
      return [...memory, name, random.pick([0x0201, 0x8000_0201, 0xc000_0201, 0x1101])];
    }
    case "mr_cuda_publication_get":
      return [...pick("context"), writeName(random)];
    case "mr_cuda_memory_requireOwner":
    case "mr_cuda_publication_wait":
      return [random.below(2)];
    case "mr_boundary_wait":
      return [random.below(2)];
    default:
      return undefined;
  }
}

/** Of those that publications of other kinds have, too; JSON follows it in the block. Returns its bytes. */
function writeName(random: Random): number {
  block.text.set(new TextEncoder().encode(`${random.pick(["a", "b", "c"])}{}`));
  return 1;
}
