import { describe, expect, test } from "bun:test";
import type { Bufferizer, BufferizerOptions } from "../../src/bufferizer/index.ts";
import { failsWith } from "../fastio/fails-with.ts";
import { element, elements, held, make } from "./elements.ts";

type Float = Bufferizer<"float32">;
type Options = Partial<BufferizerOptions<"float32", Float>>;
const names = ["flushHook", "allocateHook", "appendOneHook", "appendMultipleHook", "bufferFullHook"] as const;

/** All hooks, and the list that they write to: which was called, and with how many elements in the buffer. */
function recording(): { hooks: Options; calls: string[] } {
  const calls: string[] = [];
  const hooks = Object.fromEntries(names.map((name) => [name, (b: Float) => void calls.push(`${name} ${b.length}`)]));
  return { hooks, calls };
}

describe("hooks", () => {
  test("are not called by the constructor", () => {
    const { hooks, calls } = recording();
    make(hooks).close();
    expect(calls).toEqual([]);
  });

  test("are called with the bufferizer alone", () => {
    const given: unknown[][] = [];
    const hook = (...all: unknown[]) => void given.push(all);
    using buffer = make({ bufferSize: 1, ...Object.fromEntries(names.map((name) => [name, hook])) });
    buffer.append(element(1));
    buffer.flush();
    buffer.append([element(1)]);
    buffer.allocate();
    expect(given).toHaveLength(7);
    for (const all of given) expect(all).toEqual([buffer]);
  });

  test("of one element are called for each, after it is there", () => {
    const { hooks, calls } = recording();
    using buffer = make(hooks);
    buffer.append(element(1));
    buffer.appendOne(element(2));
    expect(calls).toEqual(["appendOneHook 1", "appendOneHook 2"]);
  });

  test("of several elements are called once for a batch and once for a list, and never the other one", () => {
    const { hooks, calls } = recording();
    using buffer = make({ ...hooks, bufferSize: 8 });
    buffer.append(elements(1, 2));
    buffer.append([element(3), element(4)]);
    buffer.append([element(5)]);
    buffer.append([]);
    expect(calls).toEqual(["appendMultipleHook 2", "appendMultipleHook 4", "appendMultipleHook 5"]);
  });

  test("of a full buffer are called after those of the append that filled it", () => {
    const { hooks, calls } = recording();
    using buffer = make({ ...hooks, bufferSize: 2 });
    buffer.append(elements(1, 2));
    buffer.flush();
    buffer.append(element(1));
    buffer.append(element(2));
    expect(calls).toEqual([
      "appendMultipleHook 2",
      "bufferFullHook 2",
      "flushHook 0",
      "appendOneHook 1",
      "appendOneHook 2",
      "bufferFullHook 2",
    ]);
  });

  test("of flush find the buffer set to the value, and empty", () => {
    let seen: unknown;
    using buffer = make({
      flushHook: (b) => {
        using all = b.darray;
        seen = [b.length, [...new Set(all.toHost())]];
      },
    });
    buffer.append(element(1));
    buffer.flush(5);
    expect(seen).toEqual([0, [5]]);
  });

  test("of allocate find the new memory zeroed, and those of flush follow", () => {
    const { hooks, calls } = recording();
    let seen: unknown;
    using buffer = make({
      ...hooks,
      allocateHook: (b) => {
        hooks.allocateHook?.(b);
        using all = b.darray;
        seen = [...new Set(all.toHost())];
      },
    });
    buffer.append(element(1));
    buffer.allocate();
    expect(calls).toEqual(["appendOneHook 1", "allocateHook 0", "flushHook 0"]);
    expect(seen).toEqual([0]);
  });

  test.each(names)("%s can be read, replaced and taken away", (name) => {
    const { hooks, calls } = recording();
    using buffer = make({ bufferSize: 1 });
    const all = () => {
      buffer.append(element(1));
      buffer.flush();
      buffer.append([element(1)]);
      buffer.allocate();
    };
    expect(buffer[name]).toBeUndefined();
    buffer[name] = () => void calls.push("first");
    buffer[name] = hooks[name];
    expect(buffer[name]).toBe(hooks[name]!);
    all();
    const heard = [...calls];
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.every((call) => call.startsWith(name))).toBe(true);
    buffer[name] = undefined;
    all();
    expect(calls).toEqual(heard);
    expect(() => {
      buffer[name] = 5 as never;
    }).toThrow(failsWith("invalid_argument", name));
  });

  test.each([
    ["appendOneHook", (b: Float) => b.append(element(1)), [1]],
    ["appendMultipleHook", (b: Float) => b.append([element(1), element(2)]), [1, 2]],
    ["bufferFullHook", (b: Float) => b.append(elements(1, 2, 3, 4)), [1, 2, 3, 4]],
    ["flushHook", (b: Float) => b.flush(), []],
    ["allocateHook", (b: Float) => b.allocate(), []],
  ] as const)("that throw (%s) end the call with what they threw, and the change stays", (name, call, numbers) => {
    using buffer = make({
      [name]: () => {
        throw new RangeError(name);
      },
    });
    expect(() => call(buffer)).toThrow(new RangeError(name));
    expect(held(buffer)).toEqual([...numbers]);
  });

  test("of an append that throw keep that of the full buffer from being called", () => {
    let told = 0;
    using buffer = make({
      bufferSize: 1,
      appendOneHook: () => {
        throw new RangeError("no");
      },
      bufferFullHook: () => void told++,
    });
    expect(() => buffer.append(element(1))).toThrow("no");
    expect([told, buffer.full]).toEqual([0, true]);
  });

  test("may flush, append and close", () => {
    using buffer = make({ bufferSize: 2, bufferFullHook: (b) => b.flush() });
    for (let k = 1; k <= 5; k++) buffer.append(element(k));
    expect(held(buffer)).toEqual([5]);

    using twice = make({ bufferSize: 3 });
    twice.appendOneHook = (b) => {
      b.appendOneHook = undefined;
      b.append(element(2));
    };
    twice.append(element(1));
    expect(held(twice)).toEqual([1, 2]);

    using flushed = make({ bufferSize: 1, appendOneHook: (b) => b.flush() });
    let told = 0;
    flushed.bufferFullHook = () => void told++;
    flushed.append(element(1));
    expect(told).toBe(0);

    using closing = make({ fullPolicy: "autoFlush", bufferSize: 1, bufferFullHook: (b) => b.close() });
    expect(() => closing.append(elements(1, 2))).toThrow(failsWith("closed"));
  });
});

describe("a promise that a hook returns", () => {
  test("is awaited by drain", async () => {
    let done = false;
    const gate = Promise.withResolvers<void>();
    using buffer = make({
      appendOneHook: async () => {
        await gate.promise;
        await Bun.sleep(1);
        done = true;
      },
    });
    buffer.append(element(1));
    const drained = buffer.drain();
    expect(done).toBe(false);
    gate.resolve();
    await drained;
    expect(done).toBe(true);
  });

  test.each(["append", "appendOne", "appendMultiple", "flush", "allocate", "take", "appendAsync"] as const)(
    "that is rejected surfaces at the next call, which does nothing else: %s",
    async (call) => {
      const failure = new RangeError("lost");
      using buffer = make({ bufferFullHook: () => Promise.reject(failure) });
      buffer.append(elements(1, 2, 3, 4));
      await Bun.sleep(0);
      const again = async () => (buffer[call] as (given?: unknown) => unknown)(call === "flush" ? 0 : element(5));
      expect(await again().catch((error) => error)).toBe(failure);
      expect(held(buffer)).toEqual([1, 2, 3, 4]);
      // Once.
      buffer.flush();
      expect(held(buffer)).toEqual([]);
    },
  );

  test("that is rejected surfaces at drain, several as one error", async () => {
    using buffer = make({ bufferSize: 2, fullPolicy: "dropOldest", bufferFullHook: (b) => Promise.reject(b.length) });
    buffer.append(elements(1, 2));
    expect(await buffer.drain().catch((error) => error)).toBe(2);
    buffer.appendOneHook = () => Promise.reject("one");
    buffer.append(element(3));
    const both = await buffer.drain().catch((error) => error);
    expect(both).toBeInstanceOf(AggregateError);
    expect(both.errors).toEqual(["one", 2]);
    await buffer.drain();
  });

  test("that is rejected surfaces when the buffer is disposed", async () => {
    const failure = new RangeError("lost");
    const disposing = (async () => {
      await using buffer = make({ flushHook: () => Promise.reject(failure) });
      buffer.flush();
    })();
    expect(await disposing.catch((error) => error)).toBe(failure);
  });

  test("keeps a full buffer from being written to until it has settled", async () => {
    const gate = Promise.withResolvers<void>();
    using buffer = make({ bufferSize: 2, fullPolicy: "autoFlush", bufferFullHook: () => gate.promise });
    buffer.append(elements(1, 2));
    expect(() => buffer.append(element(3))).toThrow(failsWith("buffer_busy", "promise"));
    expect(held(buffer)).toEqual([1, 2]);
    gate.resolve();
    await buffer.drain();
    buffer.append(element(3));
    expect(held(buffer)).toEqual([3]);
  });

  test("keeps nothing once its hook has flushed", async () => {
    const gate = Promise.withResolvers<void>();
    using buffer = make({
      bufferSize: 2,
      bufferFullHook: async (b) => {
        b.flush();
        await gate.promise;
      },
    });
    buffer.append(elements(1, 2));
    buffer.append(element(3));
    gate.resolve();
    await Bun.sleep(0);
    expect(held(buffer)).toEqual([3]);
  });
});
