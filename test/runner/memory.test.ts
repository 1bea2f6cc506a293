import { describe, expect, test } from "bun:test";
import { ModelRunner, type ResultTensor } from "../../src/runner/index.ts";
import { TensorMemory } from "../../src/tensor/index.ts";
import { alive, failure, model } from "./fixture.ts";

const expectDynamic = {
  expect: { inputs: { x: "float32" }, outputs: { doubled: "float32", row_sum: "float32" } },
} as const;
const loadDynamic = () => ModelRunner.load(model("dynamic.onnx"), expectDynamic);

/** An input of `dynamic.onnx` whose answer is certain to be handed over, not copied. */
const large = (fill: number) => ({ x: { data: new Float32Array(300 * 400).fill(fill), shape: [300, 400] } });

describe("native memory as input", () => {
  test("is read in place: what is written until the run begins counts", async () => {
    await using runner = await ModelRunner.load(model("slow-steps.onnx"));
    using memory = new TensorMemory(4);
    const x = memory.getView().as("float32");
    const blocker = runner.executeAsync({ x: new Float32Array(1), steps: new BigInt64Array([20n]) });
    x[0] = 1;
    const running = runner.executeAsync({ x, steps: new BigInt64Array([0n]) });
    // Against the contract, to see that there is no copy.
    x[0] = 2;
    await blocker;
    expect((await running)["y"]!.data).toEqual(new Float32Array([2]));
  });

  test("stays alive for a request although its owner has closed it", async () => {
    await using runner = await ModelRunner.load(model("slow-steps.onnx"));
    const before = alive().mappings;
    const blocker = runner.executeAsync({ x: new Float32Array(1), steps: new BigInt64Array([20n]) });
    const running = Array.from({ length: 8 }, (_, k) => {
      using memory = new TensorMemory(1 << 20);
      const x = memory
        .getView()
        .as("float32")
        .subarray(k, k + 1);
      x[0] = k;
      return runner.executeAsync({ x, steps: new BigInt64Array([0n]) });
    });
    await blocker;
    const answers = await Promise.all(running);
    expect(answers.map(({ y }) => y!.data[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    // What remains belongs to the eight requests, not to the closed memory.
    expect(alive().mappings - before).toBeLessThanOrEqual(8 * 3);
  });

  test("can be a part that begins anywhere", async () => {
    await using runner = await ModelRunner.load(model("batch.onnx"));
    using memory = new TensorMemory(4096);
    const all = memory.getView().as("float32");
    for (const begin of [0, 1, 17, 1020]) {
      const x = all.subarray(begin, begin + 4);
      x.set([0, 0, 0, begin]);
      expect(runner.execute({ x })["y"]!.data[0]).toBe(1 + (9 * begin) / 4);
    }
  });
});

describe("memory of the caller's for outputs", () => {
  test("native memory is written in place, for that request alone", async () => {
    await using runner = await ModelRunner.load(model("several.onnx"));
    const inputs = {
      a: new Float32Array([1, 2, 3, 4, 5, 6]),
      b: new Float32Array(6).fill(10),
      mask: new Uint8Array(6),
      counts: new Int32Array(4),
    };
    using sum = new TensorMemory(24);
    const wanted = new Float32Array([11, 12, 13, 14, 15, 16]);
    const given = await runner.executeAsync(inputs, { outputs: { sum } });
    expect(sum.getView().as("float32")).toEqual(wanted);
    expect(given["sum"]!.data.buffer).toBe(sum.getView().as("float32").buffer);
    sum.getView().as("float32").fill(0);
    expect(runner.execute(inputs)["sum"]!.data).toEqual(wanted);
    expect(sum.getView().as("float32")).toEqual(new Float32Array(6));
  });

  test("arrays are filled when the request ends, also for shapes that only the data tells", async () => {
    await using runner = await loadDynamic();
    const doubled = new Float32Array(6);
    const x = { data: new Float32Array([1, 2, 3, 4, 5, 6]), shape: [2, 3] };
    const outputs = { doubled: { data: doubled, shape: [2, 3] } };
    const result = await runner.executeAsync({ x }, { outputs });
    expect(doubled).toEqual(new Float32Array([2, 4, 6, 8, 10, 12]));
    expect(result.doubled.data.buffer).toBe(doubled.buffer);
    expect(result.row_sum.data).toEqual(new Float32Array([6, 15]));
  });

  test("that does not fit is refused", async () => {
    await using runner = await ModelRunner.load(model("batch.onnx"));
    const x = new Float32Array(8);
    const cases = [
      [{ z: new Float32Array(6) }, "unknown_output", '"z"'],
      [{ y: new Float64Array(6) }, "wrong_dtype", '"y"'],
      [{ y: new Float32Array(7) }, "wrong_shape", '"y"'],
      [{ y: runner.execute({ x })["y"]! as never }, "invalid_argument", "for reading"],
    ] as const;
    for (const [outputs, code, words] of cases) {
      await expect(runner.executeAsync({ x }, { outputs })).rejects.toEqual(failure(code, words));
    }
  });

  test.each(["array", "native"])(
    "of another row count than the answer is refused, with nothing written (%s)",
    async (kind) => {
      await using runner = await ModelRunner.load(model("batch.onnx"));
      using memory = new TensorMemory(9 * 4);
      const y = kind === "native" ? memory.getView().as("float32") : new Float32Array(9);
      const running = runner.executeAsync({ x: new Float32Array(8).fill(1) }, { outputs: { y } });
      await expect(running).rejects.toEqual(failure(kind === "native" ? "run_failed" : "wrong_shape"));
      expect(y).toEqual(new Float32Array(9));
      expect(runner.execute({ x: new Float32Array(4) })["y"]!.shape).toEqual([1, 3]);
    },
  );
});

describe("a result", () => {
  test("of any size outlives its runner", async () => {
    const results: ResultTensor<"float32">[] = [];
    {
      await using runner = await loadDynamic();
      for (let fill = 1; fill <= 3; fill++) results.push((await runner.executeAsync(large(fill))).doubled);
      results.push(runner.execute({ x: { data: new Float32Array([4]), shape: [1, 1] } }).doubled);
    }
    Bun.gc(true);
    expect(results.map((result) => new Set(result.data))).toEqual([2, 4, 6, 8].map((value) => new Set([value])));
  });

  test("is not written by later runs", async () => {
    await using runner = await loadDynamic();
    const first = runner.execute(large(1)).doubled;
    const small = runner.execute({ x: { data: new Float32Array([5]), shape: [1, 1] } }).doubled;
    for (let fill = 2; fill < 10; fill++) runner.execute(large(fill));
    runner.execute({ x: { data: new Float32Array([6]), shape: [1, 1] } });
    expect(new Set(first.data)).toEqual(new Set([2]));
    expect([...small.data]).toEqual([10]);
  });

  test("that is disposed gives its memory back at once and says closed", async () => {
    await using runner = await loadDynamic();
    const { doubled } = runner.execute(large(1));
    const view = doubled.data;
    const before = alive().values;
    doubled[Symbol.dispose]();
    doubled[Symbol.dispose]();
    expect(view.length).toBe(0);
    expect(() => doubled.data).toThrow(failure("closed", "disposed") as Error);
    expect(alive().values).toBe(before - 1);
  });

  test("that nobody holds is collected", async () => {
    await using runner = await loadDynamic();
    for (let round = 0; round < 5; round++) runner.execute(large(round));
    const during = alive().values;
    for (let round = 0; round < 50; round++) runner.execute(large(round));
    expect(alive().values).toBeLessThanOrEqual(during + 5);
  });

  test("goes into the next model as it is", async () => {
    await using runner = await loadDynamic();
    const once = await runner.executeAsync(large(3));
    const twice = await runner.executeAsync({ x: once.doubled });
    expect(twice.doubled.shape).toEqual([300, 400]);
    expect(new Set(twice.doubled.data)).toEqual(new Set([12]));
  });
});

test("large inputs go through memory that is fresh for many requests and kept for few", async () => {
  await using runner = await loadDynamic();
  const rows = 1200;
  const ask = (k: number) =>
    runner.executeAsync({ x: { data: new Float32Array(rows * 100).fill(k), shape: [rows, 100] } });
  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all(Array.from({ length: 24 }, (_, k) => ask(k)));
    for (const [k, { row_sum }] of answers.entries()) expect(new Set(row_sum.data)).toEqual(new Set([100 * k]));
  }
});
