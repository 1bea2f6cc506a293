import { makeError } from "../native/error.ts";
import { type Client, closedError } from "./client.ts";
import type { Results } from "./collect.ts";
import type { Pending } from "./pending.ts";
import type { Prepared } from "./request-pool.ts";
import type { RunnerStats } from "./stats.ts";

interface Waiting {
  readonly pending: Pending<Results>;
  readonly prepared: Prepared;
  readonly route: number;
}

const op = "ModelRunner.executeAsync";

/** How many asynchronous requests may be under way, and those that wait for a place. */
export class Admission {
  readonly #client: Client;
  readonly #limit: number;
  readonly #waiting = new Set<Waiting>();
  #emptied: (() => void) | undefined;

  constructor(client: Client, limit: number) {
    this.#client = client;
    this.#limit = limit;
    client.onLanded = () => this.#admit();
  }

  get full(): boolean {
    return this.#client.underWay >= this.#limit;
  }

  /** Requests that have no place yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Submits a request when there is a place. Returns what to call when nobody wants the answer any more. */
  wait(pending: Pending<Results>, prepared: Prepared, route: number): () => void {
    const one = { pending, prepared, route };
    this.#waiting.add(one);
    return () => {
      if (!this.#waiting.delete(one)) return this.#client.cancel(prepared);
      this.#client.pool.recycle(prepared.number);
      this.#told();
    };
  }

  /** Until nothing waits for a place any more. */
  async emptied(): Promise<void> {
    if (this.#waiting.size > 0) await new Promise<void>((resolve) => (this.#emptied = resolve));
  }

  rejectAll(): void {
    for (const { pending, prepared } of this.#waiting) {
      if (!pending.settled) pending.reject(closedError(op));
      this.#client.pool.recycle(prepared.number);
    }
    this.#waiting.clear();
    this.#told();
  }

  #admit(): void {
    for (const one of this.#waiting) {
      if (this.full) return;
      this.#waiting.delete(one);
      try {
        this.#client.submit(one.pending, one.prepared, one.route, op);
      } catch (error) {
        one.pending.reject(error);
      }
    }
    this.#told();
  }

  #told(): void {
    if (this.#waiting.size === 0) this.#emptied?.();
  }
}

/** `requestNs`: how long a request takes of a replica's time. */
export function queueFull(stats: RunnerStats, requestNs: number, replicas: number): Error {
  const length = stats.pending;
  const retryAfterMs = Math.max(1, Math.ceil((length * requestNs) / replicas / 1e6));
  return makeError("queue_full", {
    op,
    message: `${length} requests are under way, as many as maxQueueSize allows; room is likely in ${retryAfterMs} ms.`,
    queue: { length, retryAfterMs },
  });
}
