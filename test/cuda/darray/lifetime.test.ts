import { describe, expect, test } from "bun:test";
import { DArray, DImage } from "../../../src/cuda/darray/index.ts";
import { native } from "../../../src/native/library.ts";
import { asTensor } from "../../../src/tensor/index.ts";
import { failsWith } from "./fails-with.ts";

/** Native objects that are open, of whatever kind. */
const live = () => native.mr_boundary_live();

/** Collects until `done`, or gives up after a while. */
async function collect(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100 && !done(); turn++) {
    Bun.gc(true);
    await Bun.sleep(1);
  }
}

describe("memory", () => {
  test("goes with the last of an array and its views, in whatever order they are closed", () => {
    const before = live();
    const array = DArray.zeros([4, 4]);
    const view = array.slice(0);
    const image = DImage.of(array, { layout: "HW" });
    const inner = view.slice("::2");
    expect(live()).toBe(before + 1);
    for (const one of [array, inner, image]) one.close();
    expect(view.toHost()).toEqual(new Float32Array(4));
    view.close();
    view.close();
    expect(live()).toBe(before);
  });

  test("of results and of what an operation needed on its way is given back", () => {
    const before = live();
    {
      using image = new DImage({ shape: [4, 4, 3], dtype: "uint8" });
      using result = image.cropAndResize([[0, 0, 2, 2]], { width: 3, height: 3 });
      using letterboxed = image.letterbox({ width: 5, height: 3 }).image;
      using gray = image.cvtColor("gray");
      using _copy = gray.toLayout("CHW");
      using _reversed = image.copy({ dst: image.withLayout("HWC") });
      _reversed.slice("::-1").copy().close();
      image.slice("1:").assign(image.slice(":-1"));
      expect(result.add(1).toHost()[0]).toBe(1);
      expect(letterboxed.toHost()).toHaveLength(45);
    }
    Bun.gc(true);
    expect(live()).toBeGreaterThanOrEqual(before);
  });

  test("of an operation that fails is given back", () => {
    using array = DArray.zeros([2], { dtype: "bool" });
    const before = live();
    for (const fail of [
      () => array.add(1 as never),
      () => array.astype("int4" as never),
      () => new DImage({ shape: [3, 3, 3] }),
      () => DArray.from(Float32Array.of(1), { shape: [2] }),
      () => DArray.zeros([2], { dtype: "uint8" }).fill(300),
    ])
      expect(fail).toThrow();
    expect(live()).toBeLessThanOrEqual(before + 2);
  });

  test("that nobody disposed is collected, but not before the last view, typed array or tensor over it", async () => {
    const before = live();
    let data: Float32Array | undefined = DArray.from(Float32Array.of(1, 2, 3)).slice("1:").data;
    for (let i = 0; i < 50; i++) DArray.zeros([100]).slice("::-1");
    await collect(() => live() <= before + 1);
    expect(live()).toBe(before + 1);
    expect(data).toEqual(Float32Array.of(2, 3));
    using copy = DArray.over(asTensor(data)).copy();
    expect(copy.toHost()).toEqual(Float32Array.of(2, 3));
    copy.close();
    data = undefined;
    await collect(() => live() <= before);
    expect(live()).toBe(before);
  });

  test("is used by nothing after close", () => {
    const array = DArray.zeros([2, 2]);
    const { data } = array;
    array.close();
    expect(array.closed).toBe(true);
    expect(data).toHaveLength(0);
    const calls: (() => unknown)[] = [
      () => array.T,
      () => array.slice(0),
      () => array.add(1),
      () => array.fill(1),
      () => array.copy(),
      () => array.toHost(),
      () => array.fromHost(Float32Array.of(1, 2, 3, 4)),
      () => array.data,
      () => array.bytes(),
      () => array.native,
      () => array.allocation,
      () => DArray.from(array),
      () => DArray.ones([2, 2]).add(array),
      () => DArray.ones([2, 2]).copy({ dst: array }),
    ];
    for (const call of calls) expect(call).toThrow(failsWith("closed"));
    expect(array.shape).toEqual([2, 2]);
  });
});
