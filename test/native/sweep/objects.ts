import { join } from "node:path";
import { findEngineLibrary } from "../../../src/device/engine-library.ts";
import type { Native } from "../../../src/native/library.ts";
import { block, native } from "../../../src/native/library.ts";
import type { Random } from "./random.ts";

export type Kind = "context" | "allocation" | "memory" | "job" | "replica";
export interface Handle {
  readonly slot: number;
  readonly generation: number;
  /** Of a job: the kind of what it makes. */
  readonly makes?: Kind | undefined;
}
export type Call = keyof Native;

export const kinds: readonly Kind[] = ["context", "allocation", "memory", "job", "replica"];
const model = join(import.meta.dir, "../../fixtures/models/identity-float32.onnx");
const staleMax = 64;

const closers = {
  context: "mr_context_close",
  allocation: "mr_allocation_release",
  memory: "mr_memory_close",
  job: "mr_boundary_abandon",
  replica: "mr_replica_close",
} as const satisfies Record<Kind, Call>;
// More than a few loaded models only cost time.
const openMax: Record<Kind, number> = { context: 4, allocation: 32, memory: 32, job: 16, replica: 2 };

/** The native objects that the sweep knows: open ones of every kind, and some that were closed. */
export class Objects {
  readonly open: Record<Kind, Handle[]> = { context: [], allocation: [], memory: [], job: [], replica: [] };
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
      case "mr_memory_mapFile":
        return [...this.write(model), random.pick([0, 5, 64, 200]), random.pick([0, 1, 100])];
      case "mr_request_bind":
        block.values.set([random.below(2), 0, random.below(2), 0, 2, 2, 4]);
        return [random.below(2)];
      default:
        return undefined;
    }
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
    for (const kind of ["replica", "allocation", "memory", "context", "job"] as const) {
      for (const handle of [...this.open[kind]]) this.close(kind, handle);
    }
  }

  forgetAll(): void {
    for (const kind of kinds) for (const handle of [...this.open[kind]]) this.forget(kind, handle);
  }
}
