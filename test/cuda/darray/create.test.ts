import { describe, expect, test } from "bun:test";
import { DArray } from "../../../src/cuda/darray/index.ts";
import {
  asTensor,
  convert,
  type DType,
  type ElementType,
  elementTypes,
  TensorMemory,
} from "../../../src/tensor/index.ts";
import { failsWith } from "./fails-with.ts";

const all = Object.values(elementTypes) as ElementType[];

describe("an array", () => {
  test.each(all)("of $name holds what it was made from, and says what it is", ({ name, size, arrayType }) => {
    const values = convert(Float64Array.of(0, 1, 1, 0, 1, 0), { to: name });
    using array = DArray.from(values, { dtype: name, shape: [2, 3] });
    expect(array.toHost()).toEqual(values);
    expect(array.data).toBeInstanceOf(arrayType);
    expect([array.dtype, array.ndim, array.size, array.nbytes, array.byteLength]).toEqual([
      name,
      2,
      6,
      6 * size,
      6 * size,
    ]);
    expect([array.shape, array.strides]).toEqual([
      [2, 3],
      [3, 1],
    ]);
    expect([array.stream, array.memoryKind, array.contiguous]).toEqual([undefined, "host", true]);
    expect(`${array}`).toBe(`DArray(${name} [2,3])`);
  });

  test.each(all)("of $name is made of zeros or ones", ({ name }) => {
    const held = (value: number) => convert(Float64Array.of(value, value), { to: name });
    using zeros = DArray.zeros([2], { dtype: name });
    using ones = DArray.ones([1, 2], { dtype: name });
    expect(zeros.toHost()).toEqual(held(0));
    expect(ones.toHost()).toEqual(held(1));
    expect(DArray.zerosLike(ones)).toMatchObject({ shape: [1, 2], dtype: name });
    expect(DArray.zerosLike(ones).toHost()).toEqual(held(0));
    expect(DArray.onesLike(zeros).toHost()).toEqual(held(1));
    expect(DArray.emptyLike(ones.T)).toMatchObject({ shape: [2, 1], dtype: name, contiguous: true });
  });

  test("is float32 unless it is said otherwise, and may have no axes or no elements", () => {
    expect(DArray.zeros([2]).dtype).toBe("float32");
    using scalar = DArray.from(Float32Array.of(5), { shape: [] });
    expect([scalar.shape, scalar.size, scalar.add(1).toHost()]).toEqual([[], 1, Float32Array.of(6)]);
    using none = DArray.zeros([2, 0, 3]);
    expect([none.size, none.nbytes, none.mul(none).toHost(), none.bytes()]).toEqual([
      0,
      0,
      new Float32Array(0),
      new Uint8Array(0),
    ]);
  });

  test("copies its values: what is written to them later is not seen", () => {
    const values = Float32Array.of(1, 2);
    using array = DArray.from(values);
    values.fill(9);
    using other = DArray.from(array);
    array.fill(3);
    expect(other.toHost()).toEqual(Float32Array.of(1, 2));
  });

  test("is a tensor: wherever tensors go, it goes, by reference when its elements lie in order", () => {
    using array = DArray.from(Int16Array.of(1, 2, 3, 4), { shape: [2, 2] });
    const tensor = asTensor(array, { dtype: "int16", shape: [2, 2] });
    expect(tensor.native).toBeDefined();
    expect(array.slice(1).native).toEqual({ ...tensor.native!, byteOffset: 4 });
    expect(array.T.native).toBeUndefined();
    const bytes = array.T.bytes();
    expect(new Int16Array(bytes.buffer, bytes.byteOffset, 4)).toEqual(Int16Array.of(1, 3, 2, 4));
  });

  test("lies in memory that it is given, and leaves it to its owner", () => {
    using memory = new TensorMemory(16);
    memory.getView().as("float32").set([1, 2, 3, 4]);
    const array = new DArray({ allocation: memory, shape: [2], byteOffset: 8 });
    expect(array.allocation).toBe(memory);
    array.add(1, { dst: array });
    array.close();
    expect(memory.getView().as("float32")).toEqual(Float32Array.of(1, 2, 4, 5));
    const late = new DArray({ allocation: memory, shape: [4] });
    memory.close();
    expect(() => late.toHost()).toThrow(failsWith("closed"));
    expect(() => late.add(1)).toThrow(failsWith("closed"));
  });

  test("over a tensor's own memory is for reading", () => {
    using memory = new TensorMemory(8);
    const view = memory.getView().as("float32");
    view.set([1, 2]);
    using array = DArray.over(asTensor(view));
    expect(array.mul(2).toHost()).toEqual(Float32Array.of(2, 4));
    expect(() => array.fill(0)).toThrow(failsWith("access_denied"));
    expect(() => array.fromHost(view)).toThrow(failsWith("access_denied"));
    expect(() => array.add(1, { dst: array })).toThrow(failsWith("access_denied"));
    expect(() => DArray.over(asTensor(Float32Array.of(1)))).toThrow(failsWith("invalid_argument", "JavaScript's heap"));
  });

  const memory = () => new TensorMemory(16);
  test.each<[string, () => unknown, string, string]>([
    ["nothing", () => new DArray({}), "invalid_argument", "neither shape, array nor allocation"],
    ["a negative axis", () => DArray.zeros([2, -1]), "invalid_shape", "no size yet"],
    ["an unknown type", () => DArray.zeros([2], { dtype: "float128" as DType }), "invalid_dtype", "float128"],
    [
      "values of another type",
      () => DArray.from(Float64Array.of(1), { dtype: "float32" as never }),
      "wrong_dtype",
      "float32",
    ],
    ["values of another count", () => DArray.from(Float32Array.of(1, 2), { shape: [3] }), "wrong_shape", "3 elements"],
    [
      "an array of another type",
      () => DArray.from(DArray.zeros([2]), { dtype: "int8" as never }),
      "wrong_dtype",
      "int8",
    ],
    ["an array of another shape", () => DArray.from(DArray.zeros([2]), { shape: [1, 2] }), "wrong_shape", "[1,2]"],
    [
      "values and memory",
      () => new DArray({ array: Int8Array.of(1), allocation: memory() }),
      "invalid_argument",
      "both",
    ],
    ["strides without memory", () => new DArray({ shape: [2], strides: [1] }), "invalid_argument", "none was given"],
    ["memory without a shape", () => new DArray({ allocation: memory() }), "invalid_argument", "needs a shape"],
    ["memory that is none", () => new DArray({ allocation: {} as never, shape: [1] }), "invalid_argument", "no memory"],
    [
      "memory on the heap",
      () => new DArray({ allocation: Int8Array.of(1) as never, shape: [1] }),
      "invalid_argument",
      "",
    ],
    ["too little memory", () => new DArray({ allocation: memory(), shape: [5] }), "out_of_bounds", "has 4 elements"],
    [
      "an odd offset",
      () => new DArray({ allocation: memory(), shape: [1], byteOffset: 2 }),
      "invalid_argument",
      "multiple of 4",
    ],
    [
      "a negative offset",
      () => new DArray({ allocation: memory(), shape: [1], byteOffset: -4 }),
      "invalid_argument",
      "-4",
    ],
    [
      "a wrong number of strides",
      () => new DArray({ allocation: memory(), shape: [2], strides: [] }),
      "invalid_argument",
      "strides []",
    ],
    [
      "fractional strides",
      () => new DArray({ allocation: memory(), shape: [2], strides: [0.5] }),
      "invalid_argument",
      "0.5",
    ],
    ["a stream that is none", () => DArray.zeros([2], { stream: {} as never }), "invalid_argument", "is no stream"],
    ["nine axes", () => DArray.zeros([1, 2, 1, 2, 1, 2, 1, 2, 1]), "invalid_shape", "9 axes, kernels take 8"],
  ])("of %s is refused", (_, make, code, text) => {
    expect(make).toThrow(failsWith(code as "closed", text));
  });
});

describe("data", () => {
  test("is the elements in place", () => {
    using array = DArray.from(Float32Array.of(1, 2, 3, 4), { shape: [2, 2] });
    array.data[3] = 9;
    expect(array.slice(1).data).toEqual(Float32Array.of(3, 9));
    expect(array.slice(1).data.buffer).toBe(array.data.buffer);
  });

  test("is there only if the elements lie in order", () => {
    using array = DArray.zeros([2, 2]);
    expect(() => array.T.data).toThrow(failsWith("not_contiguous", "strides [1,2] of shape [2,2]"));
    expect(array.slice(null, "::1").data).toHaveLength(4);
  });
});
