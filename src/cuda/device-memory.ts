import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { waitJob } from "../native/jobs.ts";
import { block, native } from "../native/library.ts";
import type { NativeRef } from "../tensor/index.ts";
import type { CudaDevice } from "./cuda-device.ts";
import type { DevicePublication } from "./published/device-publication.ts";
import type { NamedJob } from "./published/job.ts";
import { type DevicePublishOptions, publishMemory, publishMemoryAsync } from "./published/publish.ts";
import type { AsyncWaitOptions, WaitOptions } from "./waiting.ts";

/** Bytes of a handle by which another process opens memory or an event. */
export const ipcHandleBytes = 64;

/**
 * Memory of a GPU, shared by reference count: the memory goes with the last `DeviceMemory` and the last command that uses it.
 * JavaScript cannot look at it; streams copy to and from it.
 */
export class DeviceMemory implements Disposable {
  readonly device: CudaDevice;
  readonly byteLength: number;
  readonly memoryKind = "device";
  readonly #slot: number;
  readonly #generation: number;
  #closed = false;

  /** @internal Owns the handle that a call has just returned; its generation is in the block. */
  constructor(device: CudaDevice, slot: number, byteLength: number) {
    this.device = device;
    this.byteLength = byteLength;
    this.#slot = slot;
    this.#generation = block.results[0]!;
  }

  /** For native code. @throws StateError `closed` */
  get native(): NativeRef {
    return this.at(0);
  }

  /** A place in the memory. @throws StateError `closed` */
  at(byteOffset: number): NativeRef {
    this.#require("DeviceMemory.native");
    return { slot: this.#slot, generation: this.#generation, byteOffset };
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Where the memory begins on the device: for kernels of others, which must not outlive it. @throws StateError `closed` */
  get address(): bigint {
    this.#require("DeviceMemory.address");
    check(native.mr_cuda_memory_info(this.#slot, this.#generation), "DeviceMemory.address");
    return BigInt(block.results[0]!);
  }

  /** Where it comes from: `cuMemAlloc`, the device's pool, another process. */
  get origin(): "plain" | "pool" | "imported" {
    this.#require("DeviceMemory.origin");
    const origin = check(native.mr_cuda_memory_info(this.#slot, this.#generation), "DeviceMemory.origin");
    return (["plain", "pool", "imported"] as const)[origin]!;
  }

  /** Whether streams and kernels are kept from writing to it: it was published so. @throws StateError `closed` */
  get readOnly(): boolean {
    this.#require("DeviceMemory.readOnly");
    check(native.mr_cuda_memory_info(this.#slot, this.#generation), "DeviceMemory.readOnly");
    return block.results[3] === 1;
  }

  /**
   * Throws when the process that published this memory has ended; of other memory it says nothing.
   * @throws NotFoundError `owner_lost`; StateError `closed`
   */
  requireOwner(op = "DeviceMemory.requireOwner"): void {
    this.#require(op);
    check(native.mr_cuda_memory_requireOwner(this.#slot, this.#generation, 1), op);
  }

  /**
   * Shows a tensor in this memory under a name in the whole job: `CudaDevice.get` fetches it, in any process, on the same GPU. The
   * publication keeps the memory. Waits for `stream`.
   *
   * @throws ArgumentError `not_shareable` for memory of the pool or that was fetched itself; `invalid_name`, `out_of_bounds`,
   * `invalid_dtype`, `invalid_shape`, `attributes_too_large`; ExistsError `exists` unless `replace`; StateError `closed`;
   * DeadlineError `deadline`; DeviceError: what the stream did failed
   */
  publish(job: NamedJob, name: string, options: DevicePublishOptions & WaitOptions): DevicePublication {
    return publishMemory(this, job, name, options);
  }

  /** The same, without blocking. */
  publishAsync(
    job: NamedJob,
    name: string,
    options: DevicePublishOptions & AsyncWaitOptions,
  ): Promise<DevicePublication> {
    return publishMemoryAsync(this, job, name, options);
  }

  /** Another owner of the same memory, to be closed on its own. @throws StateError `closed` */
  share(): DeviceMemory {
    this.#require("DeviceMemory.share");
    const slot = check(native.mr_cuda_memory_share(this.#slot, this.#generation), "DeviceMemory.share");
    return new DeviceMemory(this.device, slot, this.byteLength);
  }

  /**
   * By which another process opens the whole memory: 64 bytes. This process must keep it until the other has closed it.
   *
   * @throws ArgumentError `not_shareable` for memory of the pool or of another process; DeviceError `cuda_error`
   */
  ipcHandle(): Uint8Array {
    const op = "DeviceMemory.ipcHandle";
    this.#require(op);
    const start = () => native.mr_cuda_memory_exportHandle(this.#slot, this.#generation);
    return waitJob(start, () => block.text.slice(0, ipcHandleBytes), op);
  }

  /** Gives this reference back. Twice is fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    check(native.mr_cuda_memory_close(this.#slot, this.#generation), "DeviceMemory.close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #require(op: string): void {
    if (this.#closed) throw makeError("closed", { op, message: `${this.byteLength} bytes of GPU memory were closed.` });
  }
}
