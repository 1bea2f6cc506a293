import { expect, test } from "bun:test";
import { type EntryDeclaration, FastIOEntry, IOAccess } from "../../src/fastio/index.ts";
import { array, EntryPair } from "./entry-pair.ts";
import { failsWith } from "./fails-with.ts";
import { Place } from "./job.ts";

test("an entry keeps its own name, whatever its memory is published as", () => {
  using pair = new EntryPair(array("uint8", [2]));
  pair.output.setValues(new Uint8Array([1, 2]));
  expect([pair.output.name, pair.input.name]).toEqual(["x", "x"]);
  expect(pair.consumerJob.list()).toEqual(["producer/x"]);
  const alone = new FastIOEntry(pair.producerJob, { name: "y", ...array("uint8", [1]) }, { access: "readWrite" });
  alone.setValues(new Uint8Array(1));
  expect(pair.consumerJob.list()).toEqual(["producer/x", "y"]);
});

const declarations: Array<[Partial<EntryDeclaration>, object]> = [
  [array("float32", [3, 224]), { kind: "array", dtype: "float32", shape: [3, 224], isPreallocated: true }],
  [array("float32", [3, -1]), { shape: [3, -1], isDynamic: true, isPreallocated: false, dynamicShapeIndices: [1] }],
  [array("u8", [0, 2, 0]), { dtype: "uint8", shape: [-1, 2, -1], isDynamic: true, dynamicShapeIndices: [0, 2] }],
  [array("float64", []), { shape: [], isDynamic: false, isPreallocated: true, dynamicShapeIndices: [] }],
  [{ type: "string" }, { kind: "string", dtype: "uint8", shape: [-1], isDynamic: true, isPreallocated: false }],
  [
    { type: "stream", path: "/data" },
    { kind: "stream", path: "/data", isPreallocated: false, isAllocated: false },
  ],
];

test("an entry says of itself what its declaration says", () => {
  for (const [declaration, expected] of declarations) {
    using pair = new EntryPair(declaration);
    for (const entry of [pair.output, pair.input]) expect(entry).toMatchObject(expected);
  }
});

test("the element type is the declared one, by its NumPy name", () => {
  for (const [spelling, name] of [["f16", "float16"] as const, ["i64", "int64"] as const]) {
    using pair = new EntryPair(array(spelling, [1]));
    expect(pair.output).toMatchObject({ elementType: name, dtype: name });
  }
});

test("a primitive is an array of one", () => {
  const names = ["u8", "uint16", "u32", "uint64", "i8", "int16", "i32", "int64", "f16", "float32", "f64"];
  for (const type of names) {
    using pair = new EntryPair({ type });
    expect(pair.output).toMatchObject({ kind: "array", shape: [1], isPreallocated: true, isDynamic: false });
    pair.output.setValues(new Float64Array([3]));
    expect([...pair.input.getArray()].map(Number)).toEqual([3]);
  }
});

test("-1 and 0 both mean dynamic", () => {
  for (const open of [-1, 0]) {
    using pair = new EntryPair(array("uint8", [2, open]));
    expect(pair.output).toMatchObject({ shape: [2, -1], isDynamic: true, isAllocated: false });
    expect(pair.output.updateShape([1], [3])).toEqual([2, 3]);
  }
});

test("an entry is pre-allocated exactly when its shape is well defined and its type is not string", () => {
  const cases: Array<[Partial<EntryDeclaration>, boolean]> = [
    [array("float32", [1, 2]), true],
    [array("float32", []), true],
    [{ type: "float32" }, true],
    [array("float32", [1, -1]), false],
    [array("float32", [0]), false],
    [{ type: "string" }, false],
    [{ type: "stream", path: "/x" }, false],
  ];
  for (const [declaration, expected] of cases) {
    using pair = new EntryPair(declaration);
    expect(pair.output.isPreallocated).toBe(expected);
    pair.output.preallocate();
    expect([pair.output.isAllocated, pair.input.isAllocated]).toEqual([expected, expected]);
  }
});

test("is allocated as soon as there is memory, on either side", () => {
  using pair = new EntryPair(array("uint8", [-1]));
  const allocated = () => [pair.output.isAllocated, pair.input.isAllocated];
  expect(allocated()).toEqual([false, false]);
  pair.output.updateShape([0], [4]);
  expect(allocated()).toEqual([true, true]);
});

test("is dynamic as declared, also when it is allocated", () => {
  using pair = new EntryPair(array("uint8", [2, -1]));
  pair.output.updateShape([1], [2]);
  expect([pair.output.isDynamic, pair.input.isDynamic]).toEqual([true, true]);
  using fixed = new EntryPair(array("uint8", [2]));
  expect([fixed.output.isDynamic, fixed.input.isDynamic]).toEqual([false, false]);
});

test("the dynamic axes stay the declared ones after an update", () => {
  using pair = new EntryPair(array("uint8", [-1, 2, 0]));
  pair.output.updateShape([0, 2], [5, 6]);
  expect([pair.output.dynamicShapeIndices, pair.input.dynamicShapeIndices]).toEqual([
    [0, 2],
    [0, 2],
  ]);
  expect(pair.output.updateShape([2], [7])).toEqual([5, 2, 7]);
});

test("an input shows the shape that its producer gave", () => {
  using pair = new EntryPair(array("int32", [-1, 3]), array("int32", [-1, -1]));
  expect(pair.input.shape).toEqual([-1, -1]);
  pair.output.updateShape([0], [2]);
  expect(pair.input.shape).toEqual([2, 3]);
  expect(pair.input.getArray()).toHaveLength(6);
});

test("an input refuses memory that does not fit its declaration", () => {
  using dtype = new EntryPair(array("int32", [2]), array("float32", [2]));
  dtype.output.setValues(new Int32Array(2));
  expect(() => dtype.input.getArray()).toThrow(
    failsWith("wrong_dtype", '"x" is declared float32 [2] and published as int32 [2]'),
  );
  using shape = new EntryPair(array("int32", [2]), array("int32", [-1, 2]));
  shape.output.setValues(new Int32Array(2));
  expect(() => shape.input.shape).toThrow(failsWith("wrong_shape", "declared int32 [-1,2]"));
  expect(shape.consumerJob.stats().allocations).toBe(1);
});

test("an input refuses everything that writes", () => {
  using pair = new EntryPair(array("float32", [-1]));
  pair.output.updateShape([0], [2]);
  const { input } = pair;
  expect(input.access).toBe(IOAccess.ReadOnly);
  expect(pair.output.access).toBe(IOAccess.ReadWrite);
  const writes: Array<() => unknown> = [
    () => input.setValues(new Float32Array(2)),
    () => input.setBytes(new Uint8Array(8)),
    () => input.setText("x"),
    () => input.map(),
    () => input.updateShape([0], [1]),
  ];
  for (const write of writes) expect(write).toThrow(failsWith("access_denied", '"x" is an input'));
});

test("reading before there is memory says which axis has no size, and who is to give it", () => {
  using pair = new EntryPair(array("float32", [-1, 3, 0]));
  const { output, input } = pair;
  output.updateShape([2], [5]);
  const reads = (entry: FastIOEntry) => [
    () => entry.getArray(),
    () => entry.getBytes(),
    () => entry.sizeInBytes,
    () => entry.bytes(),
    () => entry.native,
  ];
  for (const read of [...reads(output), () => output.map(), () => output.setValues(new Float32Array(1))]) {
    expect(read).toThrow(
      failsWith("entry_unallocated", '"x" [-1,3,5] has no size yet: axis 0 missing. Call updateShape'),
    );
  }
  for (const read of reads(input)) {
    expect(read).toThrow(failsWith("entry_unallocated", "never allocated by its producer: axes 0, 2 missing"));
  }
  using fixed = new EntryPair(array("float32", [2]));
  expect(() => fixed.input.getArray()).toThrow(
    failsWith("entry_unallocated", "[2] was never allocated by its producer."),
  );
});

test("a stream is a path, and has no memory", () => {
  using pair = new EntryPair({ type: "stream", path: "/data/in" });
  expect(pair.output).toMatchObject({ path: "/data/in", isAllocated: false });
  const uses: Array<() => unknown> = [
    () => pair.output.getArray(),
    () => pair.output.getBytes(),
    () => pair.output.map(),
    () => pair.output.setBytes(new Uint8Array(1)),
    () => pair.output.updateShape([0], [1]),
    () => pair.output.sizeInBytes,
  ];
  for (const use of uses) expect(use).toThrow(failsWith("wrong_entry_type", '"x" is a stream at /data/in'));
});

test("a declaration that cannot be is refused", () => {
  using place = new Place();
  const job = place.open();
  const cases: Array<[Partial<EntryDeclaration>, string, string]> = [
    [{ type: "array" }, "invalid_argument", 'the array "x" needs an elementType and a shape'],
    [{ type: "array", elementType: "float32" }, "invalid_argument", "needs an elementType and a shape"],
    [array("float33", [1]), "invalid_dtype", "float33"],
    [{ type: "text" }, "invalid_dtype", "text"],
    [array("float32", [1, -2]), "invalid_shape", 'axis 1 of "x" is -2'],
    [array("float32", [1.5]), "invalid_shape", "is 1.5"],
  ];
  for (const [declaration, code, text] of cases) {
    const make = () => new FastIOEntry(job, { name: "x", type: "", ...declaration }, { access: "readOnly" });
    expect(make).toThrow(failsWith(code, text));
  }
});

test("after its context is closed an entry's views have length 0 and it refuses use", () => {
  using pair = new EntryPair(array("uint8", [3]));
  pair.output.setValues(new Uint8Array([1, 2, 3]));
  const views = [pair.output.map(), pair.output.getArray(), pair.output.getBytes()];
  expect(views.map((view) => view.length)).toEqual([3, 3, 3]);
  pair.producerJob.close();
  expect(views.map((view) => view.length)).toEqual([0, 0, 0]);
  expect(() => pair.output.getArray()).toThrow(failsWith("closed"));
  expect([...pair.input.getArray()]).toEqual([1, 2, 3]);
});
