import { expect, test } from "bun:test";
import fc from "fast-check";
import { array, EntryPair } from "./entry-pair.ts";
import { failsWith } from "./fails-with.ts";

test("updateShape allocates when every axis is positive, not before", () => {
  using pair = new EntryPair(array("float32", [1, -1, 3, 0]));
  pair.output.updateShape([1], [2]);
  expect([pair.output.shape, pair.output.isAllocated]).toEqual([[1, 2, 3, -1], false]);
  expect(pair.producerJob.stats().allocations).toBe(0);
  pair.output.updateShape([3], [4]);
  expect([pair.output.shape, pair.output.isAllocated]).toEqual([[1, 2, 3, 4], true]);
  expect(pair.output.sizeInBytes).toBe(96);
  expect(pair.output.map()).toHaveLength(24);
});

test("updateShape returns the shape after it", () => {
  using pair = new EntryPair(array("uint8", [-1, 2, -1]));
  expect(pair.output.updateShape([0], [4])).toEqual([4, 2, -1]);
  expect(pair.output.updateShape([], [])).toEqual([4, 2, -1]);
  const shape = pair.output.updateShape([2], [3]);
  expect(shape).toEqual([4, 2, 3]);
  expect(pair.output.shape).toBe(shape);
  expect(Object.isFrozen(shape)).toBe(true);
});

test("updateShape leaves axes as they are that the definition fixes", () => {
  using pair = new EntryPair(array("uint8", [3, -1]));
  expect(pair.output.updateShape([0, 1], [5, 7])).toEqual([3, 7]);
  expect(pair.output.sizeInBytes).toBe(21);
});

test("strict updateShape refuses axes that the definition fixes, with their value", () => {
  using pair = new EntryPair(array("uint8", [3, -1]));
  expect(() => pair.output.updateShape([1, 0], [7, 5], { strict: true })).toThrow(
    failsWith("fixed_axis", 'axis 0 of "x" is fixed at 3'),
  );
  expect(pair.output.shape).toEqual([3, -1]);
  expect(pair.output.updateShape([1], [7], { strict: true })).toEqual([3, 7]);
});

test("updateShape refuses a pre-allocated entry", () => {
  for (const declaration of [array("float32", [2, 3]), { type: "int32" }]) {
    using pair = new EntryPair(declaration);
    pair.output.preallocate();
    const { shape } = pair.output;
    expect(() => pair.output.updateShape([0], [1])).toThrow(failsWith("entry_preallocated", "Declare the axis as -1"));
    expect(pair.output.shape).toBe(shape);
  }
});

const wrong: Array<[unknown[], unknown[], string]> = [
  [[0, 2], [1], "2 dimensions and 1 values"],
  [[0], [1, 2], "1 dimensions and 2 values"],
  [[3], [1], "dimension 0 is 3"],
  [[0, -1], [1, 1], "dimension 1 is -1"],
  [[0.5], [1], "dimension 0 is 0.5"],
  [[0, 2, 0], [1, 2, 3], "axis 0 is given twice"],
  [[1, 1], [1, 1], "axis 1 is given twice"],
  [[0], [0], "the value for axis 0 is 0"],
  [[2, 0], [4, -1], "the value for axis 0 is -1"],
  [[0], [1.5], "the value for axis 0 is 1.5"],
  [[1], [0], "the value for axis 1 is 0"],
  [[0], ["4"], "the value for axis 0 is 4"],
];

test("updateShape refuses unequal lists", () => refusesAll("dimensions and"));
test("updateShape refuses an axis given twice", () => refusesAll("twice"));
test("updateShape refuses an axis out of range", () => refusesAll("dimension "));
test("updateShape refuses a value below 1", () => refusesAll("the value"));

function refusesAll(kind: string): void {
  using pair = new EntryPair(array("uint8", [-1, 2, -1]));
  const cases = wrong.filter(([, , text]) => text.includes(kind));
  expect(cases.length).toBeGreaterThan(1);
  for (const [dimensions, values, text] of cases) {
    const update = () => pair.output.updateShape(dimensions as number[], values as number[]);
    expect(update).toThrow(failsWith("invalid_argument", text));
    expect(pair.output.shape).toEqual([-1, 2, -1]);
    expect(pair.output.isAllocated).toBe(false);
  }
}

test("an updateShape that fails changes nothing", () => {
  using pair = new EntryPair(array("uint8", [-1, 2]));
  expect(() => pair.output.updateShape([0], [2 ** 45])).toThrow(failsWith("no_space"));
  expect(pair.output.shape).toEqual([-1, 2]);
  pair.output.updateShape([0], [3]);
  pair.output.map().fill(5);
  expect(() => pair.output.updateShape([0], [2 ** 45])).toThrow(failsWith("no_space"));
  expect(() => pair.output.updateShape([0], [2 ** 53 - 1])).toThrow(failsWith("invalid_shape"));
  expect(pair.output.shape).toEqual([3, 2]);
  expect([...pair.input.getArray()]).toEqual([5, 5, 5, 5, 5, 5]);
});

test("reshaping an allocated entry gives new memory and leaves consumers' old views valid", () => {
  using pair = new EntryPair(array("uint8", [-1]));
  pair.output.updateShape([0], [4]);
  pair.output.map().fill(1);
  const old = pair.input.getArray();
  pair.output.updateShape([0], [2]);
  expect([...pair.output.map()]).toEqual([0, 0]);
  pair.output.map().fill(2);
  expect([...old]).toEqual([1, 1, 1, 1]);
  expect([...pair.input.getArray()]).toEqual([1, 1, 1, 1]);
  using fresh = pair.consumerJob.get("producer/x");
  expect([...fresh.getArray()]).toEqual([2, 2]);
});

test("an updateShape to the shape that there is keeps the memory", () => {
  using pair = new EntryPair(array("uint8", [-1, 2]));
  pair.output.updateShape([0], [2]);
  pair.output.map().fill(3);
  expect(pair.output.updateShape([0, 1], [2, 9])).toEqual([2, 2]);
  expect([...pair.output.map()]).toEqual([3, 3, 3, 3]);
});

test("whatever is updated, the shape is the declared one with the last valid value of each dynamic axis", () => {
  const axis = fc.integer({ min: -1, max: 4 });
  const update = fc.array(fc.tuple(axis, fc.integer({ min: 0, max: 5 })), { maxLength: 4 });
  const declared = fc.array(fc.constantFrom(-1, 0, 1, 3), { minLength: 1, maxLength: 4 });
  const run = (shape: number[], updates: Array<Array<[number, number]>>) => {
    using pair = new EntryPair(array("int16", shape));
    const open = shape.flatMap((size, index) => (size <= 0 ? [index] : []));
    fc.pre(open.length > 0);
    const model = shape.map((size) => (size <= 0 ? -1 : size));
    for (const pairs of updates) {
      const axes = pairs.map(([axis]) => axis);
      const valid =
        new Set(axes).size === axes.length && pairs.every(([at, size]) => at >= 0 && at < shape.length && size > 0);
      const call = () =>
        pair.output.updateShape(
          axes,
          pairs.map(([, size]) => size),
        );
      if (valid) {
        for (const [at, size] of pairs) if (open.includes(at)) model[at] = size;
        expect(call()).toEqual(model);
      } else expect(call).toThrow(failsWith("invalid_argument"));
      expect(pair.output.shape).toEqual(model);
      expect(pair.output.dynamicShapeIndices).toEqual(open);
      expect(pair.input.isAllocated || model.includes(-1)).toBe(true);
    }
  };
  fc.assert(fc.property(declared, fc.array(update, { maxLength: 6 }), run), { numRuns: 60 });
});
