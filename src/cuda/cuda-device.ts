import { check, checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { runJob, waitJob } from "../native/jobs.ts";
import { block, native } from "../native/library.ts";
import { checkSignal } from "../native/signal.ts";
import type { DType, NativeRef, RawMemory, TensorSource } from "../tensor/index.ts";
import { type CudaAttributes, type CudaDeviceInfo, prioritiesAt, readInfo } from "./device-info.ts";
import { DeviceMemory } from "./device-memory.ts";
import {
  type AllocateOptions,
  type CudaDeviceOptions,
  type CudaDriverOptions,
  prepareOpen,
  type RegisterOptions,
} from "./device-options.ts";
import { requireDriver } from "./driver.ts";
import { Event, type EventOptions } from "./event.ts";
import { checkHandle, ownerOf } from "./given.ts";
import { MemoryPool } from "./memory-pool.ts";
import { PinnedMemory } from "./pinned-memory.ts";
import type { DeviceTensor } from "./published/device-tensor.ts";
import { type DeviceGetOptions, type DeviceWaitOptions, getTensor, waitForTensor } from "./published/get.ts";
import type { NamedJob } from "./published/job.ts";
import { Registration } from "./registration.ts";
import { type CudaStats, readStats } from "./stats.ts";
import { Stream, type StreamOptions } from "./stream.ts";

const priorityMax = 0x7fff_ffff;

/**
 * A GPU, by its primary context, which is shared with everything else in the process that uses it. Its driver is called by one native
 * thread, never by JavaScript's. Each `open` is a reference of its own; streams and memory keep what they need of the device.
 *
 * All methods throw `closed` after `close`, and `device_lost` when the context has failed for good: everything pending fails with
 * it, and only another process can use the GPU again.
 */
export class CudaDevice implements Disposable {
  readonly ordinal: number;
  readonly name: string;
  readonly uuid: string;
  /** Bytes of its memory. */
  readonly totalMemory: number;
  readonly attributes: CudaAttributes;
  /** The numbers of the first and the last among streams. */
  readonly streamPriorities: { readonly highest: number; readonly lowest: number };
  readonly pool: MemoryPool;
  readonly #slot: number;
  readonly #generation: number;
  #closed = false;

  private constructor(ordinal: number, slot: number) {
    this.#slot = slot;
    this.#generation = block.results[0]!;
    const info = readInfo(ordinal, check(native.mr_cuda_device_info(slot, this.#generation), "CudaDevice.open"));
    this.ordinal = ordinal;
    this.name = info.name;
    this.uuid = info.uuid;
    this.totalMemory = info.totalMemory;
    this.attributes = info.attributes;
    this.streamPriorities = { lowest: block.values[prioritiesAt]!, highest: block.values[prioritiesAt + 1]! };
    this.pool = new MemoryPool(this);
  }

  /**
   * The GPU of this number. The first time it may take a second, in which this thread is blocked; `openAsync` does not block.
   *
   * @throws NotFoundError `cuda_missing`: no driver, or no such GPU; DeviceError `driver_unusable`, `cuda_error`
   */
  static open(which: number | CudaDeviceOptions = 0): CudaDevice {
    const op = "CudaDevice.open";
    const ordinal = prepareOpen(which, op);
    return waitJob(
      () => native.mr_cuda_device_open(ordinal),
      (slot) => new CudaDevice(ordinal, slot),
      op,
    );
  }

  static async openAsync(
    which: number | (CudaDeviceOptions & { readonly signal?: AbortSignal | undefined }) = 0,
  ): Promise<CudaDevice> {
    const op = "CudaDevice.openAsync";
    const ordinal = prepareOpen(which, op);
    const signal = typeof which === "object" ? checkSignal(which.signal, op) : undefined;
    return runJob(
      () => native.mr_cuda_device_open(ordinal),
      (slot) => new CudaDevice(ordinal, slot),
      op,
      signal,
    );
  }

  /** How many GPUs the driver has. @throws NotFoundError `cuda_missing`: there is no driver */
  static count(options: CudaDriverOptions = {}): number {
    const op = "CudaDevice.count";
    requireDriver(options.libraryPath, op);
    return waitJob(
      () => native.mr_cuda_device_count(),
      (count) => count,
      op,
    );
  }

  /** What GPUs there are; none is opened. @throws NotFoundError `cuda_missing`: there is no driver */
  static list(options: CudaDriverOptions = {}): CudaDeviceInfo[] {
    return Array.from({ length: CudaDevice.count(options) }, (_, ordinal) =>
      waitJob(
        () => native.mr_cuda_device_describe(ordinal),
        (nameBytes) => readInfo(ordinal, nameBytes),
        "CudaDevice.list",
      ),
    );
  }

  /** For native code. @throws StateError `closed` */
  get native(): NativeRef {
    this.#require("CudaDevice.native");
    return { slot: this.#slot, generation: this.#generation, byteOffset: 0 };
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Throws the error with which the context failed, if it has. @throws DeviceError `device_lost`; StateError `closed` */
  requireUsable(op = "CudaDevice.requireUsable"): void {
    this.#require(op);
    check(native.mr_cuda_device_require(this.#slot, this.#generation), op);
  }

  /** Whether the context has failed for good. */
  get lost(): boolean {
    return !this.#closed && native.mr_cuda_device_require(this.#slot, this.#generation) < 0;
  }

  /** Bytes of the device's memory, whoever uses it. */
  memoryInfo(): { readonly free: number; readonly total: number } {
    const op = "CudaDevice.memoryInfo";
    return this.#ask(
      () => native.mr_cuda_device_memoryInfo(this.#slot, this.#generation),
      () => ({ free: block.results[0]!, total: block.results[1]! }),
      op,
    );
  }

  createStream(options: StreamOptions = {}): Stream {
    const op = "CudaDevice.createStream";
    const priority = checkInteger(options.priority ?? 0, "priority", op, -priorityMax, priorityMax);
    const nonBlocking = Number(options.nonBlocking ?? true);
    return this.#ask(
      () => native.mr_cuda_stream_create(this.#slot, this.#generation, priority, nonBlocking),
      (slot) => new Stream(this, slot),
      op,
    );
  }

  /** @throws ArgumentError `invalid_argument` for both `timing` and `interprocess` */
  createEvent(options: EventOptions = {}): Event {
    const { timing = false, interprocess = false } = options;
    return this.#ask(
      () => native.mr_cuda_event_create(this.#slot, this.#generation, Number(timing), Number(interprocess)),
      (slot) => new Event(this, slot, timing),
      "CudaDevice.createEvent",
    );
  }

  /**
   * Memory of the device; what is in it is undefined.
   *
   * @throws CapacityError `cuda_out_of_memory`, `pool_limit`; ArgumentError `wrong_device`
   */
  allocate(byteLength: number, options: AllocateOptions = {}): DeviceMemory {
    const op = "CudaDevice.allocate";
    checkInteger(byteLength, "byteLength", op);
    const stream = options.stream?.native;
    return this.#ask(
      () =>
        native.mr_cuda_memory_allocate(
          this.#slot,
          this.#generation,
          byteLength,
          stream?.slot ?? 0,
          stream?.generation ?? 0,
        ),
      (slot) => new DeviceMemory(this, slot, byteLength),
      op,
    );
  }

  /** Page-locked memory of the host, zeroed. @throws CapacityError `cuda_out_of_memory`; ArgumentError `too_large` (4 GiB) */
  allocatePinned(byteLength: number): PinnedMemory {
    const op = "CudaDevice.allocatePinned";
    checkInteger(byteLength, "byteLength", op);
    return this.#ask(
      () => native.mr_cuda_host_allocate(this.#slot, this.#generation, byteLength),
      (slot) => new PinnedMemory(slot, byteLength),
      op,
    );
  }

  /**
   * Page-locks native memory that there is: a FastIO allocation (this process's shared mapping of the whole segment), or `TensorMemory`.
   * Do it once, not for each copy: it takes up to half a millisecond per MiB. Registering the same memory again is counted.
   *
   * @throws ArgumentError `cannot_pin`: memory of at most 32 KiB, private views, memory that is pinned; `invalid_argument`: an array of
   * JavaScript's heap
   */
  register(memory: TensorSource | RawMemory | ArrayBufferView, options: RegisterOptions = {}): Registration {
    const op = "CudaDevice.register";
    const { slot, generation } = ownerOf(memory, op);
    const readOnly = Number(options.readOnly ?? false);
    return this.#ask(
      () => native.mr_cuda_host_register(this.#slot, this.#generation, slot, generation, readOnly),
      (registered) => new Registration(registered),
      op,
    );
  }

  /**
   * A tensor on this GPU that somebody published in the job (`DeviceMemory.publish`). Does not wait.
   *
   * @throws NotFoundError `not_found`, `owner_lost`: the process that published it has ended; ArgumentError `wrong_device`,
   * `host_tensor`, `wrong_dtype`, `invalid_name`; FormatError `corrupt`, `wrong_version`; DeviceError `cuda_error`
   */
  get<const D extends DType = DType>(job: NamedJob, name: string, options: DeviceGetOptions<D> = {}): DeviceTensor<D> {
    return getTensor(this, job, name, { ...options, optional: false }, "CudaDevice.get")!;
  }

  /** As `get`, or undefined when the name is not published. */
  tryGet<const D extends DType = DType>(
    job: NamedJob,
    name: string,
    options: DeviceGetOptions<D> = {},
  ): DeviceTensor<D> | undefined {
    return getTensor(this, job, name, { ...options, optional: true }, "CudaDevice.tryGet");
  }

  /**
   * As `get`, as soon as somebody who lives has published it. The event loop goes on meanwhile.
   * @throws DeadlineError `deadline`; StateError `closed` when the job is closed; the signal's reason; as `get`
   */
  waitFor<const D extends DType = DType>(
    job: NamedJob,
    name: string,
    options: DeviceWaitOptions<D> = {},
  ): Promise<DeviceTensor<D>> {
    return waitForTensor(this, job, name, options, "CudaDevice.waitFor");
  }

  /** Another process's memory, by its `DeviceMemory.ipcHandle()`. @throws DeviceError `cuda_error`; ArgumentError `out_of_bounds` */
  importMemory(ipcHandle: Uint8Array, byteLength: number): DeviceMemory {
    const op = "CudaDevice.importMemory";
    checkInteger(byteLength, "byteLength", op);
    return this.#ask(
      () => {
        block.text.set(checkHandle(ipcHandle, op));
        return native.mr_cuda_memory_import(this.#slot, this.#generation, byteLength);
      },
      (slot) => new DeviceMemory(this, slot, byteLength),
      op,
    );
  }

  /** Another process's event, by its `Event.ipcHandle()`. @throws DeviceError `cuda_error` */
  importEvent(ipcHandle: Uint8Array): Event {
    const op = "CudaDevice.importEvent";
    return this.#ask(
      () => {
        block.text.set(checkHandle(ipcHandle, op));
        return native.mr_cuda_event_import(this.#slot, this.#generation);
      },
      (slot) => new Event(this, slot, false),
      op,
    );
  }

  stats(): CudaStats {
    const op = "CudaDevice.stats";
    this.#require(op);
    check(native.mr_cuda_device_stats(this.#slot, this.#generation), op);
    return readStats();
  }

  /** Gives this reference back. Streams, events and memory stay usable until they are closed themselves. Twice is fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    check(native.mr_cuda_device_close(this.#slot, this.#generation), "CudaDevice.close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #ask<T>(start: () => number, take: (result: number) => T, op: string): T {
    this.#require(op);
    return waitJob(start, take, op);
  }

  #require(op: string): void {
    if (this.#closed) throw makeError("closed", { op, message: `GPU ${this.ordinal} was closed.` });
  }
}
