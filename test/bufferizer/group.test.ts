import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { BufferizerGroup, GroupReady } from "../../src/bufferizer/index.ts";
import { ModelRunner } from "../../src/runner/index.ts";
import { failsWith } from "../fastio/fails-with.ts";
import { model } from "../runner/fixture.ts";
import { type Here, places } from "./places.ts";

const inputs = {
  image: { shape: [2], bufferSize: 2, dtype: "float32" },
  size: { shape: [], bufferSize: 3, dtype: "int64" },
} as const;
const image = (k: number) => Float32Array.of(k, k);
const size = (k: number) => BigInt64Array.of(BigInt(k));

test("the conditions of a group have names", () => {
  expect(GroupReady as Record<string, string>).toEqual({ Any: "any", All: "all" });
});

for (const { name, open } of places) {
  describe(`a group in ${name}`, () => {
    let here: Here;
    beforeAll(() => {
      here = open();
    });
    afterAll(() => here[Symbol.dispose]());

    test("is ready when all of its buffers are full", () => {
      let told = 0;
      using group = new BufferizerGroup({ inputs, stream: here.stream, readyHook: () => void told++ });
      const states = [1, 2].map((k) => {
        group.append({ image: image(k), size: size(k) });
        return [group.ready, told];
      });
      group.append({ size: size(3) });
      expect([...states, [group.ready, told]]).toEqual([
        [false, 0],
        [false, 0],
        [true, 1],
      ]);
    });

    test("is ready when one of its buffers is full, if it is to be", () => {
      const told: unknown[] = [];
      using group = new BufferizerGroup({
        inputs,
        ready: "any",
        stream: here.stream,
        readyHook: (g) => void told.push(g.inputs.image.length, g.inputs.size.length),
      });
      group.append({ image: image(1), size: size(1) });
      expect(group.ready).toBe(false);
      group.append({ image: image(2), size: size(2) });
      // After all of the append, though the image's buffer was full before.
      expect([group.ready, told]).toEqual([true, [2, 2]]);
    });

    test("is told, too, of what is appended to an input by itself", () => {
      let told = 0;
      using group = new BufferizerGroup({ inputs, ready: "any", stream: here.stream, readyHook: () => void told++ });
      group.inputs.image.append(image(1));
      group.inputs.image.append(image(2));
      expect(told).toBe(1);
      group.flush();
      expect([group.ready, group.inputs.image.length]).toEqual([false, 0]);
      group.inputs.image.append(Float32Array.of(1, 1, 2, 2));
      expect(told).toBe(2);
    });

    test("appends to all inputs or to none", () => {
      using group = new BufferizerGroup({ inputs, stream: here.stream });
      const wrong: [Parameters<typeof group.append>[0], string][] = [
        [{ image: image(1), size: image(1) as never }, "wrong_dtype"],
        [{ image: new Float32Array(6), size: size(1) }, "buffer_full"],
        [{ size: size(1), image: new Float32Array(3) }, "wrong_shape"],
        [{ size: size(1), picture: image(1) } as never, "unknown_input"],
      ];
      for (const [elements, code] of wrong) {
        expect(() => group.append(elements)).toThrow(failsWith(code));
        expect([group.inputs.image.length, group.inputs.size.length]).toEqual([0, 0]);
      }
    });

    test("waits for its inputs, and appends to all of them or to none", async () => {
      const swapping = { ...inputs.image, bufferSize: 1, fullPolicy: "wait" } as const;
      using group = new BufferizerGroup({ inputs: { a: swapping, b: swapping }, stream: here.stream });
      await expect(group.appendAsync({ a: image(1), b: size(1) as never })).rejects.toThrow(failsWith("wrong_dtype"));
      await group.appendAsync({ a: image(1), b: image(1) });
      expect(group.ready).toBe(true);
      const batch = group.take();
      const appended = group.appendAsync({ a: image(2), b: image(3) });
      expect([group.inputs.a.length, group.inputs.b.length]).toEqual([0, 0]);
      batch[Symbol.dispose]();
      await appended;
      expect(group.ready).toBe(true);
      const late = group.appendAsync({ a: image(4), b: image(5) }, { timeoutMs: 1 });
      await expect(late).rejects.toThrow(failsWith("deadline"));
      using second = group.take();
      expect([...second.a.darray.toHost(), ...second.b.darray.toHost()]).toEqual([2, 2, 3, 3]);
    });

    test("gives what is filled of all inputs, or of none", () => {
      using group = new BufferizerGroup({ inputs, stream: here.stream });
      group.append({ image: image(4) });
      expect(() => group.take()).toThrow(failsWith("buffer_empty", '"size"'));
      expect(group.inputs.image.length).toBe(1);
      group.append({ size: size(5) });
      {
        using batch = group.take();
        expect(Object.keys(batch)).toEqual(["image", "size"]);
        expect([batch.image.shape, batch.size.shape]).toEqual([[1, 2], [1]]);
        expect([...batch.size.darray.toHost()]).toEqual([5n]);
        expect(() => group.append({ image: image(6) })).toThrow(failsWith("buffer_busy"));
      }
      group.append({ image: image(6) });
      expect(group.inputs.image.length).toBe(1);
    });

    test("shows its inputs by name, filled or whole, and flushes them together", () => {
      using group = new BufferizerGroup({
        inputs: { a: inputs.image, b: { ...inputs.image, bufferSize: 3 } },
        stream: here.stream,
      });
      group.append({ a: image(1), b: image(2) });
      const { filled, darrays } = group;
      expect([filled.a.shape, filled.b.shape, darrays.a.shape, darrays.b.shape]).toEqual([
        [1, 2],
        [1, 2],
        [2, 2],
        [3, 2],
      ]);
      group.flush(7);
      expect([...darrays.b.toHost()]).toEqual([7, 7, 7, 7, 7, 7]);
      expect([...darrays.a.toHost()]).toEqual([7, 7, 7, 7]);
      for (const array of [filled.a, filled.b, darrays.a, darrays.b]) array.close();
    });

    test("awaits what its hook promised, and throws what that came to", async () => {
      const failure = new RangeError("lost");
      using group = new BufferizerGroup({
        inputs: { image: inputs.image },
        stream: here.stream,
        readyHook: () => Promise.reject(failure),
      });
      group.append({ image: Float32Array.of(1, 1, 2, 2) });
      expect(await group.drain().catch((error) => error)).toBe(failure);
      await group.drain();
    });

    test("closes its inputs", async () => {
      const group = new BufferizerGroup({ inputs, stream: here.stream });
      await group[Symbol.asyncDispose]();
      await group[Symbol.asyncDispose]();
      expect([group.inputs.image.closed, group.inputs.size.closed]).toEqual([true, true]);
      expect(() => group.append({ image: image(1) })).toThrow(failsWith("closed"));
    });
  });
}

test("a group is made of inputs and a condition that exist", () => {
  const wrong: [unknown, string][] = [
    [{ inputs: {} }, "invalid_argument"],
    [{ inputs, ready: "some" }, "invalid_argument"],
    [{ inputs: { ...inputs, bad: { ...inputs.image, bufferSize: 0 } } }, "invalid_argument"],
  ];
  for (const [options, code] of wrong) expect(() => new BufferizerGroup(options as never)).toThrow(failsWith(code));
});

test("what a group gives goes to a model as it is", async () => {
  await using runner = await ModelRunner.load(model("several.onnx"));
  const pair = { shape: [3], bufferSize: 2, dtype: "float32" } as const;
  using group = new BufferizerGroup({
    inputs: {
      a: pair,
      b: pair,
      mask: { shape: [3], bufferSize: 2, dtype: "bool" },
      counts: { shape: [], bufferSize: 4, dtype: "int32" },
    },
  });
  group.append({
    a: Float32Array.of(1, 2, 3, 4, 5, 6),
    b: Float32Array.of(10, 20, 30, 40, 50, 60),
    mask: new Uint8Array(6),
    counts: Int32Array.of(1, 2, 3, 4),
  });
  using batch = group.take();
  const { sum } = await runner.executeAsync(batch);
  expect([...sum!.data]).toEqual([11, 22, 33, 44, 55, 66]);
  expect(runner.stats().bytesCopied).toBe(0);
});
