import { describe, expect, test } from "bun:test";
import { asTensor, registerNativeBuffer, type TensorInput, type TensorSource } from "../../src/tensor/index.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const failsWith = (code: string, text: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(text) }) as unknown as Error;

describe("asTensor", () => {
  test("a bare typed array is elements on one axis, in place", () => {
    const array = Float32Array.of(1, 2, 3);
    const tensor = asTensor(array);
    expect(tensor).toMatchObject({ dtype: "float32", shape: [3], byteLength: 12, memoryKind: "host" });
    expect(tensor.native).toBeUndefined();
    array[0] = 5;
    expect(new Float32Array(tensor.bytes().slice().buffer)).toEqual(Float32Array.of(5, 2, 3));
  });

  test("a view into the middle of a buffer shows its own bytes only", () => {
    expect(asTensor(new Uint8Array(bytes(1, 2, 3, 4).buffer, 1, 2)).bytes()).toEqual(bytes(2, 3));
  });

  test.each([
    ["bool", new Uint8Array(4)],
    ["float8_e4m3fn", new Uint8Array(4)],
    ["float8_e5m2fnuz", new Uint8Array(4)],
    ["bfloat16", new Uint16Array(4)],
    ["uint8", new Uint8ClampedArray(4)],
    ["float16", new Float16Array(4)],
    ["int64", new BigInt64Array(4)],
  ] as const)("%s is carried by %p", (dtype, array) => {
    expect(asTensor(array, { dtype, shape: [2, 2] })).toMatchObject({ dtype, shape: [2, 2] });
  });

  test.each([
    ["ArrayBuffer", new ArrayBuffer(8)],
    ["SharedArrayBuffer", new SharedArrayBuffer(8)],
    ["DataView", new DataView(new ArrayBuffer(10), 1, 8)],
    ["Buffer", Buffer.alloc(8)],
  ])("%s is raw bytes, which take the required element type", (_name, raw) => {
    expect(asTensor(raw, { dtype: "float32" })).toMatchObject({ dtype: "float32", shape: [2], byteLength: 8 });
    expect(asTensor({ data: raw, dtype: "int16", shape: [2, 2] })).toMatchObject({ dtype: "int16", shape: [2, 2] });
    expect(() => asTensor(raw)).toThrow(failsWith("invalid_dtype", "have no element type"));
    expect(() => asTensor(raw, { dtype: "float32", shape: [3] })).toThrow(failsWith("wrong_shape", "3 elements"));
  });

  test("raw bytes that are no whole elements are refused", () => {
    expect(() => asTensor(Buffer.alloc(7), { dtype: "float32" })).toThrow(failsWith("wrong_size", "7 bytes"));
  });

  test("Uint8Array is elements, so it does not pass for float32", () => {
    expect(() => asTensor(new Uint8Array(8), { dtype: "float32" })).toThrow(
      failsWith("wrong_dtype", "float32 is required, Uint8Array(8) holds uint8. Pass a Float32Array"),
    );
  });

  test("the caller's name stands first in the message", () => {
    expect(() => asTensor(new Int8Array(1), { dtype: "int16", op: "ModelRunner.execute" })).toThrow(
      /^ModelRunner\.execute: /,
    );
  });

  test("one open axis follows from the length, several do not", () => {
    expect(asTensor(new Float32Array(12), { shape: [-1, 4] }).shape).toEqual([3, 4]);
    expect(() => asTensor(new Float32Array(12), { shape: [-1, -1] })).toThrow(
      failsWith("wrong_shape", "{ data, shape }"),
    );
    expect(asTensor({ data: new Float32Array(12), shape: [2, 6] }, { shape: [-1, -1] }).shape).toEqual([2, 6]);
  });

  test("a scalar is one element of shape []", () => {
    expect(asTensor(Float32Array.of(1), { shape: [] }).shape).toEqual([]);
    expect(() => asTensor(new Float32Array(2), { shape: [] })).toThrow(failsWith("wrong_shape", "has 1 elements"));
  });

  test("a tensor is returned as it is when it fits", () => {
    const tensor = asTensor({ data: new Float32Array(6), shape: [2, 3] });
    expect(asTensor(tensor)).toBe(tensor);
    expect(asTensor(tensor, { dtype: "float32", shape: [-1, 3] })).toBe(tensor as TensorSource<"float32">);
    expect(() => asTensor(tensor, { dtype: "int32" })).toThrow(failsWith("wrong_dtype", "int32 is required"));
    expect(() => asTensor(tensor, { shape: [3, 2] })).toThrow(failsWith("wrong_shape", "[3,2] is required"));
    expect(() => asTensor(tensor, { shape: [6] })).toThrow(failsWith("wrong_shape", "[6] is required"));
  });

  test("a tensor made elsewhere is not believed about its size and type", () => {
    const source = { dtype: "float32", shape: [2], memoryKind: "host", byteLength: 8, bytes: () => new Uint8Array(8) };
    expect(asTensor(source as TensorSource)).toBe(source as TensorSource);
    expect(() => asTensor({ ...source, byteLength: 9 } as TensorSource)).toThrow(
      failsWith("wrong_size", "has 8 bytes"),
    );
    expect(() => asTensor({ ...source, shape: [-1] } as TensorSource)).toThrow(failsWith("invalid_shape", "axis 0"));
    expect(() => asTensor({ ...source, dtype: "f32" } as unknown as TensorSource)).toThrow(
      failsWith("invalid_dtype", '"f32" is not a canonical'),
    );
  });

  test.each([
    [[1, 2, 3], "Array(3) is not a tensor"],
    [null, "null is not a tensor"],
    [undefined, "undefined is not a tensor"],
    ["data", "string data is not a tensor"],
    [7, "number 7"],
    [{}, "Object is not a tensor"],
    [{ data: [1] }, "Object is not a tensor"],
  ])("%p is refused", (input, why) => {
    expect(() => asTensor(input as unknown as TensorInput)).toThrow(failsWith("invalid_argument", why));
  });

  test("data of a required type other than its own says is refused", () => {
    const input = { data: new Uint8Array(2), dtype: "bool" } as const;
    expect(asTensor(input).dtype).toBe("bool");
    expect(() => asTensor(input, { dtype: "uint8" })).toThrow(failsWith("wrong_dtype", "uint8 is required"));
  });
});

describe("memory of ours", () => {
  const owner = { slot: 3, generation: 7, byteOffset: 64, memoryKind: "shared" } as const;

  test("is recognised by its buffer, with the place of the view in it", () => {
    const buffer = new ArrayBuffer(32);
    registerNativeBuffer(buffer, owner);
    const tensor = asTensor(new Float32Array(buffer, 8, 2));
    expect(tensor.native).toEqual({ slot: 3, generation: 7, byteOffset: 72 });
    expect(tensor.memoryKind).toBe("shared");
    expect(asTensor(buffer, { dtype: "uint8" }).native).toEqual({ slot: 3, generation: 7, byteOffset: 64 });
  });

  test("is refused once it was closed, and ordinary once it was moved away", () => {
    const buffer = new ArrayBuffer(32);
    registerNativeBuffer(buffer, owner);
    const view = new Float32Array(buffer);
    const moved = buffer.transfer();
    expect(asTensor(new Float32Array(moved)).native).toBeUndefined();
    expect(() => asTensor(view)).toThrow(failsWith("closed", "closed or moved away"));
    expect(() => asTensor(buffer, { dtype: "uint8" })).toThrow(failsWith("closed", "ArrayBuffer"));
    expect(() => asTensor({ data: new DataView(moved), dtype: "uint8" })).not.toThrow();
  });
});
