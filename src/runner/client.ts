import { check, nativeError } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { giveWay, runJob, watch } from "../native/jobs.ts";
import { block, native, onReload } from "../native/library.ts";
import type { Results } from "./collect.ts";
import type { Pending } from "./pending.ts";
import type { Handle } from "./port.ts";
import { type Ports, type Prepared, RequestPool } from "./request-pool.ts";
import { noCounts } from "./stats.ts";

// Hot reload closes every handle of the thread; what the old modules were waiting for will never come.
const open = new Set<Client>();
onReload(() => {
  for (const client of open) client.abandon();
});

// A blocking wait comes back this often, so that a Worker can be terminated in it.
const waitSliceMs = 100;
/** Status of a request whose outputs are where every request has them, and which is idle again. */
const plainStatus = 0;
/** Instead of a request's number: a batch lacks rows. */
const hungryNumber = 0xffff_ffff;

/** This thread's access to a loaded model: hands requests over and collects what has ended. */
export class Client {
  readonly #model: Handle;
  readonly pool: RequestPool;
  readonly counters = noCounts();
  /** Called when a compiled batch of the replica has waited long enough for rows. */
  onHungry: ((replica: number) => void) | undefined;
  /** Called when a request has ended. */
  onLanded: (() => void) | undefined;
  /** Requests under way, by their number; each has its `pending`. */
  readonly #flights: (Prepared | undefined)[] = [];
  #underWay = 0;
  #unwatch: (() => void) | undefined;
  #drained: (() => void) | undefined;

  constructor(model: Handle, ports: Ports) {
    this.#model = model;
    this.pool = new RequestPool(model, ports, this.counters);
    open.add(this);
  }

  /** Requests handed over and not yet collected, the given-up ones included. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Runs here and now if the replica is idle, else after what is queued. */
  run(prepared: Prepared, route: number, op: string): Results {
    const { slot, generation } = this.#model;
    const { number, rows } = prepared;
    let plain = false;
    try {
      const ran = check(native.mr_request_run(slot, generation, number, rows, route), op);
      plain = ran === 0 || (ran === 1 && this.#wait(number, op) === 1);
      if (!plain) check(native.mr_request_outcome(slot, generation, number), op);
      const results = this.pool.collect(prepared, plain, op);
      this.counters.completed++;
      return results;
    } catch (error) {
      this.counters.failed++;
      throw error;
    } finally {
      if (plain) this.pool.free(number);
      else this.pool.recycle(number);
    }
  }

  /** Until a request that was queued has ended: 1 when its outputs are in its memory, else 2. */
  #wait(number: number, op: string): number {
    const { slot, generation } = this.#model;
    let ended: number;
    do {
      ended = check(native.mr_request_wait(slot, generation, number, waitSliceMs), op);
      if (ended === 0) this.#serve();
    } while (ended === 0);
    return ended;
  }

  /** Queues a request; `pending` settles when it has ended. */
  submit(pending: Pending<Results>, prepared: Prepared, route: number, op: string): void {
    const { slot, generation } = this.#model;
    const { number, rows } = prepared;
    const result = native.mr_request_submit(slot, generation, number, rows, route);
    if (result !== 0) {
      if (result < 0) this.#refuse(number, result, op);
      giveWay();
    }
    prepared.pending = pending;
    this.#flights[number] = prepared;
    this.#underWay++;
    this.#unwatch ??= watch(() => this.#poll());
  }

  /** Nobody wants the answer any more. */
  cancel({ number }: Prepared): void {
    const { slot, generation } = this.#model;
    if (check(native.mr_request_cancel(slot, generation, number), "ModelRunner") !== 1) return;
    this.pool.recycle(number);
    this.#land(number);
  }

  /** Rejects whatever is under way. */
  reject(error: () => unknown): void {
    for (const flight of this.#flights) {
      if (flight === undefined) continue;
      const { pending } = flight;
      if (!pending!.settled) pending!.reject(error());
      this.cancel(flight);
    }
  }

  /** Waits for what is under way, then lets the model go. */
  async close(op: string): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    open.delete(this);
    this.pool.close();
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
    for (const flight of this.#flights) {
      const pending = flight?.pending;
      if (pending?.settled === false) pending.reject(closedError("ModelRunner.executeAsync"));
    }
    this.#flights.length = 0;
    this.#drained?.();
  }

  #refuse(number: number, result: number, op: string): never {
    const error = nativeError(result, op);
    this.pool.recycle(number);
    throw error;
  }

  #poll(): boolean {
    let found = false;
    let count: number;
    do {
      count = this.#serve();
      found ||= count > 0;
    } while (count === block.completions.length / 2);
    return found;
  }

  /** Collects what has ended, as much as the block holds; returns how many. */
  #serve(): number {
    const { slot, generation } = this.#model;
    const count = check(native.mr_replica_finished(slot, generation), "ModelRunner");
    if (count === 0) return 0;
    // Whoever is told may use the block.
    const ended = block.completions.slice(0, count * 2);
    for (let i = 0; i < count; i++) this.#settle(ended[i * 2]!, ended[i * 2 + 1]! | 0);
    return count;
  }

  #settle(number: number, status: number): void {
    if (number === hungryNumber) return this.onHungry?.(status);
    const prepared = this.#flights[number]!;
    const pending = prepared.pending!;
    const op = "ModelRunner.executeAsync";
    const plain = status === plainStatus;
    if (!pending.settled) {
      try {
        if (status < 0) {
          throw nativeError(native.mr_request_outcome(this.#model.slot, this.#model.generation, number), op);
        }
        const results = this.pool.collect(prepared, plain, op);
        this.counters.completed++;
        pending.resolve(results);
      } catch (error) {
        this.counters.failed++;
        pending.reject(error);
      }
    }
    if (plain) this.pool.free(number);
    else this.pool.recycle(number);
    this.#land(number);
  }

  #land(number: number): void {
    const flight = this.#flights[number];
    if (flight !== undefined) flight.pending = undefined;
    this.#flights[number] = undefined;
    this.#underWay--;
    this.onLanded?.();
    if (this.#underWay > 0) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#drained?.();
  }
}

export function closedError(op: string): Error {
  return makeError("closed", { op, message: "the model runner was closed." });
}
