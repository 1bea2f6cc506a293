import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Bufferizer } from "../../src/bufferizer/index.ts";
import type { DType } from "../../src/tensor/index.ts";
import { failsWith } from "../fastio/fails-with.ts";
import { element, make } from "./elements.ts";
import { type Here, places } from "./places.ts";

type Value = number | bigint | boolean;

const cases: Record<DType, { good: Value[]; bad: unknown[] }> = {
  bool: { good: [true, false, 0, 1], bad: [2, -1, 0.5, Number.NaN] },
  uint8: { good: [0, 255, 7n], bad: [256, -1, 1.5, Number.NaN, "1", null] },
  uint16: { good: [65_535], bad: [65_536, -1, 0.1] },
  uint32: { good: [2 ** 32 - 1], bad: [2 ** 32, -1] },
  uint64: { good: [2n ** 64n - 1n, 5], bad: [2n ** 64n, -1n, 0.5, Number.POSITIVE_INFINITY] },
  int8: { good: [-128, 127], bad: [128, -129] },
  int16: { good: [-32_768, 32_767], bad: [32_768, -32_769] },
  int32: { good: [-(2 ** 31), 2 ** 31 - 1], bad: [2 ** 31, -(2 ** 31) - 1] },
  int64: { good: [-(2n ** 63n), 2n ** 63n - 1n], bad: [2n ** 63n, -(2n ** 63n) - 1n] },
  float16: { good: [0.5, -65_504, Number.NaN, Number.POSITIVE_INFINITY], bad: [70_000, "x"] },
  bfloat16: { good: [0.5, 3e38], bad: [1e39] },
  float32: { good: [0.1, 3.4e38, Number.NEGATIVE_INFINITY], bad: [3.5e38] },
  float64: { good: [0.1, 1e308, Number.NaN], bad: ["1", {}] },
  float8_e4m3fn: { good: [448, -1, Number.NaN], bad: [500, Number.POSITIVE_INFINITY] },
  float8_e5m2: { good: [57_344, Number.POSITIVE_INFINITY], bad: [1e6] },
  float8_e4m3fnuz: { good: [240], bad: [300, Number.POSITIVE_INFINITY] },
  float8_e5m2fnuz: { good: [57_344], bad: [1e6, Number.POSITIVE_INFINITY] },
};

for (const { name, open } of places) {
  describe(`flushing in ${name}`, () => {
    let here: Here;
    beforeAll(() => {
      here = open();
    });
    afterAll(() => here[Symbol.dispose]());

    test("sets the whole buffer to the value, zero by default, and empties it", () => {
      using buffer = make({ stream: here.stream });
      using all = buffer.darray;
      buffer.append(element(1));
      buffer.flush(0.5);
      expect([buffer.length, ...new Set(all.toHost())]).toEqual([0, 0.5]);
      buffer.append(element(1));
      buffer.flush();
      expect([buffer.length, ...new Set(all.toHost())]).toEqual([0, 0]);
    });

    test.each(Object.entries(cases) as [DType, (typeof cases)[DType]][])(
      "takes only values that %s holds, and else changes nothing",
      (dtype, { good, bad }) => {
        using buffer = new Bufferizer({ shape: [2], bufferSize: 2, dtype, stream: here.stream });
        using all = buffer.darray;
        for (const value of good) {
          buffer.flush(value);
          const bytes = all.bytes().toHex();
          expect(bytes).toBe(bytes.slice(0, bytes.length / 4).repeat(4));
          for (const wrong of bad) expect(() => buffer.flush(wrong as Value)).toThrow(failsWith("invalid_argument"));
          expect(all.bytes().toHex()).toBe(bytes);
        }
        expect(buffer.stats().flushes).toBe(good.length);
      },
    );
  });
}
