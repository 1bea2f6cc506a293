import { describe, expect, test } from "bun:test";
import { dtypeOf, type ElementType, elementTypes, isRawBytes } from "../../src/tensor/index.ts";

describe("dtypeOf", () => {
  test("is the type that the array has by itself", () => {
    const names = (Object.values(elementTypes) as ElementType[]).map((type) => dtypeOf(new type.arrayType(1)));
    expect(names).toEqual([
      "uint8", // bool
      "uint8",
      "uint16",
      "uint32",
      "uint64",
      "int8",
      "int16",
      "int32",
      "int64",
      "float16",
      "uint16", // bfloat16
      "float32",
      "float64",
      "uint8", // the four 8-bit floats
      "uint8",
      "uint8",
      "uint8",
    ]);
  });

  test("sees through subclasses and a forged tag", () => {
    class Samples extends Float32Array {
      override get [Symbol.toStringTag](): "Float32Array" {
        return "Int8Array" as "Float32Array";
      }
    }
    expect(dtypeOf(new Samples(2))).toBe("float32");
  });

  test.each([[[1]], [new DataView(new ArrayBuffer(1))], [{ [Symbol.toStringTag]: "Uint8Array" }], [undefined]])(
    "%p is refused",
    (value) => {
      expect(() => dtypeOf(value as unknown as Uint8Array)).toThrow(
        expect.objectContaining({ code: "invalid_argument" }),
      );
    },
  );
});

test("raw bytes are buffers and DataView, never a typed array", () => {
  const raw = [new ArrayBuffer(1), new SharedArrayBuffer(1), new DataView(new ArrayBuffer(1)), Buffer.alloc(1)];
  expect(raw.map(isRawBytes)).toEqual([true, true, true, true]);
  expect([new Uint8Array(1), [1], "a", null, { byteLength: 1 }].map(isRawBytes)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
});
