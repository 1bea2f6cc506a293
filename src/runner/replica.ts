import { check, nativeError } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { giveWay, runJob, watch } from "../native/jobs.ts";
import { block, native, onReload } from "../native/library.ts";
import type { TensorSource } from "../tensor/index.ts";
import { collect } from "./collect.ts";
import type { DataDesc, Handle } from "./data-desc.ts";
import type { Pending } from "./pending.ts";
import { RequestMemory } from "./request-memory.ts";
import type { ResultTensor } from "./result.ts";
import { noCounts } from "./stats.ts";

export type Results = Record<string, ResultTensor>;

interface Flight {
  readonly pending: Pending<Results>;
  readonly memory: RequestMemory;
  readonly given: ReadonlyMap<number, TensorSource> | undefined;
}

// Hot reload closes every handle of the thread; what the old modules were waiting for will never come.
const open = new Set<Replica>();
onReload(() => {
  for (const replica of open) replica.abandon();
});

// A blocking wait comes back this often, so that a Worker can be terminated in it.
const waitSliceMs = 100;

/** One loaded model with its native thread, seen from JavaScript: hands requests over and collects what has ended. */
export class Replica {
  readonly #model: Handle;
  readonly #outputs: readonly DataDesc[];
  readonly #idle: RequestMemory[] = [];
  readonly #all: RequestMemory[] = [];
  readonly counters = noCounts();
  readonly #flights = new Map<number, Flight>();
  #unwatch: (() => void) | undefined;
  #drained: (() => void) | undefined;

  constructor(model: Handle, outputs: readonly DataDesc[]) {
    this.#model = model;
    this.#outputs = outputs;
    open.add(this);
  }

  /** Requests handed over and not yet collected, the given-up ones included. */
  get underWay(): number {
    return this.#flights.size;
  }

  /** Runs here and now if the replica is idle, else after what is queued. */
  run(sources: readonly TensorSource[], given: Flight["given"], op: string): Results {
    const { slot, generation } = this.#model;
    const memory = this.#prepare(sources, given, op);
    try {
      if (check(native.mr_request_run(slot, generation, memory.number), op) === 1) {
        while (check(native.mr_request_wait(slot, generation, memory.number, waitSliceMs), op) === 0);
      }
      check(native.mr_request_outcome(slot, generation, memory.number), op);
      const results = collect(this.#model, memory, this.#outputs, given, op);
      this.counters.completed++;
      return results;
    } catch (error) {
      this.counters.failed++;
      throw error;
    } finally {
      this.#recycle(memory);
    }
  }

  /** Queues a request; `pending` settles when it has ended. Returns what to call when nobody wants the answer. */
  submit(pending: Pending<Results>, sources: readonly TensorSource[], given: Flight["given"], op: string): () => void {
    const { slot, generation } = this.#model;
    const memory = this.#prepare(sources, given, op);
    if (check(native.mr_request_submit(slot, generation, memory.number), op) === 1) giveWay();
    this.#flights.set(memory.number, { pending, memory, given });
    this.#unwatch ??= watch(() => this.#poll());
    return () => this.#cancel(memory);
  }

  /** Waits for what is under way, then lets the native thread and the engine go. */
  async close(op: string): Promise<void> {
    if (this.#flights.size > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    open.delete(this);
    for (const memory of this.#all) memory.close();
    const { slot, generation } = this.#model;
    await runJob(
      () => native.mr_replica_close(slot, generation),
      () => undefined,
      op,
    );
  }

  /** The handle is about to go without us: whoever waits is told. */
  abandon(): void {
    open.delete(this);
    this.#unwatch?.();
    for (const { pending } of this.#flights.values()) {
      if (!pending.settled) pending.reject(closedError("ModelRunner.executeAsync"));
    }
    this.#flights.clear();
    this.#drained?.();
  }

  #prepare(sources: readonly TensorSource[], given: Flight["given"], op: string): RequestMemory {
    const memory = this.#idle.pop() ?? this.#add(op);
    try {
      memory.stage(sources, this.counters);
      for (const [index, output] of given ?? []) {
        if (output.native !== undefined) memory.bindOnce("output", index, output.native, output.shape);
      }
    } catch (error) {
      this.#recycle(memory);
      throw error;
    }
    return memory;
  }

  #add(op: string): RequestMemory {
    const memory = new RequestMemory(this.#model, this.#outputs, op);
    this.#all.push(memory);
    return memory;
  }

  #recycle(memory: RequestMemory): void {
    const { slot, generation } = this.#model;
    check(native.mr_request_recycle(slot, generation, memory.number), "ModelRunner");
    this.#idle.push(memory);
  }

  #cancel(memory: RequestMemory): void {
    this.counters.givenUp++;
    const { slot, generation } = this.#model;
    const never = check(native.mr_request_cancel(slot, generation, memory.number), "ModelRunner") === 1;
    if (never) this.#land(memory);
  }

  #poll(): boolean {
    const { slot, generation } = this.#model;
    let found = false;
    let count: number;
    do {
      count = check(native.mr_replica_finished(slot, generation), "ModelRunner");
      for (let i = 0; i < count; i++) {
        found = true;
        this.#settle(block.completions[i * 2]!, block.completions[i * 2 + 1]! | 0);
      }
    } while (count === block.completions.length / 2);
    return found;
  }

  #settle(number: number, status: number): void {
    const { pending, memory, given } = this.#flights.get(number)!;
    const op = "ModelRunner.executeAsync";
    if (!pending.settled) {
      try {
        if (status < 0) throw this.#failure(number, op);
        const results = collect(this.#model, memory, this.#outputs, given, op);
        this.counters.completed++;
        pending.resolve(results);
      } catch (error) {
        this.counters.failed++;
        pending.reject(error);
      }
    }
    this.#land(memory);
  }

  #failure(number: number, op: string): Error {
    return nativeError(native.mr_request_outcome(this.#model.slot, this.#model.generation, number), op);
  }

  #land(memory: RequestMemory): void {
    this.#flights.delete(memory.number);
    this.#recycle(memory);
    if (this.#flights.size > 0) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#drained?.();
  }
}

export function closedError(op: string): Error {
  return makeError("closed", { op, message: "the model runner was closed." });
}
