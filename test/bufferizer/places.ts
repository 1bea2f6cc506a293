import type { Stream } from "../../src/cuda/index.ts";
import { CudaDevice } from "../../src/cuda/index.ts";
import { simulate } from "../../src/testing/index.ts";

/** Where a buffer may lie. */
export interface Place {
  readonly name: string;
  /** Called once for each test file's block; what it returns is disposed afterwards. */
  readonly open: () => Here;
}

export interface Here extends Disposable {
  readonly stream: Stream | undefined;
}

export const host: Place = {
  name: "host memory",
  open: () => ({ stream: undefined, [Symbol.dispose]() {} }),
};

export const simulated: Place = {
  name: "a simulated GPU",
  open() {
    const simulation = simulate({ cuda: 1 });
    const device = CudaDevice.open(0);
    const stream = device.createStream();
    return {
      stream,
      [Symbol.dispose]() {
        stream.close();
        device.close();
        simulation[Symbol.dispose]();
      },
    };
  },
};

export const places: readonly Place[] = [host, simulated];
