import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { runJob, waitJob } from "../native/jobs.ts";
import { block, native } from "../native/library.ts";
import type { CudaDevice } from "./cuda-device.ts";
import { ipcHandleBytes } from "./device-memory.ts";
import { type AsyncWaitOptions, awaitJob, lookUntil, type WaitOptions, waitInSlices } from "./waiting.ts";

export interface EventOptions {
  /** Whether it takes the time, for `elapsedMs`. Default false: it then costs less. */
  readonly timing?: boolean | undefined;
  /** Whether other processes can open it by `ipcHandle()`. Default false. Not together with `timing`. */
  readonly interprocess?: boolean | undefined;
}

const foreign = 2;

/** A point in the work of a stream: `stream.record(event)` sets it, `stream.waitEvent(event)` makes another stream wait for it. */
export class Event implements Disposable {
  readonly device: CudaDevice;
  readonly timing: boolean;
  readonly #slot: number;
  readonly #generation: number;
  #closed = false;

  /** @internal Owns the handle that a call has just returned; its generation is in the block. */
  constructor(device: CudaDevice, slot: number, timing: boolean) {
    this.device = device;
    this.timing = timing;
    this.#slot = slot;
    this.#generation = block.results[0]!;
  }

  /** @internal For native code. */
  handle(op: string): { readonly slot: number; readonly generation: number } {
    if (this.#closed) throw makeError("closed", { op, message: "the event was closed." });
    return { slot: this.#slot, generation: this.#generation };
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the device has come to where it was recorded last; true when it never was. @throws StateError `closed` */
  query(): boolean {
    const op = "Event.query";
    this.handle(op);
    const state = check(native.mr_cuda_event_progress(this.#slot, this.#generation), op);
    return state === foreign ? this.#ask(op) : state === 1;
  }

  /**
   * Waits until the device has come to where it was recorded last. Blocks.
   *
   * @throws StateError `closed`; DeadlineError `deadline`; DeviceError `device_lost`, `cuda_error`: what the stream did before failed
   */
  synchronize(options: WaitOptions = {}): void {
    const op = "Event.synchronize";
    this.handle(op);
    const state = check(native.mr_cuda_event_progress(this.#slot, this.#generation), op);
    const turn = block.results[0]!;
    const wait = (ms: number): number => {
      if (state !== foreign) return native.mr_cuda_event_wait(this.#slot, this.#generation, turn, ms);
      if (this.#ask(op)) return 1;
      Bun.sleepSync(Math.min(ms, 1));
      return 0;
    };
    waitInSlices(wait, options, op);
  }

  /** The same, without blocking. An event that another process records is looked at every millisecond. */
  async synchronizeAsync(options: AsyncWaitOptions = {}): Promise<void> {
    const op = "Event.synchronizeAsync";
    const { slot, generation } = this.handle(op);
    if (check(native.mr_cuda_event_progress(slot, generation), op) !== foreign)
      return await awaitJob(() => native.mr_cuda_event_notify(slot, generation), options, op);
    const query = () => native.mr_cuda_event_query(slot, generation);
    await lookUntil(() => runJob(query, (reached) => reached === 1, op), options, op);
  }

  /**
   * Milliseconds on the device from `since` to this event.
   *
   * @throws ArgumentError `no_timing` (not recorded, or created without `timing`), `wrong_device`; StateError `not_ready`, `closed`
   */
  elapsedMs(since: Event): number {
    const op = "Event.elapsedMs";
    this.handle(op);
    const start = since.handle(op);
    const ask = () => native.mr_cuda_event_elapsed(this.#slot, this.#generation, start.slot, start.generation);
    return waitJob(ask, () => block.results[0]!, op);
  }

  /** By which another process opens the event: 64 bytes. @throws ArgumentError `not_shareable`; StateError `closed` */
  ipcHandle(): Uint8Array {
    const op = "Event.ipcHandle";
    this.handle(op);
    const start = () => native.mr_cuda_event_exportHandle(this.#slot, this.#generation);
    return waitJob(start, () => block.text.slice(0, ipcHandleBytes), op);
  }

  /** Twice is fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    check(native.mr_cuda_event_close(this.#slot, this.#generation), "Event.close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #ask(op: string): boolean {
    return waitJob(
      () => native.mr_cuda_event_query(this.#slot, this.#generation),
      (reached) => reached === 1,
      op,
    );
  }
}
