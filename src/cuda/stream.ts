import { check, checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { waitJob } from "../native/jobs.ts";
import { block, native } from "../native/library.ts";
import type { NativeRef, TensorInput } from "../tensor/index.ts";
import type { CudaDevice } from "./cuda-device.ts";
import type { DeviceMemory } from "./device-memory.ts";
import { download, downloadAsync, type Range, type Target } from "./download.ts";
import type { Event } from "./event.ts";
import { PinnedMemory } from "./pinned-memory.ts";
import { Staging } from "./staging.ts";
import { upload } from "./upload.ts";
import { type AsyncWaitOptions, awaitJob, type WaitOptions, waitInSlices } from "./waiting.ts";

export interface StreamOptions {
  /** Lower numbers go first; see `device.streamPriorities`. Default 0. */
  readonly priority?: number | undefined;
  /** Whether it does not wait for the legacy default stream, which others in the process may use. Default true. */
  readonly nonBlocking?: boolean | undefined;
}

/** What a fill writes. */
export interface FillOptions {
  /** Bytes of an element: 1, 2 or 4. Default 1. */
  readonly width?: 1 | 2 | 4 | undefined;
  /** Default 0; a multiple of `width`. */
  readonly byteOffset?: number | undefined;
  /** Elements; default: to the end of the memory. */
  readonly count?: number | undefined;
}

/** Anything that has memory of ours: of a device, pinned, shared. */
export type Place = NativeRef | { readonly native?: NativeRef | undefined };

const patternMax = 0xffff_ffff;

/**
 * A queue of work on a GPU, done in order. What is asked of it returns at once, with a ticket: a number that grows with each, and is
 * reached when that work has been done. Work that fails takes what was asked behind it with it; the next call on the stream throws
 * that failure, once, and what is asked after that is done again. When the device is lost every call throws `device_lost`.
 *
 * All methods throw `closed` after `close`.
 */
export class Stream implements Disposable {
  readonly device: CudaDevice;
  readonly #slot: number;
  readonly #generation: number;
  readonly #staging: Staging;
  #closed = false;

  /** @internal Owns the handle that a call has just returned; its generation is in the block. */
  constructor(device: CudaDevice, slot: number) {
    this.device = device;
    this.#slot = slot;
    this.#generation = block.results[0]!;
    this.#staging = new Staging({
      allocatePinned: (byteLength) => this.allocatePinned(byteLength),
      reached: () => this.#progress("Stream.upload").reached,
      awaitTicket: (ticket) => this.awaitTicket(ticket),
    });
  }

  /** @internal As of the device, which may be closed by now. */
  allocatePinned(byteLength: number): PinnedMemory {
    const op = "Stream.upload";
    this.#require(op);
    const start = () => native.mr_cuda_host_allocate(this.#slot, this.#generation, byteLength);
    return waitJob(start, (slot) => new PinnedMemory(slot, byteLength), op);
  }

  /** For native code. @throws StateError `closed` */
  get native(): NativeRef {
    this.#require("Stream.native");
    return { slot: this.#slot, generation: this.#generation, byteOffset: 0 };
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Copies bytes between places of native memory, at least one of them on this device: no bytes go through JavaScript. Memory stays until
   * the copy has been done. From and to memory that is pinned or registered the device copies by itself; other memory of the host keeps
   * the device's thread busy meanwhile. Returns the ticket.
   *
   * @throws ArgumentError `out_of_bounds`, `wrong_device`, `invalid_argument`; CapacityError `backlog_full`
   */
  copy(to: Place, from: Place, byteLength: number): number {
    const op = "Stream.copy";
    this.#require(op);
    const target = refOf(to, "to", op);
    const source = refOf(from, "from", op);
    const { values } = block;
    values[0] = target.slot;
    values[1] = target.generation;
    values[2] = target.byteOffset;
    values[3] = source.slot;
    values[4] = source.generation;
    values[5] = source.byteOffset;
    values[6] = byteLength;
    check(native.mr_cuda_stream_copy(this.#slot, this.#generation), op);
    return block.results[0]!;
  }

  /**
   * Copies a tensor, an array or bytes into memory of the device. Arrays of JavaScript's heap are yours again at once: they are copied
   * into page-locked memory first. Native memory goes by reference; leave it unwritten until the ticket is reached. Returns the ticket.
   *
   * @throws as `copy`
   */
  upload(to: DeviceMemory, from: TensorInput, options: { readonly byteOffset?: number | undefined } = {}): number {
    const op = "Stream.upload";
    this.#require(op);
    return upload(this, this.#staging, { to, from, byteOffset: options.byteOffset ?? 0, op });
  }

  /**
   * Copies memory of the device into a new array, or into `into`, and waits for it. Blocks.
   *
   * @throws as `copy` and `synchronize`
   */
  download(from: DeviceMemory, range: Range & { readonly into?: Target | undefined } = {}): Uint8Array {
    this.#require("Stream.download");
    return download(this, this.#staging, { from, ...range, op: "Stream.download" });
  }

  /** The same, without blocking while the device works. */
  async downloadAsync(
    from: DeviceMemory,
    range: Range & AsyncWaitOptions & { readonly into?: Target | undefined } = {},
  ): Promise<Uint8Array> {
    this.#require("Stream.downloadAsync");
    return downloadAsync(this, { from, ...range, op: "Stream.downloadAsync" });
  }

  /**
   * Fills memory of the device with a pattern: an unsigned integer of `width` bytes. Returns the ticket.
   *
   * @throws ArgumentError `out_of_bounds`, `wrong_device`, `invalid_argument`
   */
  fill(memory: DeviceMemory, pattern = 0, options: FillOptions = {}): number {
    const op = "Stream.fill";
    this.#require(op);
    const { width = 1, byteOffset = 0 } = options;
    checkInteger(pattern, "pattern", op, 0, patternMax >>> (32 - 8 * width));
    const count = options.count ?? Math.floor(Math.max(0, memory.byteLength - byteOffset) / width);
    const { slot, generation } = memory.native;
    block.values[0] = byteOffset;
    block.values[1] = width;
    block.values[2] = pattern;
    block.values[3] = count;
    check(native.mr_cuda_stream_fill(this.#slot, this.#generation, slot, generation), op);
    return block.results[0]!;
  }

  /** Sets `event` to here: all that was asked so far. Returns the ticket. @throws ArgumentError `wrong_device` */
  record(event: Event): number {
    const op = "Stream.record";
    this.#require(op);
    const { slot, generation } = event.handle(op);
    check(native.mr_cuda_stream_record(this.#slot, this.#generation, slot, generation), op);
    return block.results[0]!;
  }

  /** What is asked from now on waits for `event`, as it was recorded last. Returns the ticket. @throws ArgumentError `wrong_device` */
  waitEvent(event: Event): number {
    const op = "Stream.waitEvent";
    this.#require(op);
    const { slot, generation } = event.handle(op);
    check(native.mr_cuda_stream_waitEvent(this.#slot, this.#generation, slot, generation), op);
    return block.results[0]!;
  }

  /** The ticket given last; 0 before the first. */
  get ticket(): number {
    return this.#progress("Stream.ticket").asked;
  }

  /** Whether the work of a ticket is over, done or failed. */
  reached(ticket: number): boolean {
    return this.#progress("Stream.reached").reached >= ticket;
  }

  /** Whether all that was asked is over. */
  query(): boolean {
    const { asked, reached } = this.#progress("Stream.query");
    return reached >= asked;
  }

  /**
   * Waits until all that was asked so far has been done. Blocks.
   *
   * @throws DeadlineError `deadline`; DeviceError `cuda_error`, `device_lost` (retryable, on another process or GPU)
   */
  synchronize(options: WaitOptions = {}): void {
    const { asked } = this.#progress("Stream.synchronize");
    this.#wait(asked, 1, options);
  }

  /** Waits until the work of a ticket has been done. Blocks. Throws as `synchronize`, and again if it is called again. */
  awaitTicket(ticket: number, options: WaitOptions = {}): void {
    this.#require("Stream.awaitTicket");
    this.#wait(ticket, 0, options);
  }

  /** As `synchronize`, without blocking. */
  async synchronizeAsync(options: AsyncWaitOptions = {}): Promise<void> {
    const op = "Stream.synchronizeAsync";
    this.#require(op);
    await awaitJob(() => native.mr_cuda_stream_notify(this.#slot, this.#generation), options, op);
  }

  /** What was asked is still done; memory and events that it uses stay until then. Twice is fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#staging.close();
    check(native.mr_cuda_stream_close(this.#slot, this.#generation), "Stream.close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #wait(ticket: number, quietly: 0 | 1, options: WaitOptions): void {
    const wait = (ms: number) => native.mr_cuda_stream_wait(this.#slot, this.#generation, ticket, ms, quietly);
    waitInSlices(wait, options, quietly ? "Stream.synchronize" : "Stream.awaitTicket");
  }

  #progress(op: string): { readonly asked: number; readonly reached: number } {
    this.#require(op);
    check(native.mr_cuda_stream_progress(this.#slot, this.#generation), op);
    return { asked: block.results[0]!, reached: block.results[1]! };
  }

  #require(op: string): void {
    if (this.#closed) throw makeError("closed", { op, message: "the stream was closed." });
  }
}

function refOf(place: Place, what: string, op: string): NativeRef {
  const ref = "slot" in place ? place : place.native;
  if (ref !== undefined) return ref;
  throw makeError("invalid_argument", {
    op,
    message: `${what} is not in native memory.`,
    hint: "Use upload and download for arrays of JavaScript's heap.",
  });
}
