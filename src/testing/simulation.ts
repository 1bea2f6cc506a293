import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { heldByRunners } from "../runner/deployment/held.ts";
import { SimulatedGpus } from "./simulated-gpus.ts";
import { SimulatedIpus } from "./simulated-ipus.ts";

export interface Handle {
  readonly slot: number;
  readonly generation: number;
}

/** Simulated devices in place of the real ones, in the whole process, until it is closed. */
export class Simulation implements Disposable {
  readonly system: string;
  readonly #ipus: Handle | undefined;
  readonly #gpus: Handle | undefined;
  readonly #ipu: SimulatedIpus | undefined;
  readonly #cuda: SimulatedGpus | undefined;
  #closed = false;

  /** @internal */
  constructor(system: string, ipus: Handle | undefined, gpus: Handle | undefined) {
    this.system = system;
    this.#ipus = ipus;
    this.#gpus = gpus;
    this.#ipu = ipus && new SimulatedIpus(ipus);
    this.#cuda = gpus && new SimulatedGpus(gpus);
  }

  /** What is to go wrong with IPUs. @throws ArgumentError `invalid_argument`: the simulation has none */
  get ipu(): SimulatedIpus {
    return this.#ipu ?? lacks("ipu", "ipus");
  }

  /** What is to go wrong with GPUs, and what was asked of them. @throws ArgumentError `invalid_argument`: the simulation has none */
  get cuda(): SimulatedGpus {
    return this.#cuda ?? lacks("cuda", "cuda");
  }

  /**
   * What this process has opened on the simulated devices and not closed yet, in words; `[]` when there is nothing. What an open
   * ModelRunner of this thread has of IPUs is no leak: it goes with the runner. Nor is what a GPU in error cannot give back.
   */
  leaks(): string[] {
    const op = "Simulation.leaks";
    const found: string[] = [];
    if (this.#ipus !== undefined) {
      check(native.mr_simulation_leaks(this.#ipus.slot, this.#ipus.generation), op);
      const { devices, executables, engines } = heldByRunners;
      found.push(...describe(ipuLeaks, [devices, 0, executables, engines]));
    }
    if (this.#gpus !== undefined) {
      check(native.mr_cuda_simulation_leaks(this.#gpus.slot, this.#gpus.generation), op);
      found.push(...describe(gpuLeaks));
    }
    return found;
  }

  /** Ends the simulation. Devices that are still open stay usable until they are closed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const op = "Simulation.close";
    if (this.#gpus !== undefined) check(native.mr_cuda_simulation_close(this.#gpus.slot, this.#gpus.generation), op);
    if (this.#ipus !== undefined) check(native.mr_simulation_close(this.#ipus.slot, this.#ipus.generation), op);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function lacks(member: string, option: string): never {
  const message = `the simulation was begun without ${option}.`;
  throw makeError("invalid_argument", { op: `Simulation.${member}`, message, hint: `simulate({ ${option}: 1 })` });
}

type Words = readonly [one: string, many: string];

const ipuLeaks: readonly Words[] = [
  ["attached device", "attached devices"],
  ["IPU model", "IPU models"],
  ["executable", "executables"],
  ["engine", "engines"],
];

/** In the order of `Leaks` in `zig/sim/cuda/interface.zig`. */
const gpuLeaks: readonly Words[] = [
  ["CUDA context", "CUDA contexts"],
  ["allocation of device memory", "allocations of device memory"],
  ["byte of device memory", "bytes of device memory"],
  ["allocation of pinned memory", "allocations of pinned memory"],
  ["registration of host memory", "registrations of host memory"],
  ["CUDA stream", "CUDA streams"],
  ["CUDA event", "CUDA events"],
  ["CUDA module", "CUDA modules"],
  ["memory pool", "memory pools"],
  ["allocation of another process", "allocations of other processes"],
  ["object left when its context ended", "objects left when their context ended"],
  ["allocation freed while another process had it", "allocations freed while other processes had them"],
];

/** From the block's results, less what is `held` by others. */
function describe(words: readonly Words[], held: readonly number[] = []): string[] {
  return words.flatMap(([one, many], index) => {
    const count = block.results[index]! - (held[index] ?? 0);
    return count <= 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  });
}
