import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { failsWith } from "../fastio/fails-with.ts";
import { alive, grown } from "../runner/fixture.ts";
import { element, elements, held, make, numbersIn } from "./elements.ts";
import { type Here, places } from "./places.ts";

for (const { name, open } of places) {
  describe(`a batch that was taken in ${name}`, () => {
    let here: Here;
    beforeAll(() => {
      here = open();
    });
    afterAll(() => here[Symbol.dispose]());
    const makeHere: typeof make = (options) => make({ stream: here.stream, ...options });

    test("has the filled part, in place, and leaves the buffer empty", () => {
      using buffer = makeHere();
      buffer.append(elements(1, 2, 3));
      const { allocation } = buffer;
      using batch = buffer.take();
      expect([batch.shape, batch.dtype, batch.length, batch.byteLength]).toEqual([[3, 2], "float32", 3, 24]);
      expect(batch.allocation).toBe(allocation);
      expect(batch.native).toMatchObject({ byteOffset: 0 });
      expect(numbersIn(batch)).toEqual([1, 2, 3]);
      expect(numbersIn(batch.darray)).toEqual([1, 2, 3]);
      expect([buffer.length, buffer.full]).toEqual([0, false]);
    });

    test("keeps the only buffer until it is given back", () => {
      using buffer = makeHere();
      buffer.append(elements(1, 2, 3, 4));
      const batch = buffer.take();
      expect([buffer.length, buffer.remaining, buffer.full]).toEqual([0, 0, false]);
      const calls = [
        () => buffer.append(element(1)),
        () => buffer.flush(),
        () => buffer.take(),
        () => buffer.darray,
        () => buffer.filled,
        () => buffer.allocation,
      ];
      for (const call of calls) expect(call).toThrow(failsWith("buffer_busy"));
      batch.close();
      batch.close();
      buffer.append(element(5));
      expect(held(buffer)).toEqual([5]);
    });

    test("can not be used once it was given back", () => {
      using buffer = makeHere();
      buffer.append(element(1));
      const batch = buffer.take();
      batch.close();
      expect(batch.closed).toBe(true);
      for (const call of [() => batch.darray, () => batch.bytes(), () => batch.native, () => batch.allocation]) {
        expect(call).toThrow(failsWith("closed"));
      }
    });

    test("of nothing is an error", () => {
      using buffer = makeHere();
      expect(() => buffer.take()).toThrow(failsWith("buffer_empty"));
    });

    test("lives on when the bufferizer allocates anew or closes, and its memory goes with it", async () => {
      const before = alive();
      const buffer = makeHere();
      buffer.append(elements(1, 2));
      const first = buffer.take();
      buffer.allocate();
      buffer.append(element(3));
      const second = buffer.take();
      buffer.close();
      expect([numbersIn(first), numbersIn(second)]).toEqual([[1, 2], [3]]);
      first.close();
      second.close();
      expect(await grown(before)).toEqual([]);
    });

    test("makes room for appends that wait when it is given back", async () => {
      using buffer = makeHere({ bufferSize: 1 });
      buffer.append(element(1));
      const batch = buffer.take();
      const appended = buffer.appendAsync(element(2));
      batch.close();
      await appended;
      expect(held(buffer)).toEqual([2]);
    });
  });

  describe(`memory in ${name}`, () => {
    test("is all given back, whatever was done with it", async () => {
      using here = open();
      using first = make({ stream: here.stream });
      // The stream keeps the page-locked memory that this goes through.
      first.append(element(1));
      const before = alive();
      for (const fullPolicy of ["error", "autoFlush", "dropOldest", "wait", "swap"] as const) {
        await using buffer = make({ stream: here.stream, fullPolicy, bufferFullHook: (b) => b.take().close() });
        for (let k = 0; k < 9; k++) await buffer.appendAsync(element(k));
        buffer.allocate();
        using all = buffer.darray;
        using filled = buffer.filled;
        expect([all.shape, filled.shape]).toEqual([
          [4, 2],
          [0, 2],
        ]);
      }
      expect(await grown(before)).toEqual([]);
    });
  });
}

describe("drain", () => {
  test("hands what is left to the full hook, once", async () => {
    const told: number[][] = [];
    using buffer = make({ bufferFullHook: (b) => void told.push(held(b)) });
    buffer.append(elements(1, 2));
    await buffer.drain();
    await buffer.drain();
    expect(told).toEqual([[1, 2]]);
    expect(held(buffer)).toEqual([1, 2]);
  });

  test("of an empty buffer, and of one without a hook, does nothing", async () => {
    let told = 0;
    using empty = make({ bufferFullHook: () => void told++ });
    await empty.drain();
    using plain = make();
    plain.append(element(1));
    await plain.drain();
    expect([told, held(plain)]).toEqual([0, [1]]);
  });

  test("is done by await using", async () => {
    const told: number[][] = [];
    {
      await using buffer = make({
        fullPolicy: "swap",
        bufferSize: 2,
        bufferFullHook: async (b) => {
          using full = b.take();
          await Bun.sleep(1);
          told.push(numbersIn(full));
        },
      });
      for (let k = 1; k <= 5; k++) await buffer.appendAsync(element(k));
    }
    expect(told).toEqual([[1, 2], [3, 4], [5]]);
  });

  test("ends with the signal or in time", async () => {
    using buffer = make({ bufferSize: 1, bufferFullHook: () => new Promise(() => {}) });
    buffer.append(element(1));
    await expect(buffer.drain({ timeoutMs: 1 })).rejects.toThrow(failsWith("deadline"));
    await expect(buffer.drain({ signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
  });

  test("throws what the hook throws", async () => {
    using buffer = make({
      bufferFullHook: () => {
        throw new RangeError("no");
      },
    });
    buffer.append(element(1));
    await expect(buffer.drain()).rejects.toThrow(new RangeError("no"));
  });
});
