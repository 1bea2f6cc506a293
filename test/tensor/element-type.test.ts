import { describe, expect, test } from "bun:test";
import { DType, type ElementType, elementType, elementTypes } from "../../src/tensor/index.ts";

const all = Object.values(elementTypes) as ElementType[];

describe("elementType", () => {
  const table: [string | number, DType][] = [
    ["float32", "float32"],
    ["bfloat16", "bfloat16"],
    ["float8_e4m3fn", "float8_e4m3fn"],
    ["<f4", "float32"],
    ["=f4", "float32"],
    ["f4", "float32"],
    ["<f2", "float16"],
    ["<f8", "float64"],
    ["|u1", "uint8"],
    ["u1", "uint8"],
    ["<u8", "uint64"],
    ["<i8", "int64"],
    ["|b1", "bool"],
    ["?", "bool"],
    ["BOOL", "bool"],
    ["S8", "int8"],
    ["s64", "int64"],
    ["U16", "uint16"],
    ["F16", "float16"],
    ["F64", "float64"],
    ["f64", "float64"],
    ["F8143", "float8_e4m3fnuz"],
    ["f8152", "float8_e5m2fnuz"],
    ["FLOAT", "float32"],
    ["DOUBLE", "float64"],
    ["tensor(float)", "float32"],
    ["tensor(double)", "float64"],
    ["tensor(int64)", "int64"],
    ["tensor(bfloat16)", "bfloat16"],
    ["tensor(float8e5m2fnuz)", "float8_e5m2fnuz"],
    ["FLOAT8E4M3FN", "float8_e4m3fn"],
    [1, "float32"],
    [7, "int64"],
    [20, "float8_e5m2fnuz"],
    ["f32", "float32"],
    ["i16", "int16"],
  ];
  test.each(table)("%p means %s", (spelling, name) => {
    expect(elementType(spelling).name).toBe(name);
  });

  test("every spelling in the table leads back to its own row", () => {
    for (const type of all) {
      for (const spelling of [type.name, type.code, type.numpy, type.onnx, type.popef, type.clara]) {
        if (spelling !== undefined) expect(elementType(spelling)).toBe(type);
      }
    }
  });

  test("u8 and i8 count bits as Clara does, with a byte-order mark they count bytes as NumPy does", () => {
    expect([elementType("u8").name, elementType("i8").name]).toEqual(["uint8", "int8"]);
    expect([elementType("<u8").name, elementType("<i8").name]).toEqual(["uint64", "int64"]);
  });

  test("PopEF's F8, whose format nobody recorded, is bytes", () => {
    expect(elementType("F8").name).toBe("uint8");
  });

  test.each([
    ["float", "names no element type"],
    ["f8", "8 bytes to NumPy and 8 bits to PopEF"],
    [">f4", "big-endian"],
    ["complex64", "names no element type"],
    ["toString", "names no element type"],
    ["", "names no element type"],
    [0, "0 names no element type"],
    [8, "8 names no element type"],
    [Number.NaN, "NaN names no element type"],
  ])("%p is refused, and the message lists what is accepted", (spelling, why) => {
    expect(() => elementType(spelling)).toThrow(
      expect.objectContaining({ code: "invalid_dtype", message: expect.stringContaining(why) }),
    );
    expect(() => elementType(spelling)).toThrow(/float32, float64, float8_e4m3fn,.*NumPy.*PopEF.*ONNX.*Clara/);
  });
});

describe("elementTypes", () => {
  test("has one row for each name", () => {
    expect(all.map((type) => type.name)).toEqual(Object.values(DType));
  });

  test("codes are ONNX's numbers", () => {
    const codes = Object.fromEntries(all.map((type) => [type.onnx, type.code]));
    expect(codes).toEqual({
      FLOAT: 1,
      UINT8: 2,
      INT8: 3,
      UINT16: 4,
      INT16: 5,
      INT32: 6,
      INT64: 7,
      BOOL: 9,
      FLOAT16: 10,
      DOUBLE: 11,
      UINT32: 12,
      UINT64: 13,
      BFLOAT16: 16,
      FLOAT8E4M3FN: 17,
      FLOAT8E4M3FNUZ: 18,
      FLOAT8E5M2: 19,
      FLOAT8E5M2FNUZ: 20,
    });
  });

  test("an array of n elements takes n times the size", () => {
    for (const type of all) expect(new type.arrayType(3).byteLength).toBe(3 * type.size);
  });

  test("cannot be changed", () => {
    expect(() => {
      (elementTypes.float32 as { size: number }).size = 8;
    }).toThrow(TypeError);
  });
});
