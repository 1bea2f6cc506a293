import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { FullPolicy } from "../../src/bufferizer/index.ts";
import { failsWith } from "../fastio/fails-with.ts";
import { element, elements, held, make } from "./elements.ts";
import { type Here, places } from "./places.ts";

describe("the policies", () => {
  test("have names", () => {
    expect(FullPolicy as Record<string, string>).toEqual({
      Error: "error",
      AutoFlush: "autoFlush",
      DropOldest: "dropOldest",
      Wait: "wait",
      Swap: "swap",
    });
  });
});

for (const { name, open } of places) {
  describe(`a full buffer in ${name}`, () => {
    let here: Here;
    beforeAll(() => {
      here = open();
    });
    afterAll(() => here[Symbol.dispose]());
    const makeHere: typeof make = (options) => make({ stream: here.stream, ...options });

    test("by default refuses what is appended until it is flushed", () => {
      using buffer = makeHere({ bufferSize: 2 });
      expect(buffer.fullPolicy).toBe("error");
      buffer.append(elements(1, 2));
      for (let i = 0; i < 2; i++) expect(() => buffer.append(element(3))).toThrow(failsWith("buffer_full"));
      expect(held(buffer)).toEqual([1, 2]);
      buffer.flush();
      buffer.append(element(3));
      expect(held(buffer)).toEqual([3]);
    });

    test("flushes itself at the next append, after the consumer was told", () => {
      const told: number[][] = [];
      let flushes = 0;
      using buffer = makeHere({
        bufferSize: 2,
        fullPolicy: "autoFlush",
        bufferFullHook: (b) => void told.push(held(b)),
        flushHook: () => void flushes++,
      });
      buffer.append(elements(1, 2));
      expect([held(buffer), flushes]).toEqual([[1, 2], 0]);
      buffer.append(element(3));
      expect([held(buffer), flushes]).toEqual([[3], 1]);
      using all = buffer.darray;
      expect([...all.toHost()]).toEqual([3, -3, 0, 0]);
      expect(told).toEqual([[1, 2]]);
    });

    test("lets a list that is longer than it stream through when it flushes itself", () => {
      const told: number[][] = [];
      const pieces: number[] = [];
      using buffer = makeHere({
        bufferSize: 2,
        fullPolicy: "autoFlush",
        appendMultipleHook: (b) => void pieces.push(b.length),
        bufferFullHook: (b) => void told.push(held(b)),
      });
      buffer.append([1, 2, 3].map(element));
      buffer.append(elements(4, 5, 6, 7));
      expect(told).toEqual([
        [1, 2],
        [3, 4],
        [5, 6],
      ]);
      expect(held(buffer)).toEqual([7]);
      expect(pieces).toEqual([2, 1, 2, 2, 1]);
      expect(buffer.stats()).toMatchObject({ appends: 7, batches: 3, flushes: 3 });
    });

    test("says how many went in when a hook's promise stops a list half way", () => {
      using buffer = makeHere({ bufferSize: 2, fullPolicy: "autoFlush", bufferFullHook: () => new Promise(() => {}) });
      expect(() => buffer.append(elements(1, 2, 3))).toThrow(failsWith("buffer_busy", "2 of 3 were appended"));
      expect(held(buffer)).toEqual([1, 2]);
    });

    test("drops the oldest elements for the latest", () => {
      const told: number[][] = [];
      using buffer = makeHere({
        bufferSize: 3,
        fullPolicy: "dropOldest",
        bufferFullHook: (b) => void told.push(held(b)),
      });
      for (let k = 1; k <= 8; k++) buffer.append(element(k));
      expect(told).toEqual([
        [1, 2, 3],
        [2, 3, 4],
        [3, 4, 5],
        [4, 5, 6],
        [5, 6, 7],
        [6, 7, 8],
      ]);
      buffer.append(elements(9, 10));
      expect(held(buffer)).toEqual([8, 9, 10]);
      using all = buffer.darray;
      expect(all.shape).toEqual([3, 2]);
      buffer.append([11, 12, 13, 14, 15].map(element));
      expect(held(buffer)).toEqual([13, 14, 15]);
      expect(buffer.stats().dropped).toBe(12);
      buffer.flush(0);
      buffer.append(element(1));
      expect(held(buffer)).toEqual([1]);
    });

    test("is refused to append, and waited for by appendAsync", async () => {
      using buffer = makeHere({ bufferSize: 2, fullPolicy: "wait" });
      buffer.append(elements(1, 2));
      expect(() => buffer.append(element(3))).toThrow(failsWith("buffer_full"));
      const appended = buffer.appendAsync(element(3));
      expect(await Promise.race([appended, Bun.sleep(5).then(() => "waits")])).toBe("waits");
      buffer.flush();
      await appended;
      expect(held(buffer)).toEqual([3]);
      expect(buffer.stats().waits).toBe(1);
    });

    test("lets a long list through in pieces, as it is emptied", async () => {
      const told: number[][] = [];
      using buffer = makeHere({
        bufferSize: 2,
        fullPolicy: "wait",
        bufferFullHook: async (b) => {
          told.push(held(b));
          await Bun.sleep(1);
          b.flush();
        },
      });
      await buffer.appendAsync(elements(1, 2, 3, 4, 5));
      await buffer.appendAsync([6, 7].map(element));
      await buffer.drain();
      expect(told).toEqual([[1, 2], [3, 4], [5, 6], [7]]);
    });

    test("is swapped for the other while a consumer has it", async () => {
      const gates = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
      const told: number[][] = [];
      using buffer = makeHere({
        bufferSize: 2,
        fullPolicy: "swap",
        bufferFullHook: async (b) => {
          using full = b.take();
          const index = told.push([]) - 1;
          await gates[index]!.promise;
          using array = full.darray;
          for (let i = 0; i < 2; i++) told[index]!.push(array.slice(i, 0).toHost()[0]!);
        },
      });
      buffer.append(elements(1, 2));
      expect([buffer.length, buffer.remaining]).toEqual([0, 2]);
      buffer.append(elements(3, 4));
      // Both are with the consumer.
      expect([buffer.length, buffer.remaining]).toEqual([0, 0]);
      expect(() => buffer.append(element(5))).toThrow(failsWith("buffer_busy"));
      expect(() => buffer.filled).toThrow(failsWith("buffer_busy"));
      const appended = buffer.appendAsync(elements(5, 6));
      gates[1]!.resolve();
      await appended;
      gates[0]!.resolve();
      gates[2]!.resolve();
      await buffer.drain();
      expect(told).toEqual([
        [1, 2],
        [3, 4],
        [5, 6],
      ]);
    });

    test("is swapped without being taken, too, when its consumer was told", async () => {
      const told: number[][] = [];
      using buffer = makeHere({
        bufferSize: 2,
        fullPolicy: "swap",
        bufferFullHook: async (b) => {
          using view = b.filled;
          await Bun.sleep(1);
          told.push([...view.toHost()].filter((value) => value > 0));
        },
      });
      for (let k = 1; k <= 7; k++) await buffer.appendAsync(element(k));
      await buffer.drain();
      expect(told).toEqual([[1, 2], [3, 4], [5, 6], [7]]);
    });

    test("that nobody consumes is not swapped: nothing would be left of it", () => {
      using buffer = makeHere({ bufferSize: 2, fullPolicy: "swap" });
      buffer.append(elements(1, 2));
      expect(() => buffer.append(element(3))).toThrow(failsWith("buffer_full"));
      using full = buffer.take();
      buffer.append(element(3));
      using array = full.darray;
      expect([...array.toHost()]).toEqual([1, -1, 2, -2]);
      expect(held(buffer)).toEqual([3]);
    });

    test("and the other take as much at once as both have room for, and no more", () => {
      const told: number[] = [];
      using buffer = makeHere({ bufferSize: 2, fullPolicy: "swap", bufferFullHook: (b) => void told.push(...held(b)) });
      buffer.append(element(1));
      expect(() => buffer.append(elements(2, 3, 4, 5))).toThrow(failsWith("buffer_full"));
      expect(held(buffer)).toEqual([1]);
      buffer.append(elements(2, 3, 4));
      expect(told).toEqual([1, 2, 3, 4]);
    });
  });
}
