import { describe, expect, test } from "bun:test";
import {
  Anchor,
  BlobType,
  DataType,
  dataTypeOf,
  FeedDataInfo,
  Metadata,
  Option,
  ProgramFlow,
  Reader,
  TensorDataInfo,
  TensorInfo,
  TensorType,
} from "../../src/popef/index.ts";
import { encodeHeader, encodeMetadata, encodeTensorData } from "../../src/popef/message/encode.ts";
import { DType, elementTypes } from "../../src/tensor/index.ts";
import { failure, thrown } from "./files.ts";
import { fileOf } from "./segments.ts";

/** The element type of each, its size, and the number that files have for it. */
const dataTypes: [DataType, DType, number, number][] = [
  ["BOOL", "bool", 1, 0],
  ["F8", "uint8", 1, 1],
  ["F16", "float16", 2, 2],
  ["F32", "float32", 4, 3],
  ["F64", "float64", 8, 4],
  ["S8", "int8", 1, 5],
  ["U8", "uint8", 1, 6],
  ["S16", "int16", 2, 7],
  ["U16", "uint16", 2, 8],
  ["S32", "int32", 4, 9],
  ["U32", "uint32", 4, 10],
  ["S64", "int64", 8, 11],
  ["U64", "uint64", 8, 12],
  ["F8143", "float8_e4m3fnuz", 1, 13],
  ["F8152", "float8_e5m2fnuz", 1, 14],
];

describe("element types", () => {
  test.each(dataTypes)("%s is %s, of %i bytes, and number %i in a file", (dataType, dtype, size, number) => {
    expect(DataType[dataType]).toBe(dataType);
    const info = new TensorInfo({ shape: [3], dataType });
    expect([info.dataType, info.dtype, info.sizeInBytes()]).toEqual([dataType, dtype, 3 * size]);
    const header = encodeHeader({ version: "", type: "dataTensor", size: 0 });
    const file = fileOf(
      header,
      encodeTensorData(new TensorDataInfo({ name: "w", tensorInfo: info })),
      new Uint8Array(3 * size),
    );
    using reader = new Reader().parseBytes(file);
    expect(reader.tensors()[0]!.info.tensorInfo).toEqual(info);
    // Root pointer, two pointers of the struct, name: then the tensor's info begins with its type.
    expect(new DataView(file.buffer).getUint16(header.byteLength + 8 + 8 * 4, true)).toBe(number);
  });

  test("there are no others", () => {
    expect(Object.values(DataType)).toEqual(dataTypes.map(([dataType]) => dataType));
    expect(thrown(() => new TensorInfo({ dataType: "F128" as never }))).toEqual(
      failure("invalid_dtype", '"F128"', "F8143"),
    );
  });

  test("those that PopEF has are found by their canonical names", () => {
    const found = Object.values(DType).map((dtype) => [dtype, dataTypeOf(dtype)]);
    expect(found).toEqual(Object.values(elementTypes).map(({ name, popef }) => [name, popef as DataType | undefined]));
    expect(dataTypeOf("bfloat16")).toBeUndefined();
  });
});

test.each([
  ["poplarExecutable", 0, BlobType.PoplarExecutable],
  ["metadata", 1, BlobType.Metadata],
  ["dataTensor", 2, BlobType.DataTensor],
  ["dataFeed", 3, BlobType.DataFeed],
  ["opaque", 4, BlobType.Opaque],
])("a blob of type %s is number %i in a file", (name, number, type) => {
  expect<string>(type).toBe(name);
  expect(encodeHeader({ version: "", type, size: 0 })[16]).toBe(number);
});

test.each([
  ["unknown", 0, TensorType.Unknown],
  ["input", 1, TensorType.Input],
  ["output", 2, TensorType.Output],
])("an anchor of type %s is number %i in a file", (name, number, type) => {
  expect<string>(type).toBe(name);
  const anchors = [{ name: "", tensorInfo: {}, type }];
  const message = encodeMetadata(new Metadata({ executable: "", anchors }));
  using reader = new Reader().parseBytes(fileOf(encodeHeader({ version: "", type: "metadata", size: 0 }), message));
  expect(reader.metadata()[0]!.anchors[0]!.type).toBe(type);
  // Root pointer, three words and seven pointers; seed handle; the list's tag; then the first anchor begins.
  expect(new DataView(message.buffer).getUint16(8 + 8 * (1 + 3 + 7 + 1 + 1), true)).toBe(number);
});

describe("a tensor's info", () => {
  test("has shape, type, size and a text", () => {
    const info = new TensorInfo({ shape: [2, 3], dataType: "F16" });
    expect([info.shape, info.dataType, info.dtype, info.sizeInBytes(), info.isScalar, `${info}`]).toEqual([
      [2, 3],
      "F16",
      "float16",
      12,
      false,
      "F16 [2,3]",
    ]);
  });

  test("is a scalar of 32 bits unless told otherwise", () => {
    const info = new TensorInfo();
    expect([info.shape, info.dataType, info.sizeInBytes(), info.isScalar]).toEqual([[], "F32", 4, true]);
  });

  test("equals one of the same shape and the same type, and `F8` is not `U8`", () => {
    const info = new TensorInfo({ shape: [2], dataType: "F8" });
    const equal = (shape: number[], dataType: DataType) => info.equals(new TensorInfo({ shape, dataType }));
    expect([equal([2], "F8"), equal([2], "U8"), equal([3], "F8"), equal([2, 1], "F8")]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test.each([[[-1]], [[1.5]], [[2 ** 40, 2 ** 40]], [[2 ** 51]]])("of shape %j is refused", (shape) => {
    expect(thrown(() => new TensorInfo({ shape, dataType: "F64" }))).toEqual(failure("invalid_shape"));
  });
});

describe("data infos", () => {
  test("of a tensor have its name and its size", () => {
    const info = new TensorDataInfo({ name: "w", tensorInfo: { shape: [2, 2], dataType: "S8" } });
    expect([info.name, info.tensorInfo.shape, info.sizeInBytes()]).toEqual(["w", [2, 2], 4]);
  });

  test("of a feed have its number of tensors and the size of all", () => {
    const info = new FeedDataInfo({ name: "x", tensorInfo: new TensorInfo({ shape: [2] }), numTensors: 5 });
    expect([info.name, info.numTensors, info.sizeInBytes()]).toEqual(["x", 5, 40]);
    expect(thrown(() => new FeedDataInfo({ ...info, numTensors: 2 ** 32 }))).toEqual(
      failure("invalid_argument", "numTensors"),
    );
  });
});

describe("an anchor", () => {
  test("has everything that it was given", () => {
    const options = {
      name: "w",
      handle: "h2d_w",
      tensorInfo: new TensorInfo({ shape: [2], dataType: "U8" }),
      type: "output",
      programs: [0, 4],
      isPerReplica: true,
      useRemoteBuffers: true,
      repeats: 3,
    } as const;
    expect({ ...new Anchor(options) }).toEqual(options as never);
  });

  test("is, unless told otherwise, of unknown type, one for all replicas, and not streamed", () => {
    const { tensorInfo, ...rest } = new Anchor({ name: "w", tensorInfo: {} });
    expect(tensorInfo).toEqual(new TensorInfo());
    expect({ ...rest }).toEqual({
      name: "w",
      handle: "",
      type: "unknown",
      programs: [],
      isPerReplica: false,
      useRemoteBuffers: false,
      repeats: 1,
    });
  });

  test.each([
    [{ programs: [-1] }, "a program"],
    [{ programs: [2 ** 32] }, "a program"],
    [{ repeats: 0.5 }, "repeats"],
    [{ handle: "a\0" }, "handle has a NUL in it, at 1"],
    [{ name: 7 }, "name is 7"],
  ])("with %j is refused", (wrong, words) => {
    expect(thrown(() => new Anchor({ name: "w", tensorInfo: {}, ...wrong } as never))).toEqual(
      failure("invalid_argument", words),
    );
  });
});

describe("metadata", () => {
  test("is, unless told otherwise, of one replica on one IPU, for inference", () => {
    const metadata = new Metadata({ executable: "net" });
    expect({ ...metadata, programFlow: { ...metadata.programFlow } }).toEqual({
      executable: "net",
      replicationFactor: 1,
      numIpus: 1,
      ipuVersion: 2,
      isPOD: false,
      numProcesses: 1,
      isInference: true,
      engineOptions: [],
      deviceOptions: [],
      seedHandle: "",
      deviceIterations: 1,
      anchors: [],
      programFlow: { load: [], main: [], save: [] },
      programsMap: new Map(),
    });
  });

  test("takes no device iterations for one", () => {
    expect(new Metadata({ executable: "net", deviceIterations: 0 }).deviceIterations).toBe(1);
  });

  test("makes anchors, options and the flow of what it is given, and keeps them as they are", () => {
    const option = { name: "a", value: "b" };
    const metadata = new Metadata({
      executable: "net",
      anchors: [{ name: "w", tensorInfo: {} }],
      engineOptions: [option],
      deviceOptions: [option],
      programFlow: { main: [1] },
    });
    expect(metadata.anchors[0]).toBeInstanceOf(Anchor);
    expect([...metadata.engineOptions, ...metadata.deviceOptions]).toEqual([new Option(option), new Option(option)]);
    expect(metadata.programFlow).toEqual(new ProgramFlow({ load: [], main: [1], save: [] }));
    const lists = [metadata.anchors, metadata.engineOptions, metadata.programFlow.main];
    expect(lists.map((list) => Object.isFrozen(list))).toEqual([true, true, true]);
  });

  test.each([
    [{ executable: undefined }, "executable is undefined"],
    [{ replicationFactor: -1 }, "replicationFactor"],
    [{ programFlow: { load: [0.5] } }, "a program of load"],
    [{ programsMap: new Map([[-1, "x"]]) }, "a program of programsMap"],
    [{ engineOptions: [{ name: "a" }] }, "value is undefined"],
  ])("with %j is refused", (wrong, words) => {
    expect(thrown(() => new Metadata({ executable: "net", ...wrong } as never))).toEqual(
      failure("invalid_argument", words),
    );
  });
});
