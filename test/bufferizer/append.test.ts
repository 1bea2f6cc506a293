import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Appendable } from "../../src/bufferizer/index.ts";
import { DArray } from "../../src/cuda/index.ts";
import { FastIOContext } from "../../src/fastio/index.ts";
import { asTensor, TensorMemory, type TensorSource } from "../../src/tensor/index.ts";
import { failsWith } from "../fastio/fails-with.ts";
import { element, elements, held, make, numbersIn } from "./elements.ts";
import { type Here, places } from "./places.ts";

for (const { name, open } of places) {
  describe(`appending in ${name}`, () => {
    let here: Here;
    beforeAll(() => {
      here = open();
    });
    afterAll(() => here[Symbol.dispose]());
    const makeHere: typeof make = (options) => make({ stream: here.stream, ...options });

    test("takes one element, a batch and a list, in whatever form", () => {
      using job = FastIOContext.open(`bufferizer-${process.pid}`);
      const shared = job.create({ dtype: "float32", shape: [2] });
      shared.map().set(element(10));
      using memory = new TensorMemory(8);
      memory.getView().as("float32").set(element(11));
      using array = DArray.from(elements(12, 13), { shape: [2, 2], stream: here.stream });
      using one = array.slice(1);
      using transposed = DArray.from(Float32Array.of(14, 15, -14, -15), { shape: [2, 2], stream: here.stream });
      using columns = transposed.T;
      const cases: [Appendable, number[]][] = [
        [element(1), [1]],
        [elements(1, 2, 3), [1, 2, 3]],
        [
          [element(1), element(2)],
          [1, 2],
        ],
        [[], []],
        [{ data: element(4), shape: [2] }, [4]],
        [{ data: elements(4, 5), shape: [2, 2] }, [4, 5]],
        [{ data: new Float32Array(0), shape: [0, 2] }, []],
        [Buffer.from(element(6).buffer), [6]],
        [new DataView(elements(6, 7).buffer), [6, 7]],
        [elements(8, 9).buffer, [8, 9]],
        [{ data: element(9).buffer }, [9]],
        [asTensor(elements(1, 2), { shape: [2, 2] }), [1, 2]],
        [shared, [10]],
        [shared.getArray(), [10]],
        [memory, [11]],
        [memory.getView(), [11]],
        [array, [12, 13]],
        [one, [13]],
        [
          [one, shared, element(3)],
          [13, 10, 3],
        ],
        [columns, [14, 15]],
      ];
      for (const [given, numbers] of cases) {
        using buffer = makeHere();
        buffer.append(given);
        expect(held(buffer)).toEqual(numbers);
      }
      shared.free();
    });

    test("puts elements behind those that are there, and leaves the rest as it is", () => {
      using buffer = makeHere();
      buffer.flush(7);
      buffer.append(element(1));
      buffer.append(elements(2, 3));
      using all = buffer.darray;
      expect([...all.toHost()]).toEqual([1, -1, 2, -2, 3, -3, 7, 7]);
    });

    test("copies: what was given may be changed afterwards", () => {
      using buffer = makeHere();
      const given = element(1);
      buffer.append(given);
      given.fill(0);
      expect(held(buffer)).toEqual([1]);
    });

    test("checks the element type on every path", () => {
      using buffer = makeHere();
      using doubles = DArray.zeros([2, 2], { dtype: "float64", stream: here.stream });
      const wrong: Appendable[] = [
        new Float64Array(2),
        new Float64Array(4),
        new Int32Array(2),
        [element(1), new Float64Array(2) as never],
        { data: new Float64Array(2), shape: [2] },
        { data: new Uint8Array(16).buffer, dtype: "float64", shape: [2] },
        doubles,
        [doubles],
      ];
      for (const given of wrong) {
        expect(() => buffer.append(given)).toThrow(failsWith("wrong_dtype"));
        expect(() => buffer.appendMultiple(given)).toThrow(failsWith("wrong_dtype"));
      }
      expect([buffer.length, buffer.stats().appends]).toEqual([0, 0]);
    });

    test("checks the shape", () => {
      using buffer = makeHere();
      using square = DArray.zeros([2, 2, 2], { stream: here.stream });
      const wrong: Appendable[] = [
        { data: new Float32Array(2), shape: [1, 1, 2] },
        { data: new Float32Array(6), shape: [2, 3] },
        { data: new Float32Array(2), shape: [] as never },
        new Float32Array(3),
        square,
        [element(1), elements(2, 3)],
      ];
      for (const given of wrong.filter((_, index) => index !== 2)) {
        expect(() => buffer.append(given)).toThrow(failsWith("wrong_shape"));
      }
      expect(() => buffer.append(Buffer.alloc(7))).toThrow(failsWith("wrong_size"));
      expect(() => buffer.append("no" as never)).toThrow(failsWith("invalid_argument"));
      expect(() => buffer.append([element(1), 5 as never])).toThrow(failsWith("invalid_argument", "element 1"));
      expect(buffer.length).toBe(0);
    });

    test("of one element refuses a batch, and of several refuses one element that is no batch", () => {
      using buffer = makeHere();
      expect(() => buffer.appendOne(elements(1, 2))).toThrow(failsWith("wrong_shape"));
      expect(() => buffer.appendOne({ data: element(1), shape: [1, 2] })).toThrow(failsWith("wrong_shape"));
      expect(() => buffer.appendMultiple({ data: element(1), shape: [2] })).toThrow(failsWith("wrong_shape"));
      buffer.appendOne(element(1));
      buffer.appendMultiple({ data: element(2), shape: [1, 2] });
      buffer.appendMultiple(element(3));
      expect(held(buffer)).toEqual([1, 2, 3]);
    });

    test("of a list or a batch that does not fit changes nothing", () => {
      using buffer = makeHere();
      buffer.append(element(1));
      const list = [2, 3, 4, 5].map(element);
      expect(() => buffer.append(list)).toThrow(failsWith("buffer_full", "4 elements do not fit: 1 of 4"));
      expect(() => buffer.append(elements(2, 3, 4, 5))).toThrow(failsWith("buffer_full"));
      using all = buffer.darray;
      expect(numbersIn(all)).toEqual([1, 0, 0, 0]);
      expect([buffer.length, buffer.stats().appends]).toEqual([1, 1]);
    });

    test("of a list with a wrong element changes nothing", () => {
      using buffer = makeHere();
      expect(() => buffer.append([element(1), new Float32Array(3)])).toThrow(failsWith("wrong_shape", "element 1"));
      using all = buffer.darray;
      expect(numbersIn(all)).toEqual([0, 0, 0, 0]);
    });

    test.each(["error", "autoFlush", "dropOldest", "swap"] as const)(
      "of a list with something closed in it changes nothing, with policy %s",
      (fullPolicy) => {
        using buffer = makeHere({ bufferSize: 2, fullPolicy, bufferFullHook: () => {} });
        buffer.append(elements(1, 2));
        const closed = DArray.from(element(3), { stream: here.stream });
        closed.close();
        using taken = DArray.from(element(4), { stream: here.stream });
        const detached = {
          dtype: "float32",
          shape: [2],
          memoryKind: "host",
          byteLength: 8,
          bytes: () => new Uint8Array(0),
        };
        for (const given of [
          [taken, closed],
          closed,
          [element(5), detached as TensorSource],
          detached as TensorSource,
        ]) {
          expect(() => buffer.append(given)).toThrow(failsWith("closed"));
          expect(held(buffer)).toEqual([1, 2]);
        }
        expect(buffer.stats()).toMatchObject({ appends: 2, dropped: 0, flushes: 0 });
      },
    );

    test("takes views of the buffer itself", () => {
      using buffer = makeHere();
      buffer.append(elements(1, 2));
      using filled = buffer.filled;
      buffer.append(filled);
      expect(held(buffer)).toEqual([1, 2, 1, 2]);
    });

    test("refuses memory that was closed", () => {
      using buffer = makeHere();
      const memory = new TensorMemory(8);
      const view = memory.getView().as("float32");
      memory.close();
      const array = DArray.zeros([2], { stream: here.stream });
      array.close();
      for (const given of [view, memory, array]) expect(() => buffer.append(given)).toThrow(failsWith("closed"));
      expect(buffer.length).toBe(0);
    });
  });
}
