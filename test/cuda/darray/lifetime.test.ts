import { describe, expect, test } from "bun:test";
import { DArray, DImage } from "../../../src/cuda/darray/index.ts";
import { native } from "../../../src/native/library.ts";
import { asTensor } from "../../../src/tensor/index.ts";
import { failsWith } from "./fails-with.ts";

/** Native objects that are open, of whatever kind. */
const live = () => native.mr_boundary_live();

/** Collects garbage until `done`, or gives up after a while. */
async function collect(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200 && !done(); turn++) {
    Bun.gc(true);
    await Bun.sleep(1);
  }
}

/** Collects what other tests have left, so that what is open does not change by itself. */
async function settle(): Promise<number> {
  let count = live();
  let unchanged = 0;
  await collect(() => {
    unchanged = live() === count ? unchanged + 1 : 0;
    count = live();
    return unchanged > 10;
  });
  return count;
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

  test.each<[string, (image: DImage<"uint8">) => Disposable]>([
    ["a boxes' crop", (image) => image.cropAndResize([[0, 0, 2, 2]], { width: 3, height: 3 })],
    ["a letterbox", (image) => image.letterbox({ width: 5, height: 3 }).image],
    ["a colour", (image) => image.cvtColor("gray")],
    ["a layout", (image) => image.toLayout("CHW")],
    ["a copy", (image) => image.copy()],
    ["a conversion", (image) => image.astype("float32")],
    ["a sum", (image) => image.add(1)],
    ["a copy within itself", (image) => image.mul(2, { dst: image })],
  ])("of %s is the result's alone", (_, operate) => {
    using image = new DImage({ shape: [4, 4, 3], dtype: "uint8" });
    const before = live();
    const result = operate(image);
    expect(live()).toBe(before + ((result as unknown) === image ? 0 : 1));
    result[Symbol.dispose]();
    expect(live()).toBe(before - ((result as unknown) === image ? 1 : 0));
  });

  test("that an operation needed on its way is given back, when it fails too", () => {
    using image = new DImage({ shape: [4, 4, 3], dtype: "uint8" });
    using there = image.slice("1:");
    using here = image.slice(":-1");
    using backwards = image.slice("::-1");
    using wide = DArray.zeros([4, 8, 3], { dtype: "uint8" });
    using gaps = wide.slice(":", "::2");
    const before = live();
    there.assign(here);
    image.cvtColor("bgr", { dst: backwards as DArray<"uint8"> });
    gaps.fromHost(new Uint8Array(48));
    gaps.toHost();
    expect(() => image.add("1" as never)).toThrow();
    expect(() => image.preprocess({ boxes: [[0, 0, 9, 9]], size: { width: 1, height: 1 } })).toThrow();
    expect(() => new DImage({ shape: [3, 3, 3] })).toThrow();
    expect(() => DArray.from(image, { dtype: "int8" as never })).toThrow();
    expect(() => image.toLayout("CHW", { dst: image })).toThrow();
    expect(live()).toBe(before);
  });

  test("that nobody disposed is collected, but not before the last typed array over it", async () => {
    const before = await settle();
    const held = Array.from({ length: 50 }, (_, i) => DArray.from(Float32Array.of(0, i)).slice("1:").data);
    for (let i = 0; i < 50; i++) DArray.zeros([100]).slice("::-1");
    // The collector may take a value on the stack for a reference.
    const few = 10;
    await collect(() => live() <= before + 50 + few);
    expect(live()).toBeLessThanOrEqual(before + 50 + few);
    for (const [i, data] of held.entries()) {
      expect(data).toEqual(Float32Array.of(i));
      using array = DArray.over(asTensor(data));
      expect(array.toHost()).toEqual(Float32Array.of(i));
    }
    held.length = 0;
    await collect(() => live() <= before + few);
    expect(live()).toBeLessThanOrEqual(before + few);
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
