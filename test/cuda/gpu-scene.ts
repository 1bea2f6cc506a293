import { join } from "node:path";
import { CudaDevice, type DeviceMemory, type DevicePublishOptions, type Stream } from "../../src/cuda/index.ts";
import type { FastIOContext } from "../../src/fastio/index.ts";
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { Place } from "../fastio/job.ts";
import { Peer } from "../fastio/peer.ts";
import type { GpuHere } from "./programs/gpu-peer.ts";

const program = join(import.meta.dir, "programs", "gpu-peer.ts");

/** A job and a simulated GPU; other processes join by `peer`. Complains at its end when something was left. */
export class GpuScene implements Disposable {
  readonly sim: Simulation = simulate({ cuda: 2 });
  readonly place = new Place();
  readonly job: FastIOContext = this.place.open();
  readonly gpu: CudaDevice = CudaDevice.open(0);
  readonly stream: Stream = this.gpu.createStream();
  readonly #memories: DeviceMemory[] = [];

  peer(): Promise<Peer<GpuHere>> {
    return Peer.join<GpuHere>(this.job, program);
  }

  /** Plain memory with bytes in it, which a command of the scene's stream writes. */
  memory(bytes: Uint8Array): DeviceMemory {
    const memory = this.gpu.allocate(bytes.byteLength);
    this.stream.upload(memory, bytes);
    this.#memories.push(memory);
    return memory;
  }

  publish(name: string, bytes: Uint8Array, options: Partial<DevicePublishOptions> = {}) {
    const described = { dtype: "uint8", shape: [bytes.byteLength], stream: this.stream, ...options } as const;
    return this.memory(bytes).publish(this.job, name, described);
  }

  /** What is not given back, once all was closed. */
  [Symbol.dispose](): void {
    for (const memory of this.#memories) memory.close();
    this.stream.close();
    this.gpu.close();
    this.place[Symbol.dispose]();
    const leaks = this.sim.leaks();
    this.sim.close();
    if (leaks.length > 0) throw new Error(`left on the GPU: ${leaks.join(", ")}`);
  }
}
