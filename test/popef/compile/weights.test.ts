import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileOnnx } from "../../../src/popef/index.ts";
import { failsWith } from "../../fastio/fails-with.ts";
import { decoded, weightsOf } from "./decoded.ts";
import {
  external,
  field,
  type Graph,
  graph,
  graphAttribute,
  intAttribute,
  model,
  node,
  raw,
  tensor,
  types,
  value,
} from "./onnx.ts";

const floats = (count: number) => Float32Array.from({ length: count }, (_, i) => i / 4);
const dir = mkdtempSync(join(tmpdir(), "millrace-compile-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** y = x + w, with what else `parts` has; w has 64 floats. */
function plus(weight: Uint8Array, parts: Partial<Graph> = {}): Uint8Array {
  return model({
    inputs: [value("x", types.float, [64])],
    outputs: [value("y", types.float, [64])],
    nodes: [node("Add", ["x", "w"], ["y"])],
    ...parts,
    weights: [weight, ...(parts.weights ?? [])],
  });
}

async function taken(onnx: Uint8Array): Promise<string[]> {
  using compiled = await compileOnnx(onnx);
  return weightsOf(compiled);
}

describe("weights", () => {
  test("are initializers of 128 bytes and more; those of 127 stay in the graph as they are", async () => {
    const [small, large] = [new Uint8Array(127).fill(1), new Uint8Array(128).fill(2)];
    const onnx = model({
      nodes: [node("Identity", ["small"], ["a"]), node("Identity", ["large"], ["b"])],
      weights: [tensor("small", types.uint8, [127], raw(small)), tensor("large", types.uint8, [128], raw(large))],
      outputs: [value("a", types.uint8, [127]), value("b", types.uint8, [128])],
    });
    using compiled = await compileOnnx(onnx);
    expect(weightsOf(compiled)).toEqual(["large"]);
    expect(compiled.tensorData("large")!.data.bytes()).toEqual(large);
    const [kept, outside] = decoded(compiled).graph.initializer;
    expect(Buffer.from(kept!.rawData!).equals(small)).toBe(true);
    expect({ name: outside!.name, dims: outside!.dims, where: outside!.dataLocation }).toEqual({
      name: "large",
      dims: [128n],
      where: 1,
    });
    expect(Object.hasOwn(outside!, "rawData")).toBe(false);
    expect(outside!.externalData.map(({ key, value }) => `${key}=${value}`)).toEqual([
      "location=*",
      "offset=0",
      "length=128",
    ]);
  });

  const listed: [string, number, Uint8Array[], ArrayBufferView][] = [
    ["float_data", types.float, [field(4, bytesOf(floats(64)))], floats(64)],
    ["double_data", types.double, [field(10, bytesOf(Float64Array.of(...floats(64))))], Float64Array.of(...floats(64))],
    ["int32_data", types.int32, many((i) => field(5, BigInt(-i))), Int32Array.from({ length: 64 }, (_, i) => -i)],
    ["int32_data of bytes", types.uint8, many((i) => field(5, i), 128), Uint8Array.from({ length: 128 }, (_, i) => i)],
    ["int32_data of half floats", types.float16, many(() => field(5, 0x3c00)), new Float16Array(64).fill(1)],
    [
      "int64_data",
      types.int64,
      many((i) => field(7, BigInt(-i))),
      BigInt64Array.from({ length: 64 }, (_, i) => BigInt(-i)),
    ],
    ["uint64_data of 32 bits", types.uint32, many((i) => field(11, i)), Uint32Array.from({ length: 64 }, (_, i) => i)],
    ["uint64_data", types.uint64, many((i) => field(11, i)), BigUint64Array.from({ length: 64 }, (_, i) => BigInt(i))],
  ];
  test.each(listed)("come from %s", async (_field, type, fields, elements) => {
    const count = fields.length === 1 ? 64 : fields.length;
    const onnx = model({
      nodes: [node("Identity", ["w"], ["y"])],
      weights: [tensor("w", type, [count], ...fields)],
      outputs: [value("y", type, [count])],
    });
    using compiled = await compileOnnx(onnx);
    expect(compiled.tensorData("w")!.data.bytes()).toEqual(bytesOf(elements));
  });

  test("are not what a shape depends on, be it in a body", async () => {
    const shape = BigInt64Array.of(...Array<bigint>(15).fill(1n), 64n);
    const wide = value("z", types.float, shape.values().map(Number).toArray());
    const body = graph({ nodes: [node("Reshape", ["x", "body_shape"], ["z"])], outputs: [wide] });
    const onnx = plus(tensor("w", types.float, [64], raw(floats(64))), {
      nodes: [
        node("Add", ["x", "w"], ["y"]),
        node("Reshape", ["x", "shape"], ["reshaped"]),
        node("If", ["flag"], ["chosen"], graphAttribute("then_branch", body), graphAttribute("else_branch", body)),
      ],
      weights: [tensor("shape", types.int64, [16], raw(shape)), tensor("body_shape", types.int64, [16], raw(shape))],
      inputs: [value("x", types.float, [64]), value("flag", types.bool, [])],
      outputs: [
        value("y", types.float, [64]),
        value("reshaped", types.float, undefined),
        value("chosen", types.float, undefined),
      ],
    });
    using compiled = await compileOnnx(onnx);
    expect(weightsOf(compiled)).toEqual(["w"]);
    expect(compiled.metadata.anchors.find(({ name }) => name === "reshaped")!.tensorInfo.shape).toEqual(
      [...shape].map(Number),
    );
  });

  test("are not the initializers of bodies, nor outputs", async () => {
    const body = graph({
      nodes: [node("Add", ["x", "inner"], ["z"])],
      weights: [tensor("inner", types.float, [64], raw(floats(64)))],
      outputs: [value("z", types.float, [64])],
    });
    const onnx = plus(tensor("w", types.float, [64], raw(floats(64))), {
      nodes: [
        node("Add", ["x", "w"], ["y"]),
        node("If", ["flag"], ["chosen"], graphAttribute("then_branch", body), graphAttribute("else_branch", body)),
      ],
      weights: [tensor("given", types.float, [64], raw(floats(64)))],
      inputs: [value("x", types.float, [64]), value("flag", types.bool, [])],
      outputs: [value("y", types.float, [64]), value("chosen", types.float, [64]), value("given", types.float, [64])],
    });
    expect(await taken(onnx)).toEqual(["w"]);
  });

  test("of a type that PopEF lacks stay in the graph", async () => {
    const bfloat16 = 16;
    const onnx = model({
      nodes: [node("Cast", ["w"], ["y"], intAttribute("to", types.float))],
      weights: [tensor("w", bfloat16, [64], raw(new Uint16Array(64)))],
      outputs: [value("y", types.float, [64])],
    });
    expect(await taken(onnx)).toEqual([]);
  });

  test("that are inputs too are no inputs of the compiled model", async () => {
    const onnx = plus(tensor("w", types.float, [64], raw(floats(64))), {
      inputs: [value("x", types.float, [64]), value("w", types.float, [64])],
    });
    using compiled = await compileOnnx(onnx);
    const { plan } = decoded(compiled);
    expect(plan.graph.inputs.map((index) => plan.tensors[index]!.name)).toEqual(["x"]);
    expect(weightsOf(compiled)).toEqual(["w"]);
  });

  test("with fewer elements than their shape says are the engine's to refuse", async () => {
    const onnx = plus(tensor("w", types.float, [64], raw(floats(63))));
    await expect(compileOnnx(onnx)).rejects.toEqual(failsWith("invalid_model"));
  });
});

describe("weights beside the model", () => {
  const inFile = (entries: { [key: string]: string }, name = "w", count = 64) =>
    tensor(name, types.float, [count], external(entries));

  async function compileFile(bytes: Uint8Array, file = "model.onnx") {
    mkdirSync(join(dir, "nested"), { recursive: true });
    writeFileSync(join(dir, file), bytes);
    return await compileOnnx(join(dir, file));
  }

  test("are read from their place in their file", async () => {
    writeFileSync(join(dir, "weights.bin"), bytesOf(floats(200)));
    using compiled = await compileFile(plus(inFile({ location: "weights.bin", offset: "20", length: "256" })));
    expect(compiled.tensorData("w")!.data.bytes()).toEqual(bytesOf(floats(200).subarray(5, 69)));
  });

  test("are found below the model's folder, whose name may be a file: URL", async () => {
    writeFileSync(join(dir, "weights.bin"), bytesOf(floats(200)));
    writeFileSync(join(dir, "url.onnx"), plus(inFile({ location: "nested/../weights.bin" })));
    using compiled = await compileOnnx(Bun.pathToFileURL(join(dir, "url.onnx")));
    expect(compiled.tensorData("w")!.data.byteLength).toBe(256);
  });

  test("come into the graph where they are small, or elements of an attribute", async () => {
    writeFileSync(join(dir, "weights.bin"), bytesOf(floats(200)));
    const constant = (name: string, bytes: Uint8Array) =>
      field(5, concat(field(1, name), field(5, bytes), field(20, 4)));
    const onnx = plus(inFile({ location: "weights.bin" }), {
      nodes: [
        node("Add", ["x", "w"], ["y"]),
        node("Identity", ["small"], ["s"]),
        concat(node("Constant", [], ["c"]), constant("value", inFile({ location: "weights.bin", offset: "4" }, "", 1))),
      ],
      weights: [inFile({ location: "weights.bin", offset: "8" }, "small", 2)],
      outputs: [value("y", types.float, [64]), value("s", types.float, [2]), value("c", types.float, [1])],
    });
    using compiled = await compileFile(onnx);
    const { graph: read } = decoded(compiled);
    const small = read.initializer.find(({ name }) => name === "small")!;
    expect(new Uint8Array(small.rawData!)).toEqual(bytesOf(floats(4).subarray(2)));
    expect([small.dataLocation, small.externalData.length]).toEqual([0, 0]);
    expect(new Uint8Array(read.node[2]!.attribute[0]!.t!.rawData!)).toEqual(bytesOf(floats(2).subarray(1)));
  });

  const refusals: [string, { [key: string]: string }, string, string][] = [
    ["no location", { offset: "0" }, "invalid_model", "no location"],
    ["a place outside the folder", { location: "../weights.bin" }, "invalid_model", "outside the model's folder"],
    ["a path from the root", { location: "/etc/passwd" }, "invalid_model", "outside the model's folder"],
    [
      "a length that is not the shape's",
      { location: "weights.bin", length: "8" },
      "invalid_model",
      "256 bytes by their shape, 8",
    ],
    ["an offset that is none", { location: "weights.bin", offset: "-1" }, "invalid_model", 'the offset "-1"'],
    ["a file that is too short", { location: "weights.bin", offset: "700" }, "invalid_model", "256 at 700"],
    ["a file that is not there", { location: "no-such.bin" }, "file_not_found", "no-such.bin"],
  ];
  test.each(refusals)("%s is refused", async (_what, entries, code, words) => {
    writeFileSync(join(dir, "weights.bin"), bytesOf(floats(200)));
    await expect(compileFile(plus(inFile(entries)))).rejects.toEqual(failsWith(code, words));
  });

  test("of a model that came as bytes are not looked for", async () => {
    const onnx = plus(inFile({ location: "weights.bin" }));
    await expect(compileOnnx(onnx)).rejects.toEqual(failsWith("invalid_model", "Pass the model's path"));
  });
});

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

function many(make: (index: number) => Uint8Array, count = 64): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
