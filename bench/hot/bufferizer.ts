import { Bufferizer } from "../../src/bufferizer/index.ts";
import type { HotCase } from "./case.ts";

/** Consumed and given back when it is full, so that nothing is measured but appending. */
function made(shape: readonly number[], bufferSize: number): Bufferizer<"float32"> {
  return new Bufferizer({ shape, bufferSize, dtype: "float32", bufferFullHook: (b) => b.take().close() });
}

export const imageShape = [3, 224, 224] as const;
export const batch = 32;

export const cases: readonly HotCase[] = [
  {
    name: "append, 3x224x224 float32, host memory",
    note: `an array of JavaScript's into a buffer of ${batch}, which is taken and given back when full`,
    prepare: () => {
      const buffer = made(imageShape, batch);
      const frame = new Float32Array(3 * 224 * 224).fill(1);
      // The first touch of a page is not what appending costs.
      for (let i = 0; i < batch; i++) buffer.append(frame);
      return { call: () => buffer.append(frame), close: () => buffer.close() };
    },
  },
  {
    name: "append, 4 float32, host memory",
    note: "what append costs beside copying; a buffer of 1024",
    prepare: () => {
      const buffer = made([4], 1024);
      const row = new Float32Array(4).fill(1);
      return { call: () => buffer.append(row), close: () => buffer.close() };
    },
  },
];
