import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Bufferizer } from "../../src/bufferizer/index.ts";
import { DArray } from "../../src/cuda/index.ts";
import { DType, elementTypes, TensorMemory } from "../../src/tensor/index.ts";
import { failsWith } from "../fastio/fails-with.ts";
import { element, elements, held, make, numbersIn } from "./elements.ts";
import { type Here, places } from "./places.ts";

for (const { name, open } of places) {
  describe(`a bufferizer in ${name}`, () => {
    let here: Here;
    beforeAll(() => {
      here = open();
    });
    afterAll(() => here[Symbol.dispose]());
    const makeHere: typeof make = (options) => make({ stream: here.stream, ...options });

    test("says its sizes: of the buffer, and of one element in bytes", () => {
      using buffer = new Bufferizer({ shape: [3, 5], bufferSize: 7, dtype: "float64", stream: here.stream });
      expect(buffer.shape).toEqual([7, 3, 5]);
      expect(buffer.elementShape).toEqual([3, 5]);
      expect(buffer.dtype).toBe("float64");
      expect(buffer.elementNbytes).toBe(3 * 5 * 8);
      expect(buffer.nbytes).toBe(7 * 3 * 5 * 8);
    });

    test("counts its elements, is full with the last, and says how many there is room for", () => {
      using buffer = makeHere({ bufferSize: 2 });
      const states = [0, 1, 2].map((k) => {
        if (k > 0) buffer.append(element(k));
        return [buffer.length, buffer.remaining, buffer.full];
      });
      expect(states).toEqual([
        [0, 2, false],
        [1, 1, false],
        [2, 0, true],
      ]);
    });

    test("is allocated when it is made, and zero", () => {
      using buffer = makeHere();
      using all = buffer.darray;
      expect(numbersIn(all)).toEqual([0, 0, 0, 0]);
      expect(buffer.length).toBe(0);
    });

    test("shows the whole buffer as an array, which is the memory itself in both directions", () => {
      using buffer = makeHere();
      using all = buffer.darray;
      expect(all).toBeInstanceOf(DArray);
      expect([all.shape, all.dtype]).toEqual([[4, 2], "float32"]);
      buffer.append(element(5));
      expect(numbersIn(all)).toEqual([5, 0, 0, 0]);
      using first = all.slice(0);
      first.fill(3);
      using filled = buffer.filled;
      expect([...filled.toHost()]).toEqual([3, 3]);
    });

    test("shows what is filled as an array of so many elements", () => {
      using buffer = makeHere();
      buffer.append(elements(1, 2, 3));
      using filled = buffer.filled;
      expect(filled.shape).toEqual([3, 2]);
      expect(numbersIn(filled)).toEqual([1, 2, 3]);
    });

    test("lends its allocation, which is all of its memory", () => {
      using buffer = makeHere();
      const { allocation } = buffer;
      expect("byteLength" in allocation ? allocation.byteLength : allocation.dataSizeBytes).toBe(buffer.nbytes);
      expect(buffer.allocation).toBe(allocation);
    });

    test("allocates anew: new memory, zeroed and empty, while views of the old one keep it", () => {
      using buffer = makeHere();
      buffer.append(elements(1, 2));
      const before = buffer.allocation;
      using old = buffer.darray;
      buffer.allocate();
      expect(buffer.allocation).not.toBe(before);
      expect(buffer.length).toBe(0);
      using fresh = buffer.darray;
      expect(numbersIn(fresh)).toEqual([0, 0, 0, 0]);
      buffer.append(element(9));
      expect(numbersIn(old)).toEqual([1, 2, 0, 0]);
    });

    test("keeps no memory after close, which may be done twice, and refuses what is asked of it", () => {
      const buffer = makeHere();
      buffer.append(element(1));
      buffer.close();
      buffer.close();
      expect(buffer.closed).toBe(true);
      expect([buffer.length, buffer.remaining, buffer.full]).toEqual([0, 0, false]);
      const calls = [
        () => buffer.append(element(1)),
        () => buffer.appendOne(element(1)),
        () => buffer.appendMultiple([element(1)]),
        () => buffer.flush(),
        () => buffer.allocate(),
        () => buffer.take(),
        () => buffer.darray,
        () => buffer.filled,
        () => buffer.allocation,
      ];
      for (const call of calls) expect(call).toThrow(failsWith("closed"));
    });

    test("counts what was done", () => {
      using buffer = makeHere({ bufferSize: 2 });
      buffer.append(element(1));
      buffer.append([element(2)]);
      buffer.flush();
      buffer.append(elements(3, 4));
      expect(buffer.stats()).toEqual({ appends: 4, batches: 2, flushes: 1, dropped: 0, waits: 0, bytesCopied: 32 });
    });

    test.each(Object.values(DType))("holds %s", (dtype) => {
      const { arrayType, size } = elementTypes[dtype];
      using buffer = new Bufferizer({ shape: [3], bufferSize: 2, dtype, stream: here.stream });
      const bytes = Uint8Array.from({ length: 3 * size }, (_, i) => (dtype === "bool" ? i & 1 : i + 1));
      buffer.append(new arrayType(bytes.buffer));
      buffer.append({ data: bytes.buffer, dtype, shape: [3] });
      expect(buffer.elementNbytes).toBe(3 * size);
      using all = buffer.darray;
      expect(all.bytes().toHex()).toBe(bytes.toHex().repeat(2));
      buffer.flush(1);
      const [one] = convertOne(dtype);
      expect(all.bytes().toHex()).toBe(one.repeat(6));
    });
  });
}

/** The bytes of the number 1, written down by hand for the types without an array of their own. */
function convertOne(dtype: DType): [string] {
  const byHand: Partial<Record<DType, string>> = {
    bool: "01",
    bfloat16: "803f",
    float8_e4m3fn: "38",
    float8_e5m2: "3c",
    float8_e4m3fnuz: "40",
    float8_e5m2fnuz: "40",
  };
  const known = byHand[dtype];
  if (known !== undefined) return [known];
  const array = new elementTypes[dtype].arrayType(1);
  (array as Uint8Array).fill((dtype === "int64" || dtype === "uint64" ? 1n : 1) as number);
  return [new Uint8Array(array.buffer).toHex()];
}

describe("what a bufferizer is made of", () => {
  test("is checked", () => {
    const cases: [Parameters<typeof make>[0], string][] = [
      [{ bufferSize: 0 }, "invalid_argument"],
      [{ bufferSize: 1.5 }, "invalid_argument"],
      [{ bufferSize: undefined as never }, "invalid_argument"],
      [{ shape: [2, 0] }, "invalid_shape"],
      [{ shape: [-1] }, "invalid_shape"],
      [{ shape: 3 as never }, "invalid_shape"],
      [{ dtype: "float31" as never }, "invalid_dtype"],
      [{ fullPolicy: "explode" as never }, "invalid_argument"],
      [{ maxDelayMs: 0 }, "invalid_argument"],
      [{ flushHook: "no" as never }, "invalid_argument"],
      [{ bufferSize: 2 ** 30 }, "too_large"],
    ];
    for (const [options, code] of cases) expect(() => make(options)).toThrow(failsWith(code));
  });

  test("may have the spellings of element types that others use", () => {
    using buffer = make({ dtype: "<f4" as "float32" });
    expect(buffer.dtype).toBe("float32");
  });

  test("may be scalars", () => {
    using buffer = make({ shape: [], bufferSize: 3 });
    buffer.append(Float32Array.of(1));
    buffer.append(Float32Array.of(2, 3));
    using filled = buffer.filled;
    expect([filled.shape, [...filled.toHost()]]).toEqual([[3], [1, 2, 3]]);
  });

  test("lends a TensorMemory in host memory, and closing it is answered with an error", () => {
    using buffer = make();
    expect(buffer.allocation).toBeInstanceOf(TensorMemory);
    (buffer.allocation as TensorMemory).close();
    expect(() => buffer.append(element(1))).toThrow(failsWith("closed"));
    expect(held(make())).toEqual([]);
  });

  test("that somebody moved away is found again", () => {
    using buffer = make();
    buffer.append(element(1));
    using all = buffer.darray;
    structuredClone(all.data.buffer, { transfer: [all.data.buffer as ArrayBuffer] });
    buffer.append(element(2));
    expect(held(buffer)).toEqual([1, 2]);
  });
});
