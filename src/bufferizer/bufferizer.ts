import type { DArray, DeviceMemory, Stream } from "../cuda/index.ts";
import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";
import { type DType, Shape, type TensorInput, type TensorMemory } from "../tensor/index.ts";
import type { Batch } from "./batch.ts";
import { Delay } from "./delay.ts";
import { type Appendable, Filling } from "./filling.ts";
import { Form, one } from "./form.ts";
import type { Half } from "./half.ts";
import { HookSlots } from "./hook-slots.ts";
import { openStorage } from "./open-storage.ts";
import { type BufferizerOptions, checkDelay, checkPolicy, type FullPolicy, type WaitOptions } from "./options.ts";
import type { BufferizerStats } from "./stats.ts";
import { until } from "./until.ts";

/**
 * Collects elements of one shape and type in a buffer that is allocated once, on the host or on a device: what makes
 * batches of single tensors. The constructor allocates it, zeroed. All methods but the disposing ones throw `closed` after
 * `close`, and what a hook's promise was rejected with since the last call, in which case they do nothing else.
 *
 * ```ts
 * await using batch = new Bufferizer({
 *   shape: [3, 224, 224], bufferSize: 32, dtype: "float32", fullPolicy: "swap",
 *   bufferFullHook: async (b) => { using full = b.take(); show((await model.executeAsync({ image: full })).logits.data); },
 * });
 * for await (const frame of frames) await batch.appendAsync(frame);
 * ```
 */
export class Bufferizer<const D extends DType = DType>
  extends HookSlots<Bufferizer<D>>
  implements Disposable, AsyncDisposable
{
  readonly fullPolicy: FullPolicy;
  readonly stream: Stream | undefined;
  readonly #bufferSize: number;
  readonly #filling: Filling<D>;
  readonly #delay: Delay;
  /** Of the group that this is in. */
  readonly #delivered: (() => void) | undefined;
  #closed = false;

  /**
   * No hook is called.
   * @throws ArgumentError `invalid_argument`, `invalid_dtype`, `invalid_shape`, `too_large` (4 GiB on the host);
   * CapacityError `out_of_memory`; on a device also what `CudaDevice.allocate` throws
   */
  constructor(options: BufferizerOptions<D, Bufferizer<D>>, /** @internal */ delivered?: (() => void) | undefined) {
    const op = "Bufferizer";
    super(options, op);
    this.#bufferSize = checkInteger(options.bufferSize, "bufferSize", op, 1);
    this.fullPolicy = checkPolicy(options.fullPolicy, op);
    this.stream = options.stream;
    const form = new Form(options.dtype, options.shape, op);
    this.#delay = new Delay(checkDelay(options.maxDelayMs, op), () => this.#timeIsOver());
    this.#delivered = delivered;
    this.#filling = new Filling(
      form,
      this.#bufferSize,
      this.fullPolicy,
      (of, slots) => openStorage(of, slots, this.stream),
      {
        appended: (half, single) => this.#appended(half as Half<D>, single),
        flush: () => this.#flush(0),
        hooked: () => this.bufferFullHook !== undefined,
      },
    );
    if (off("first_allocation")) this.call("allocateHook");
  }

  /**
   * Replaces the memory by new memory of the same size, zeroed and empty; what shows the old one keeps it. Calls the
   * allocate hook, then the flush hook.
   * @throws CapacityError `out_of_memory`; the buffer is then what it was
   */
  allocate(): void {
    this.#begin("Bufferizer.allocate");
    this.#filling.halves.replace();
    this.#filling.stats.flushes++;
    this.#emptied();
    this.call("allocateHook");
    if (!this.#closed) this.call("flushHook");
  }

  /**
   * Copies one element, a batch `[n, …]` or a list of elements behind what is there. A bare array is one element or a batch
   * by its length. All of it is checked before any of it is copied; a list or a batch that does not fit changes nothing.
   * @throws ArgumentError `wrong_dtype`, `wrong_shape`, `wrong_size`, `invalid_argument`; CapacityError `buffer_full` (by
   * policy), `buffer_busy` while all memory is with consumers; StateError `closed`
   */
  append(element: Appendable): void {
    const op = "Bufferizer.append";
    this.#begin(op);
    this.#filling.append(element, op);
  }

  /**
   * Throws what `append` would; without `room`, what `appendAsync` would before it waits.
   * @internal
   */
  check(element: Appendable, room: boolean, op: string): void {
    this.#begin(op);
    this.#filling.check(element, room, op);
  }

  /**
   * As `append`, and waits where there is no room by policy, or while a consumer has the memory. What is given must stay as
   * it is until then. Appends that wait are served in order; a long list goes in pieces as room comes. Given up by the
   * signal or in time, what has gone in stays.
   * @throws as `append`; DeadlineError `deadline`
   */
  async appendAsync(element: Appendable, options: WaitOptions = {}): Promise<void> {
    const op = "Bufferizer.appendAsync";
    this.#begin(op);
    await this.#filling.appendAsync(element, options, op);
  }

  /**
   * As `append`, of one element.
   * @throws as `append`
   */
  appendOne(element: TensorInput): void {
    const op = "Bufferizer.appendOne";
    this.#begin(op);
    const source = this.#filling.form.read(element, op);
    const count = this.#filling.form.count(source, op);
    if (count !== one) throw this.#wrong("one element", "a batch", op);
    this.#filling.put(source, count, op);
  }

  /**
   * As `append`, of a batch or a list, which may have one element. Calls the hook for several, once.
   * @throws as `append`
   */
  appendMultiple(elements: Appendable): void {
    const op = "Bufferizer.appendMultiple";
    this.#begin(op);
    if (Array.isArray(elements)) return this.#filling.append(elements, op);
    const { form } = this.#filling;
    const source = form.read(elements as TensorInput, op);
    const count = form.count(source, op);
    // A bare array of one element is a batch of one.
    if (count === one && !ArrayBuffer.isView(source)) throw this.#wrong("a batch", "one element", op);
    this.#filling.put(source, Math.abs(count), op);
  }

  /**
   * Sets the whole buffer to a value and empties it, whatever a pending hook's promise was about. Calls the flush hook.
   * @throws ArgumentError `invalid_argument`: the element type does not hold the value; CapacityError `buffer_busy`
   */
  flush(value: number | bigint | boolean = off("flush_default") ? 1 : 0): void {
    this.#begin("Bufferizer.flush");
    this.#flush(value);
  }

  /**
   * What is filled, in place: it leaves the bufferizer, which is empty then, and its memory comes back when the batch is
   * closed. With `fullPolicy: "swap"` the next elements go to the other buffer.
   * @throws StateError `buffer_empty`; CapacityError `buffer_busy`
   */
  take(): Batch<D> {
    const op = "Bufferizer.take";
    this.#begin(op);
    const half = this.#half(op);
    if (half.count === 0) throw makeError("buffer_empty", { op, message: "there is nothing to take." });
    const batch = this.#filling.halves.take(half);
    this.#emptied();
    return batch;
  }

  /**
   * Waits for appends that wait and for promises of hooks, hands what is left to `bufferFullHook`, and waits for that.
   * @throws what hooks failed with: the error itself, or an `AggregateError` of several; DeadlineError `deadline`
   */
  async drain(options: WaitOptions = {}): Promise<void> {
    const op = "Bufferizer.drain";
    this.#requireOpen(op);
    await until(() => this.#drained(op), options, op);
    this.results.surface();
  }

  /**
   * The memory behind the buffer. Borrowed: do not close it. With `"swap"` that of the buffer which is being filled; with
   * `"dropOldest"` twice the buffer, which slides in it.
   * @throws CapacityError `buffer_busy`
   */
  get allocation(): TensorMemory | DeviceMemory {
    const op = "Bufferizer.allocation";
    this.#requireOpen(op);
    return this.#half(op).storage.allocation;
  }

  /**
   * The whole buffer as an array `[bufferSize, …]`, places without an element included: the memory itself, so that writing to
   * either is seen in both.
   * @throws CapacityError `buffer_busy`
   */
  get darray(): DArray<D> {
    const op = "Bufferizer.darray";
    this.#requireOpen(op);
    const whole = this.#half(op).view(this.#bufferSize);
    return off("darray_view") ? whole.copy() : whole;
  }

  /**
   * What is filled, as an array `[length, …]`: the memory itself.
   * @throws CapacityError `buffer_busy`
   */
  get filled(): DArray<D> {
    const op = "Bufferizer.filled";
    this.#requireOpen(op);
    const half = this.#half(op);
    return half.view(half.count);
  }

  /** Bytes of one element. */
  get elementNbytes(): number {
    return off("element_bytes") ? this.#filling.form.values : this.#filling.form.bytes;
  }

  /** Bytes of the buffer. */
  get nbytes(): number {
    return this.#bufferSize * this.#filling.form.bytes;
  }

  get full(): boolean {
    return this.#filling.halves.current?.full ?? false;
  }

  /** Of the whole buffer: `[bufferSize, …]`. */
  get shape(): Shape {
    return [this.#bufferSize, ...this.#filling.form.shape];
  }

  get elementShape(): Shape {
    return this.#filling.form.shape;
  }

  get dtype(): D {
    return this.#filling.form.dtype;
  }

  /** Elements in the buffer. */
  get length(): number {
    return this.#filling.halves.current?.count ?? 0;
  }

  /** Elements that the buffer has room for; 0 while all memory is with consumers. */
  get remaining(): number {
    return this.#filling.halves.current?.remaining ?? 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  stats(): BufferizerStats {
    return { ...this.#filling.stats };
  }

  /** Gives the memory back, except what batches hold. Appends that wait reject with `closed`. Twice is fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#delay.stop();
    this.#filling.halves.close();
    this.#filling.line.close(() => this.#closedError("Bufferizer.appendAsync"));
    this.results.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Drains, then closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    try {
      await this.drain();
    } finally {
      this.close();
    }
  }

  #appended(half: Half<D>, single: boolean): void {
    if (!half.full) this.#delay.start();
    this.call(single ? "appendOneHook" : "appendMultipleHook");
    if (!this.#closed && half === this.#filling.halves.current && half.full) this.#deliver(half);
  }

  #flush(value: number | bigint | boolean): void {
    this.#half("Bufferizer.flush").fill(value);
    this.#filling.stats.flushes++;
    this.#emptied();
    this.call("flushHook");
  }

  /** Its elements are gone: nothing is late any more, and there is room for those that wait. */
  #emptied(): void {
    this.#delay.stop();
    this.#filling.line.serve();
  }

  #deliver(half: Half<D>): void {
    this.#delay.stop();
    this.#filling.stats.batches++;
    half.delivered = this.bufferFullHook !== undefined;
    const { epoch } = half;
    const settled = () => {
      // Unless its contents were given up before: then nothing of it was promised.
      if (half.epoch === epoch && half.promises > 0) half.promises--;
      this.#filling.line.serve();
    };
    const pending = this.call("bufferFullHook", settled);
    if (pending && half.epoch === epoch && !off("promise_holds")) half.promises++;
    this.#delivered?.();
  }

  #timeIsOver(): void {
    const half = this.#filling.halves.current;
    if (half === undefined || half.count === 0 || half.delivered || off("max_delay")) return;
    try {
      this.#deliver(half);
    } catch (error) {
      this.results.failed(error);
    }
  }

  async #drained(op: string): Promise<void> {
    for (;;) {
      await this.#filling.line.empty();
      await this.results.idle();
      this.#requireOpen(op);
      const half = this.#filling.halves.current;
      const hooked = this.bufferFullHook !== undefined;
      if (half !== undefined && half.count > 0 && !half.delivered && hooked && !off("drain_rest")) this.#deliver(half);
      else if (this.#filling.line.length === 0 && this.results.pending === 0) break;
    }
    await this.stream?.synchronizeAsync();
  }

  #half(op: string): Half<D> {
    const half = this.#filling.halves.current;
    if (half !== undefined) return half;
    throw makeError("buffer_busy", { op, message: "all of the buffer's memory was taken and not given back." });
  }

  #begin(op: string): void {
    this.#requireOpen(op);
    this.results.surface();
  }

  #requireOpen(op: string): void {
    if (this.#closed) throw this.#closedError(op);
  }

  #closedError(op: string): Error {
    return makeError("closed", { op, message: "the bufferizer was closed." });
  }

  #wrong(wanted: string, given: string, op: string): Error {
    const shape = Shape.format(this.elementShape);
    return makeError("wrong_shape", { op, message: `${given} was given for ${wanted}; an element is ${shape}.` });
  }
}

switchable("Bufferizer", Bufferizer);
