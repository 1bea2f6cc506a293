import { expect, test } from "bun:test";
import { TensorMemory } from "../../src/tensor/index.ts";
import { array, EntryPair } from "./entry-pair.ts";
import { failsWith } from "./fails-with.ts";
import { Peer } from "./peer.ts";

test("setValues converts elements to the entry's type, rounding and saturating", () => {
  const values = new Float64Array([1.5, -2.5, 300, Number.NaN]);
  const cases: Array<[string, number[]]> = [
    ["float32", [1.5, -2.5, 300, Number.NaN]],
    ["uint8", [1, 0, 255, 0]],
    ["int8", [1, -2, 127, 0]],
    ["int64", [1, -2, 300, 0]],
    ["float16", [1.5, -2.5, 300, Number.NaN]],
  ];
  for (const [dtype, expected] of cases) {
    using pair = new EntryPair(array(dtype, [4]));
    pair.output.setValues(values);
    expect([...pair.input.getArray()].map(Number)).toEqual(expected);
  }
});

test("setValues takes any tensor: arrays with a shape, allocations, other entries", () => {
  using pair = new EntryPair(array("float32", [2, 2]));
  pair.output.setValues({ data: new Int16Array([1, 2, 3, 4]), shape: [2, 2] });
  expect([...pair.input.getArray()]).toEqual([1, 2, 3, 4]);
  using memory = pair.producerJob.create({ dtype: "uint8", shape: [4] });
  memory.map().fill(9);
  pair.output.setValues(memory);
  expect([...pair.output.getArray()]).toEqual([9, 9, 9, 9]);
  using copy = new EntryPair(array("int32", [4]));
  copy.output.setValues(pair.output);
  expect([...copy.input.getArray()]).toEqual([9, 9, 9, 9]);
});

test("setValues takes raw bytes as they are, without conversion", () => {
  const bytes = new Uint8Array(new Float32Array([1.5, -2]).buffer);
  using memory = new TensorMemory(8);
  memory.getView().data.set(bytes);
  const kinds = [bytes.buffer, new DataView(bytes.buffer), Buffer.from(bytes), memory];
  for (const kind of kinds) {
    using pair = new EntryPair(array("float32", [2]));
    pair.output.setValues(kind);
    expect([...pair.input.getArray()]).toEqual([1.5, -2]);
  }
});

test("setValues with a wrong count is refused with both counts", () => {
  using pair = new EntryPair(array("float32", [2, 3]));
  expect(() => pair.output.setValues(new Float32Array(5))).toThrow(
    failsWith("wrong_shape", '"x" [2,3] has 6 elements, 5 float32 were given'),
  );
  expect(() => pair.output.setValues(new Float32Array(7))).toThrow(failsWith("wrong_shape", "7 float32"));
  expect(() => pair.output.setValues(Buffer.alloc(23))).toThrow(
    failsWith("wrong_size", '"x" has 24 bytes, 23 were given'),
  );
  expect(pair.input.getArray().every((value) => Number(value) === 0)).toBe(true);
});

test("setValues with a wrong count whose bytes would fit says so", () => {
  using pair = new EntryPair(array("float32", [6]));
  expect(() => pair.output.setValues(new Uint8Array(24))).toThrow(
    failsWith("wrong_shape", "24 uint8 were given. The bytes would fit: use setBytes"),
  );
  expect(() => pair.output.setValues(new Uint8Array(23))).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining("setBytes") }) as unknown as Error,
  );
});

test("setBytes copies bytes unconverted, whatever holds them, and refuses any other number", () => {
  using pair = new EntryPair(array("float32", [2]));
  const values = new Float32Array([3, 4]);
  for (const bytes of [values, new Uint8Array(values.buffer), values.buffer]) {
    pair.output.setValues(new Float32Array(2));
    pair.output.setBytes(bytes);
    expect([...pair.input.getArray()]).toEqual([3, 4]);
  }
  for (const count of [0, 7, 9]) {
    const refusal = failsWith("wrong_size", `"x" has 8 bytes, ${count} were given`);
    expect(() => pair.output.setBytes(new Uint8Array(count))).toThrow(refusal);
  }
});

test("map is the entry's memory in place", () => {
  using pair = new EntryPair(array("int32", [2, 2]));
  pair.output.map().set([1, 2, 3, 4]);
  expect([...pair.input.getArray()]).toEqual([1, 2, 3, 4]);
  pair.output.map({ offset: 8 })[0] = 30;
  expect([...pair.input.getArray({ offset: 8, length: 4 })]).toEqual([30]);
});

test("getBytes gives the bytes of the tensor, and no others", () => {
  using pair = new EntryPair({ type: "string" });
  pair.output.setText("");
  expect(pair.input.getBytes()).toHaveLength(0);
  using numbers = new EntryPair(array("uint16", [2]));
  numbers.output.setValues(new Uint16Array([0x0102, 0x0304]));
  expect([...numbers.input.getBytes()]).toEqual([2, 1, 4, 3]);
  expect([...numbers.input.getBytes({ offset: 1, length: 2 })]).toEqual([1, 4]);
  expect(() => numbers.input.getBytes({ offset: 2, length: 3 })).toThrow(failsWith("invalid_argument", "length is 3"));
});

test("the size in bytes is that of the tensor", () => {
  using pair = new EntryPair({ type: "string" });
  pair.output.setText("");
  expect([pair.output.sizeInBytes, pair.input.byteLength]).toEqual([0, 0]);
  using array3 = new EntryPair(array("float64", [3]));
  array3.output.preallocate();
  expect([array3.output.sizeInBytes, array3.input.sizeInBytes]).toEqual([24, 24]);
});

test("a consumer in another process that writes to its input changes nothing for anyone", async () => {
  using pair = new EntryPair(array("float32", [3]));
  await using peer = await Peer.join(pair.producerJob);
  pair.output.setValues(new Float32Array([1, 2, 3]));
  const wrote = await peer.run(({ job, FastIOEntry }) => {
    const declaration = { name: "x", type: "array", elementType: "float32", shape: [3] };
    const input = new FastIOEntry(job, declaration, { access: "readOnly", publication: "producer/x" });
    input.getArray().fill(7 as never);
    input.getBytes()[0] = 1;
    return input.getArray()[2];
  });
  expect(wrote).toBe(7);
  expect([...pair.output.map()]).toEqual([1, 2, 3]);
  expect([...pair.input.getArray()]).toEqual([1, 2, 3]);
});

test("text is UTF-8, of any length, and may be set again", () => {
  using pair = new EntryPair({ type: "string" });
  for (const text of ["Größe 3 µm ✓ 😀", "", "\ufeffmark", "x".repeat(100_000)]) {
    pair.output.setText(text);
    using reader = pair.consumerJob.get("producer/x");
    expect(Buffer.from(reader.getArray() as Uint8Array).toString()).toBe(text);
    expect(pair.output.getText()).toBe(text);
    expect(pair.output.shape).toEqual([Buffer.byteLength(text)]);
  }
  expect(pair.input.getText()).toHaveLength(100_000);
});

test("a string is a dynamic array of bytes, which may also be sized and filled as one", () => {
  using pair = new EntryPair({ type: "string" });
  expect(pair.output).toMatchObject({ shape: [-1], dtype: "uint8", isDynamic: true, isPreallocated: false });
  expect(() => pair.output.getText()).toThrow(
    failsWith("entry_unallocated", "has no size yet: axis 0 missing. Call setText"),
  );
  expect(() => pair.input.getText()).toThrow(failsWith("entry_unallocated", "never allocated by its producer"));
  pair.output.updateShape([0], [2]);
  pair.output.setBytes(Buffer.from("µ"));
  expect(pair.input.getText()).toBe("µ");
});

test("text belongs to strings only", () => {
  using pair = new EntryPair(array("uint8", [3]));
  pair.output.preallocate();
  expect(() => pair.output.setText("abc")).toThrow(failsWith("wrong_entry_type", '"x" is of type array, not string'));
  expect(() => pair.input.getText()).toThrow(failsWith("wrong_entry_type"));
});

test("copies into and out of shared memory are counted", () => {
  using pair = new EntryPair(array("float32", [4]));
  pair.output.setValues(new Float32Array(4));
  pair.output.setBytes(new Uint8Array(16));
  pair.output.map().fill(1);
  pair.input.getArray();
  using text = new EntryPair({ type: "string" });
  text.output.setText("four");
  text.input.getText();
  expect(pair.consumerJob.stats()).toMatchObject({ bytesCopiedIn: 32, bytesCopiedOut: 0 });
  expect(text.consumerJob.stats()).toMatchObject({ bytesCopiedIn: 4, bytesCopiedOut: 4 });
});
