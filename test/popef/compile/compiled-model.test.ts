import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkExecutable } from "../../../src/popef/executable/index.ts";
import { compileOnnx, Model } from "../../../src/popef/index.ts";
import { failsWith } from "../../fastio/fails-with.ts";
import { anchorsOf, decoded } from "./decoded.ts";
import { join as concat, field, model, node, raw, tensor, types, value } from "./onnx.ts";

const digits = join(import.meta.dir, "../../../examples/digits/digits.onnx");
const dir = mkdtempSync(join(tmpdir(), "millrace-compiled-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** y = x + w, with a weight of 32 floats. */
function plus(scale = 1): Uint8Array {
  const w = Float32Array.from({ length: 32 }, (_, i) => i * scale);
  return model({
    nodes: [node("Add", ["x", "w"], ["y"])],
    weights: [tensor("w", types.float, [32], raw(w))],
    inputs: [value("x", types.float, ["batch", 32])],
    outputs: [value("y", types.float, ["batch", 32])],
  });
}

describe("a compiled model", () => {
  test("loads its weights, runs main, and streams its weights back", async () => {
    using compiled = await compileOnnx(plus(), { batchSize: 2 });
    const { metadata } = compiled;
    expect(anchorsOf(compiled)).toEqual([
      "input h2d_x F32 [2,32]",
      "output anchor_d2h_y F32 [2,32]",
      "input h2d_w F32 [32]",
      "output weight_d2h_w F32 [32]",
    ]);
    expect(metadata.anchors.map(({ programs }) => programs)).toEqual([[1], [1], [0], [2]]);
    expect(metadata.programFlow).toMatchObject({ load: [0], main: [1], save: [2] });
    expect([...metadata.programsMap]).toEqual([
      [0, "load"],
      [1, "main"],
      [2, "save"],
    ]);
    expect(metadata).toMatchObject({
      replicationFactor: 1,
      numIpus: 1,
      ipuVersion: 2,
      deviceIterations: 1,
      isInference: true,
    });
    const { plan } = decoded(compiled);
    expect(plan.programs).toEqual([
      { name: "load", steps: [["sync"], ["toTensor", 0]] },
      { name: "main", steps: [["sync"], ["toTensor", 1], ["graph"], ["sync"], ["toStream", 2]] },
      { name: "save", steps: [["sync"], ["toStream", 3]] },
    ]);
    expect(plan.streams.map(({ handle, depth, prefetch }) => [handle, depth, prefetch])).toEqual([
      ["h2d_w", 1, false],
      ["h2d_x", 2, true],
      ["anchor_d2h_y", 1, false],
      ["weight_d2h_w", 1, false],
    ]);
  });

  test("repeats the graph for each device iteration", async () => {
    using compiled = await compileOnnx(plus(), { deviceIterations: 3 });
    expect(compiled.metadata.deviceIterations).toBe(3);
    const [step] = decoded(compiled).plan.programs[1]!.steps;
    expect(step).toEqual(["repeat", 3, [["sync"], ["toTensor", 1], ["graph"], ["sync"], ["toStream", 2]]]);
  });

  test("has inputs and outputs for each replica, and one of each weight", async () => {
    using compiled = await compileOnnx(plus(), { replicationFactor: 2, batchSize: 4 });
    expect(compiled.metadata).toMatchObject({ replicationFactor: 2, numIpus: 2 });
    expect(anchorsOf(compiled).slice(0, 3)).toEqual([
      "input h2d_x F32 [2,4,32]",
      "output anchor_d2h_y F32 [2,4,32]",
      "input h2d_w F32 [32]",
    ]);
    expect(compiled.metadata.anchors.map(({ isPerReplica }) => isPerReplica)).toEqual([true, true, false, false]);
    const { plan } = decoded(compiled);
    expect(plan.replicas).toBe(2);
    expect(plan.tensors.find(({ name }) => name === "x")!.shape).toEqual([4, 32]);
  });

  test("takes weights from remote buffers that are named", async () => {
    using compiled = await compileOnnx(plus(), { remoteBuffers: ["w"] });
    const { plan } = decoded(compiled);
    expect(plan.remoteBuffers).toEqual([{ handle: "remote_w", size: 128, repeats: 1 }]);
    expect(plan.programs[0]!.steps).toEqual([["sync"], ["remoteToTensor", 0, 1]]);
    const [loaded, saved] = compiled.metadata.anchors.filter(({ name }) => name === "w");
    expect(loaded).toMatchObject({ handle: "remote_w", useRemoteBuffers: true, repeats: 1, type: "input" });
    expect(saved).toMatchObject({ handle: "weight_d2h_w", useRemoteBuffers: false, type: "output" });
  });

  test("has no save program, no prefetch and other options where that is asked for", async () => {
    using compiled = await compileOnnx(plus(), {
      saveProgram: false,
      prefetch: false,
      numIpus: 4,
      ipuVersion: 21,
      name: "adder",
      engineOptions: { "target.hostSyncTimeout": "5" },
      deviceOptions: { ipuLinkDomainSize: "4" },
    });
    const { metadata } = compiled;
    expect(anchorsOf(compiled)).toEqual([
      "input h2d_x F32 [1,32]",
      "output anchor_d2h_y F32 [1,32]",
      "input h2d_w F32 [32]",
    ]);
    expect(metadata.programFlow.save).toEqual([]);
    expect(metadata.programsMap.has(2)).toBe(false);
    expect(metadata).toMatchObject({ executable: "adder", numIpus: 4, ipuVersion: 21 });
    expect(metadata.engineOptions.map((option) => ({ ...option }))).toEqual([
      { name: "target.hostSyncTimeout", value: "5" },
    ]);
    expect(metadata.deviceOptions.map((option) => ({ ...option }))).toEqual([
      { name: "ipuLinkDomainSize", value: "4" },
    ]);
    expect(decoded(compiled).plan.streams.find(({ handle }) => handle === "h2d_x")).toMatchObject({
      prefetch: false,
      depth: 1,
    });
  });

  test("buffers as many inputs ahead as bufferingDepth says", async () => {
    using compiled = await compileOnnx(plus(), { bufferingDepth: 5 });
    expect(decoded(compiled).plan.streams.find(({ handle }) => handle === "h2d_x")!.depth).toBe(5);
  });

  test("without weights has nothing to load or save", async () => {
    const onnx = model({
      nodes: [node("Identity", ["x"], ["y"])],
      inputs: [value("x", types.float, [2])],
      outputs: [value("y", types.float, [2])],
    });
    using compiled = await compileOnnx(onnx);
    expect(compiled.metadata.programFlow).toMatchObject({ load: [], main: [1], save: [] });
  });

  test("is named by a hash, which other weights or other options change", async () => {
    const name = async (...args: Parameters<typeof compileOnnx>) => {
      using compiled = await compileOnnx(...args);
      return compiled.metadata.executable;
    };
    const first = await name(plus());
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(await name(plus())).toBe(first);
    expect(await name(plus(2))).not.toBe(first);
    expect(await name(plus(), { batchSize: 2 })).not.toBe(first);
  });

  test.each([
    [{ replicationFactor: 3, numIpus: 4 }, "invalid_argument", "3 replicas"],
    [{ remoteBuffers: ["v"] }, "invalid_argument", '"v", which does not exist'],
    [{ deviceIterations: 0 }, "invalid_argument", "deviceIterations"],
    [{ bufferingDepth: 257 }, "invalid_argument", "bufferingDepth"],
    [{ engine: { path: "/no/such/library.so" } }, "engine_missing", "/no/such/library.so"],
  ])("%j is refused", async (options, code, words) => {
    await expect(compileOnnx(plus(), options)).rejects.toEqual(failsWith(code, words));
  });

  test("is not made once its signal is aborted", async () => {
    await expect(compileOnnx(plus(), { signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
    const controller = new AbortController();
    const compiling = compileOnnx(digits, { signal: controller.signal });
    controller.abort("enough");
    await expect(compiling).rejects.toBe("enough");
  });
});

describe("what compiling does not know of a model", () => {
  test("is in the compiled graph, byte for byte", async () => {
    const strange = [field(9001, "kept"), field(9002, 2n ** 63n)];
    const property = concat([field(1, "key"), field(2, "a value")]);
    const onnx = concat([
      model({
        nodes: [concat([node("Add", ["x", "w"], ["y"]), field(3, "node name"), field(6, "doc"), ...strange])],
        weights: [tensor("w", types.float, [2], raw(Float32Array.of(1, 2)), field(12, "of w"), ...strange)],
        inputs: [concat([value("x", types.float, [2]), field(3, "of x"), ...strange])],
        outputs: [value("y", types.float, [2])],
        more: [field(10, "of the graph"), field(16, property), ...strange],
      }),
      field(2, "producer"),
      field(14, property),
      ...strange,
    ]);
    using compiled = await compileOnnx(onnx);
    const { bytes } = decoded(compiled);
    const fields = (message: Uint8Array) => fieldsOf(message).sort();
    // Nothing in this model changes: what differs is the order of fields in their message.
    expect(fields(bytes)).toEqual(fields(onnx));
  });

  test("is kept where axes and weights change", async () => {
    const onnx = model({
      nodes: [node("Add", ["x", "w"], ["y"])],
      weights: [tensor("w", types.float, [32], raw(new Float32Array(32)), field(12, "of w"), field(9001, "kept"))],
      inputs: [value("x", types.float, ["batch", 32])],
      outputs: [value("y", types.float, ["batch", 32])],
    });
    using compiled = await compileOnnx(onnx);
    const text = Buffer.from(decoded(compiled).bytes).toString("latin1");
    expect(text).toContain("of w");
    expect(text).toContain("kept");
    expect(text).not.toContain("batch");
  });
});

/** A message's fields, those of messages within it as well, each as hexadecimal bytes: equal but for their order. */
function fieldsOf(message: Uint8Array): string[] {
  const fields: string[] = [];
  for (let at = 0; at < message.length; ) {
    const begin = at;
    const varint = () => {
      for (let shift = 0n, number = 0n; ; shift += 7n) {
        if (at >= message.length) throw new Error("beyond the end");
        const byte = message[at++]!;
        number |= BigInt(byte & 0x7f) << shift;
        if (byte < 0x80) return number;
      }
    };
    const key = varint();
    if ((key & 7n) === 2n) {
      const length = Number(varint());
      at += length;
      // The graph and what it lists are messages; texts and data are compared as they are.
      if (key >> 3n === 7n || key >> 3n === 1n || key >> 3n === 5n || key >> 3n === 11n) {
        try {
          fields.push(
            `${key}: ${fieldsOf(message.subarray(at - length, at))
              .sort()
              .join(", ")}`,
          );
          continue;
        } catch {}
      }
    } else if ((key & 7n) === 0n) varint();
    else throw new Error(`wire type ${key & 7n}`);
    if (at > message.length) throw new Error("beyond the end");
    fields.push(message.subarray(begin, at).toHex());
  }
  return fields;
}

describe("writing a compiled model", () => {
  test("makes a file that opens as the same model", async () => {
    using compiled = await compileOnnx(digits, { batchSize: 4 });
    const path = join(dir, "digits.popef");
    await compiled.write(path);
    using opened = await Model.open(path);
    expect(opened.metadata).toEqual(compiled.metadata);
    expect(opened.executable.name).toBe(compiled.executable.name);
    expect(opened.executable.data.bytes()).toEqual(compiled.executable.data.bytes());
    expect(() => checkExecutable(opened.executable.data.bytes())).not.toThrow();
    for (const anchor of compiled.metadata.anchors) {
      const [before, after] = [compiled.tensorData(anchor), opened.tensorData(anchor)];
      expect(after?.info).toEqual(before?.info);
      expect(after?.data.bytes()).toEqual(before?.data.bytes());
    }
    expect(opened.tensorData("layer5.weight")!.data.byteLength).toBe(36864);
  });

  test("twice gives the same bytes", async () => {
    for (const name of ["a.popef", "b.popef"]) {
      using compiled = await compileOnnx(digits);
      await compiled.write(join(dir, name));
    }
    expect(readFileSync(join(dir, "a.popef")).equals(readFileSync(join(dir, "b.popef")))).toBe(true);
  });

  test("that fails leaves the file that was there, and nothing else", async () => {
    const path = join(dir, "kept.popef");
    writeFileSync(path, "before");
    using compiled = await compileOnnx(plus());
    await expect(compiled.write(path, { signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
    expect(readFileSync(path, "utf8")).toBe("before");
    await expect(compiled.write(join(dir, "no/such/folder.popef"))).rejects.toEqual(
      failsWith("file_not_found", "folder.popef"),
    );
    expect(readdirSync(dir).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  test("is refused once the model is closed", async () => {
    const compiled = await compileOnnx(plus());
    compiled.close();
    await expect(compiled.write(join(dir, "closed.popef"))).rejects.toEqual(failsWith("closed"));
    expect(existsSync(join(dir, "closed.popef"))).toBe(false);
  });
});

test("running models does not load the protocol buffers", () => {
  const reached = new Set<string>();
  const follow = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    if (!path.endsWith(".ts")) return;
    const source = readFileSync(path, "utf8");
    for (const [, what, specifier] of source.matchAll(/^(?:import|export) (type )?[^;]*?from "([^"]+)"/gms)) {
      if (what === undefined) follow(specifier!.startsWith(".") ? join(path, "..", specifier!) : specifier!);
    }
  };
  for (const folder of ["popef", "runner"]) follow(join(import.meta.dir, "../../../src", folder, "index.ts"));
  expect([...reached].some((path) => path.endsWith("compile/compile-onnx.ts"))).toBe(true);
  expect([...reached].filter((path) => path.startsWith("@bufbuild") || path.endsWith("compile/compile.ts"))).toEqual(
    [],
  );
});
