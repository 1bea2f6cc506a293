import type { Device } from "../../src/device/index.ts";
import type { InputQueue, OutputQueue, QueueManager, QueueManagerOptions } from "../../src/queue/index.ts";
import { Session } from "../../src/session/index.ts";
import { anyDevice } from "../device/under-test.ts";
import { type CopyOptions, copyModel, type Port } from "./copy-model.ts";

export interface SceneOptions extends QueueManagerOptions, CopyOptions {
  readonly ports?: readonly Port[];
  readonly maxLookAhead?: string;
}

/** Batches of four samples of two elements, unless told otherwise. */
export const onePort: readonly Port[] = [{ name: "a", shape: [4, 2] }];
export const twoPorts: readonly Port[] = [...onePort, { name: "b", shape: [4, 1] }];

/** A session that copies, on any device, with its queues. */
export class Scene implements AsyncDisposable {
  readonly session: Session;
  readonly queues: QueueManager;
  readonly #device: Device;
  readonly #model: Disposable;
  #running: Promise<void> | undefined;

  constructor(options: SceneOptions = {}) {
    const model = copyModel(options.ports ?? onePort, options);
    this.#model = model;
    this.#device = anyDevice();
    this.session = new Session(model, { maxLookAhead: options.maxLookAhead });
    this.session.bindToDevice(this.#device);
    this.queues = this.session.createQueueManager(options);
  }

  input(name = "a"): InputQueue {
    return this.queues.inputQueue(name);
  }

  output(name = "a"): OutputQueue {
    return this.queues.outputQueue(`${name}_out`);
  }

  /** Runs the main program again and again. */
  start(signal?: AbortSignal): Promise<void> {
    this.#running = this.session.runMainProgramsAsync({ repeat: "untilStopped", signal });
    // Whoever is interested gets it again.
    this.#running.catch(() => {});
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.close();
    await this.#running?.catch(() => {});
    this.#device.close();
    this.#model[Symbol.dispose]();
  }
}

/** `count` numbers from `first` on. */
export function numbers(count: number, first = 0): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, (_, index) => first + index);
}

/** Resolves once `done` holds. */
export async function until(done: () => boolean): Promise<void> {
  for (let turns = 0; !done(); turns++) {
    if (turns === 3000) throw new Error(`never: ${done}`);
    await Bun.sleep(1);
  }
}
