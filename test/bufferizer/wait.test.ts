import { describe, expect, test } from "bun:test";
import { failsWith } from "../fastio/fails-with.ts";
import { element, elements, held, make } from "./elements.ts";

const full = () => {
  const buffer = make({ bufferSize: 2, fullPolicy: "wait" });
  buffer.append(elements(1, 2));
  return buffer;
};

describe("appendAsync", () => {
  test("appends at once where there is room", async () => {
    using buffer = make();
    const appended = buffer.appendAsync([element(1), element(2)]);
    expect(held(buffer)).toEqual([1, 2]);
    await appended;
    expect(buffer.stats().waits).toBe(0);
  });

  test("rejects for what append throws", async () => {
    using buffer = make({ bufferSize: 1 });
    await expect(buffer.appendAsync(new Float64Array(2))).rejects.toThrow(failsWith("wrong_dtype"));
    await expect(buffer.appendAsync(elements(1, 2))).rejects.toThrow(failsWith("buffer_full"));
    await expect(buffer.appendAsync(element(1), { timeoutMs: -1 })).rejects.toThrow(failsWith("invalid_argument"));
    await expect(buffer.appendAsync(element(1), { signal: 5 as never })).rejects.toThrow(failsWith("invalid_argument"));
    expect(buffer.length).toBe(0);
  });

  test("serves those that wait in their order, before anybody who comes later", async () => {
    using buffer = full();
    const order: number[] = [];
    const appends = [3, 4, 5].map((k) => buffer.appendAsync(element(k)).then(() => order.push(k)));
    buffer.flush();
    expect(() => buffer.append(element(6))).toThrow(failsWith("buffer_full", "3 appends wait"));
    await Promise.all(appends.slice(0, 2));
    expect(held(buffer)).toEqual([3, 4]);
    buffer.take().close();
    await Promise.all(appends);
    expect(held(buffer)).toEqual([5]);
    expect(order).toEqual([3, 4, 5]);
  });

  test("is given up by its signal, with the signal's reason, and the next is served", async () => {
    using buffer = full();
    const control = new AbortController();
    const given = buffer.appendAsync(element(3), { signal: control.signal });
    const next = buffer.appendAsync(element(4));
    control.abort("enough");
    await expect(given).rejects.toBe("enough");
    buffer.flush();
    await next;
    expect(held(buffer)).toEqual([4]);
    await expect(buffer.appendAsync(element(5), { signal: control.signal })).rejects.toBe("enough");
    expect(held(buffer)).toEqual([4]);
  });

  test("is given up when its time is over; what has gone in stays", async () => {
    using buffer = make({ bufferSize: 2, fullPolicy: "wait" });
    await expect(buffer.appendAsync(elements(1, 2, 3), { timeoutMs: 1 })).rejects.toThrow(failsWith("deadline"));
    expect(held(buffer)).toEqual([1, 2]);
    buffer.flush();
    await Bun.sleep(0);
    expect(held(buffer)).toEqual([]);
  });

  test("rejects with closed when the buffer closes", async () => {
    const buffer = full();
    const appends = [buffer.appendAsync(element(3)), buffer.appendAsync(element(4))];
    const outcomes = Promise.allSettled(appends);
    buffer.close();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "closed" } });
    }
    await expect(buffer.appendAsync(element(5))).rejects.toThrow(failsWith("closed"));
  });

  test("rejects with what a hook throws, and those behind it are served", async () => {
    using buffer = full();
    const appends = Promise.allSettled([buffer.appendAsync(element(3)), buffer.appendAsync(element(4))]);
    buffer.appendOneHook = (b) => {
      b.appendOneHook = undefined;
      throw new RangeError("no");
    };
    buffer.flush();
    expect((await appends).map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    expect(held(buffer)).toEqual([3, 4]);
  });

  test("waits for a consumer's promise with policy error, and is then refused if there is no room", async () => {
    const gate = Promise.withResolvers<void>();
    using buffer = make({ bufferSize: 1, bufferFullHook: () => gate.promise });
    buffer.append(element(1));
    const refused = buffer.appendAsync(element(2));
    gate.resolve();
    await expect(refused).rejects.toThrow(failsWith("buffer_full"));
  });
});

describe("the time trigger", () => {
  test("hands a buffer over that is not full some time after its first element", async () => {
    const told = Promise.withResolvers<number[]>();
    using buffer = make({ maxDelayMs: 1, bufferFullHook: (b) => told.resolve(held(b)) });
    buffer.append(element(1));
    buffer.append(element(2));
    expect(await told.promise).toEqual([1, 2]);
    expect(held(buffer)).toEqual([1, 2]);
  });

  test.each(["swap", "autoFlush"] as const)("ends that batch with policy %s", async (fullPolicy) => {
    const told: number[][] = [];
    let heard = () => {};
    const next = () => new Promise<void>((resolve) => (heard = resolve));
    using buffer = make({
      maxDelayMs: 1,
      fullPolicy,
      bufferFullHook: (b) => {
        told.push(held(b));
        heard();
      },
    });
    buffer.append(element(1));
    await next();
    buffer.append(element(2));
    expect(held(buffer)).toEqual([2]);
    await next();
    expect(told).toEqual([[1], [2]]);
  });

  test("does not come for a buffer that was flushed, taken, filled or closed before", async () => {
    const told: number[][] = [];
    const options = {
      maxDelayMs: 1,
      bufferSize: 2,
      bufferFullHook: (b: ReturnType<typeof make>) => void told.push(held(b)),
    };
    using flushed = make(options);
    flushed.append(element(1));
    flushed.flush();
    using taken = make(options);
    taken.append(element(2));
    taken.take().close();
    using filled = make(options);
    filled.append(elements(3, 4));
    const closed = make(options);
    closed.append(element(5));
    closed.close();
    using last = make({ ...options, maxDelayMs: 20 });
    const end = Promise.withResolvers<void>();
    last.bufferFullHook = () => end.resolve();
    last.append(element(6));
    await end.promise;
    expect(told).toEqual([[3, 4]]);
  });

  test("whose hook throws surfaces at the next call", async () => {
    const called = Promise.withResolvers<void>();
    using buffer = make({
      maxDelayMs: 1,
      bufferFullHook: () => {
        called.resolve();
        throw new RangeError("late");
      },
    });
    buffer.append(element(1));
    await called.promise;
    expect(() => buffer.append(element(2))).toThrow("late");
    expect(held(buffer)).toEqual([1]);
  });
});
