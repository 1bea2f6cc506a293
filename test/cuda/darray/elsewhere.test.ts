import { expect, test } from "bun:test";
import { join } from "node:path";
import { DArray, DImage } from "../../../src/cuda/darray/index.ts";
import { ModelRunner } from "../../../src/runner/index.ts";
import { Place } from "../../fastio/job.ts";
import { failsWith } from "./fails-with.ts";

const digits = join(import.meta.dir, "../../../examples/digits/digits.onnx");

test("a published frame is worked on in place, for reading, as long as its reference is held", () => {
  using place = new Place();
  using producer = place.open();
  using frame = producer.create({ dtype: "uint8", shape: [2, 3, 3] });
  frame.map().set(Array.from({ length: 18 }, (_, i) => i));
  frame.publish("frame");
  using consumer = place.open();
  const got = consumer.get("frame", { dtype: "uint8" });
  using array = DArray.over(got);
  using image = DImage.of(array, { layout: "HWC" });
  expect(image.memoryKind).toBe("shared");
  using input = image.preprocess({ color: "bgr" });
  expect(input.slice(0, 0).toHost()).toEqual(Float32Array.of(2, 5, 8, 11, 14, 17));
  expect(() => image.cvtColor("bgr", { dst: array as never })).toThrow(failsWith("access_denied"));
  expect(Array.from(got.getArray().subarray(0, 3))).toEqual([0, 1, 2]);
  got.release();
  expect(() => array.add(1)).toThrow(failsWith("closed"));
});

test("results go to shared memory, and models take arrays by reference or, when they are views in another order, by value", async () => {
  using place = new Place();
  using job = place.open();
  using scan = DArray.from(
    Float32Array.from({ length: 128 }, (_, i) => (i * 7) % 16),
    { shape: [2, 1, 8, 8] },
  );
  using shared = job.create({ dtype: "float32", shape: [2, 1, 8, 8] });
  scan.toHost({ dst: shared.map() });
  await using runner = await ModelRunner.load(digits, { engine: { threads: 1 } });
  const run = async (image: DArray | typeof shared) => (await runner.executeAsync({ image }))["logits"]!;
  const wanted = (await run(shared)).data;
  expect((await run(scan)).data).toEqual(wanted);
  using turned = scan.T.copy();
  expect((await run(turned.T)).data).toEqual(wanted);
  const { bytesReferenced, bytesCopied } = runner.stats();
  expect([bytesReferenced, bytesCopied]).toEqual([1024, 512]);
});
