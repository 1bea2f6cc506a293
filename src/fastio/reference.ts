import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { isLogged, log } from "../native/log.ts";
import { off } from "../native/switches.ts";
import type { SegmentViews, ViewCache } from "./views.ts";

/** What a context tells its references. */
export interface Owner {
  readonly views: ViewCache;
  /** The native side has ended all of them. */
  readonly closed: boolean;
}

const forgotten = new FinalizationRegistry<number>((size) => {
  log(
    "warn",
    `an allocation of ${size} bytes was collected without release: its memory stays until the context closes. Declare it with \`using\`.`,
  );
});

/** One count on shared memory: a native handle, and the views made through it. */
export class Reference {
  readonly slot: number;
  readonly generation: number;
  readonly sizeInBytes: number;
  readonly segment: number;
  readonly segmentGeneration: number;
  readonly #owner: Owner;
  readonly #views: SegmentViews;
  #released = false;
  #watched = false;

  /** Takes the handle that a native call has just returned; its results are in the block. */
  constructor(owner: Owner, slot: number) {
    const { results } = block;
    this.slot = slot;
    this.generation = results[0]!;
    this.sizeInBytes = results[1]!;
    this.segment = results[2]!;
    this.segmentGeneration = results[3]!;
    this.#owner = owner;
    this.#views = owner.views.retain(this);
  }

  get ended(): boolean {
    return this.#released || this.#owner.closed;
  }

  /** @throws `closed` */
  require(op: string): SegmentViews {
    if (!this.ended) return this.#views;
    throw makeError("closed", {
      op,
      message: `the ${this.#released ? "allocation was released" : "context was closed"}.`,
    });
  }

  /** Another reference to the same memory. @throws `closed` */
  share(op: string): Reference {
    this.require(op);
    return new Reference(this.#owner, check(native.mr_allocation_share(this.slot, this.generation), op));
  }

  release(op: string): void {
    this.#end(op, off("release") ? () => 0 : native.mr_allocation_release);
  }

  free(op: string): void {
    this.#end(op, native.mr_allocation_free);
  }

  /** Warns when `holder` is collected before the reference has ended. */
  watch(holder: object): void {
    // Costs as much as the rest of a warm `get`, so only somebody who listens pays for it.
    if (!isLogged() || off("forgotten")) return;
    this.#watched = true;
    forgotten.register(holder, this.sizeInBytes, this);
  }

  #end(op: string, call: (slot: number, generation: number) => number): void {
    if (this.ended && !off("release_twice")) return;
    const gone = check(call(this.slot, this.generation), op) === 1;
    this.#released = true;
    this.#owner.views.release(this, this.#views, gone || off("park"));
    if (this.#watched) forgotten.unregister(this);
  }
}
