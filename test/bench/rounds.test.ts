import { expect, test } from "bun:test";
import { inTurn } from "../../bench/rounds.ts";

const rank = (value: number) => value;
const quiet = () => ({ stolen: 0, all: 0 });

test("contenders take turns, and the run in the middle counts", async () => {
  const order: string[] = [];
  const values = { a: [3, 1, 2], b: [10, 30, 20] };
  const next = (name: "a" | "b") => async () => {
    order.push(name);
    return values[name][order.filter((one) => one === name).length - 1]!;
  };
  expect(await inTurn(3, { a: next("a"), b: next("b") }, rank, quiet)).toEqual({ a: 2, b: 20 });
  expect(order.join("")).toBe("ababab");
});

test("runs from which the host took time give way to further ones, and are better than none", async () => {
  const run = async (shares: readonly number[]) => {
    let [at, all, stolen] = [0, 0, 0];
    const clock = () => ({ stolen, all });
    const contender = async () => {
      all += 100;
      stolen += shares[at]! * 100;
      return at++;
    };
    return { ...(await inTurn(3, { contender }, rank, clock)), runs: at };
  };
  expect(await run([0.5, 0, 0.02, 0, 0])).toEqual({ contender: 2, runs: 4 });
  expect(await run([0.5, 0.4, 0.3, 0.2, 0.1, 0.6, 0.7, 0.8, 0.9])).toEqual({ contender: 3, runs: 9 });
  expect(await run([0, 0.01, 0])).toEqual({ contender: 1, runs: 3 });
});

test("what the host took is read from this machine", async () => {
  expect(await inTurn(1, { one: async () => 1 }, rank)).toEqual({ one: 1 });
});
