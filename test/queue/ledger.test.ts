import { describe, expect, test } from "bun:test";
import { Ledger } from "../../src/queue/ledger.ts";
import { failure } from "../runner/fixture.ts";

/** Queues in step, each writing down what it was told to flush after how many entries. */
function seats(...batches: number[]) {
  const ledger = new Ledger();
  const flushes: string[] = [];
  const all = batches.map((batch, index) => {
    const entries = { count: 0 };
    const seat = ledger.seat(`q${index}`, batch, () => flushes.push(`q${index} after ${entries.count}`));
    const enqueue = (samples: number) => {
      seat.check(samples, "enqueue");
      entries.count++;
      seat.record(samples);
    };
    return { seat, enqueue };
  });
  return { ledger, all, flushes };
}

describe("the ledger", () => {
  test("takes entries of the same number of samples in the same place of every queue", () => {
    const [a, b] = seats(4, 4).all;
    for (const samples of [3, 1, 9]) a!.enqueue(samples);
    b!.enqueue(3);
    expect(() => b!.enqueue(2)).toThrow(failure("wrong_split", '"q1" gets 2', '"q0" has 1'));
    b!.enqueue(1);
    b!.enqueue(9);
    b!.enqueue(5);
    expect(() => a!.enqueue(4)).toThrow(failure("wrong_split", '"q0" gets 4', '"q1" has 5'));
  });

  test("compares parts of a batch where batches differ", () => {
    const [a, b] = seats(16, 1).all;
    a!.enqueue(32);
    expect(() => b!.enqueue(1)).toThrow(failure("wrong_split", "which is 2 here"));
    b!.enqueue(2);
  });

  test("flushes a queue that lags behind when it gets there", () => {
    const { ledger, all, flushes } = seats(4, 4, 4);
    const [a, b, c] = all;
    a!.enqueue(3);
    b!.enqueue(3);
    ledger.flushAll();
    expect(flushes).toEqual(["q0 after 1", "q1 after 1"]);
    ledger.flushAll();
    expect(flushes).toHaveLength(2);
    c!.enqueue(3);
    expect(flushes).toEqual(["q0 after 1", "q1 after 1", "q2 after 1"]);
    ledger.flushAll();
    expect(flushes).toHaveLength(6);
  });

  test("flushes one queue in its place, and the others before their next entries", () => {
    const { all, flushes } = seats(4, 4);
    const [a, b] = all;
    a!.enqueue(3);
    expect(() => b!.seat.flush("flush")).toThrow(failure("wrong_split", "before the 3 samples"));
    b!.enqueue(3);
    b!.seat.flush("flush");
    a!.seat.flush("flush");
    expect(flushes).toEqual(["q1 after 1", "q0 after 1"]);
    a!.seat.flush("flush");
    b!.enqueue(2);
    expect(flushes).toEqual(["q1 after 1", "q0 after 1", "q0 after 1", "q1 after 1"]);
  });

  test("begins anew for each queue with its reset, whichever comes first", () => {
    const [a, b] = seats(4, 4).all;
    a!.enqueue(3);
    a!.seat.reset();
    a!.enqueue(2);
    expect(() => b!.enqueue(2)).toThrow(failure("wrong_split"));
    b!.enqueue(3);
    b!.seat.reset();
    expect(() => b!.enqueue(3)).toThrow(failure("wrong_split"));
    b!.enqueue(2);
  });

  test("forgets what every queue has", () => {
    const [a, b] = seats(4, 4).all;
    for (let i = 0; i < 1000; i++) {
      a!.enqueue(1);
      b!.enqueue(1);
      expect(a!.seat.round.items.length).toBeLessThan(2);
    }
  });
});
