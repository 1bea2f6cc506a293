import { check } from "../../native/check.ts";
import { makeError } from "../../native/error.ts";
import { block, native } from "../../native/library.ts";
import { checkSignal } from "../../native/signal.ts";
import { off } from "../../native/switches.ts";
import { timers } from "../../native/timers.ts";
import { type AsyncWaitOptions, checkTimeout, type WaitOptions, waitInSlices } from "../waiting.ts";
import type { JobNames } from "./job.ts";

const pauseMsMax = 16;

/**
 * A GPU tensor of this process that others find by name. It keeps the memory, whoever closes that. It goes with its job's context or
 * its thread, too.
 */
export class DevicePublication implements Disposable {
  readonly name: string;
  readonly #names: JobNames;
  readonly #slot: number;
  readonly #generation: number;
  #closed = false;

  /** @internal Owns the handle that a call has just returned; its generation is in the block. */
  constructor(names: JobNames, name: string, slot: number) {
    this.name = name;
    this.#names = names;
    this.#slot = slot;
    this.#generation = block.results[0]!;
  }

  /** Whether it was closed, freed, or its context was closed. */
  get closed(): boolean {
    return this.#closed || this.#names.closed;
  }

  /** How many other processes have it. @throws StateError `closed` */
  get importers(): number {
    const op = "DevicePublication.importers";
    this.#require(op);
    return check(native.mr_cuda_publication_importers(this.#slot, this.#generation), op);
  }

  /**
   * Hides the name, and waits until no other process has the tensor: then the memory is this process's alone again, and goes unless
   * something here keeps it. After `deadline` the name stays hidden, and this can be called again. Twice is fine.
   *
   * @throws DeadlineError `deadline`; StateError `context_busy`
   */
  free(options: WaitOptions = {}): void {
    const op = "DevicePublication.free";
    if (this.closed) return;
    this.#hide(op);
    const wait = (ms: number) => native.mr_cuda_publication_wait(this.#slot, this.#generation, ms);
    if (!off("gpu_free_waits")) waitInSlices(wait, options, op, () => this.#late(options));
    this.close();
  }

  /** The same, without blocking. @throws the signal's reason, too */
  async freeAsync(options: AsyncWaitOptions = {}): Promise<void> {
    const op = "DevicePublication.freeAsync";
    const signal = checkSignal(options.signal, op);
    const end = performance.now() + checkTimeout(options, op);
    if (this.closed) return;
    this.#hide(op);
    for (let pause = 1; !this.closed && this.importers > 0; pause = Math.min(2 * pause, pauseMsMax)) {
      const left = end - performance.now();
      if (left <= 0) throw makeError("deadline", { op, message: this.#late(options) });
      await sleep(Math.min(pause, left), signal);
    }
    this.close();
  }

  /** Hides the name at once. The memory is kept, behind the scenes, as long as other processes have it. Twice is fine. */
  close(): void {
    if (this.closed) return;
    this.#closed = true;
    check(native.mr_cuda_publication_close(this.#slot, this.#generation), "DevicePublication.close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #hide(op: string): void {
    check(native.mr_cuda_publication_hide(this.#slot, this.#generation), op);
  }

  #late({ timeoutMs }: WaitOptions): string {
    return `"${this.name}" is hidden, but ${this.importers} other processes had it for ${timeoutMs} ms more.`;
  }

  #require(op: string): void {
    if (this.closed) throw makeError("closed", { op, message: `the publication of "${this.name}" was closed.` });
  }
}

async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const aborted = () => reject(signal?.reason);
  const timer = timers().setTimeout(resolve, ms);
  signal?.addEventListener("abort", aborted, { once: true });
  try {
    await promise;
  } finally {
    timers().clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
  }
}
