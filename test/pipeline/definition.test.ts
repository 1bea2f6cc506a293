import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type PipelineDefinition, PrimitiveTypes, parsePipeline } from "../../src/pipeline/index.ts";

const passthrough = `
api-version: 0.5.0
orchestrator: Clara
name: passthrough
timeout: 60
operators:
- name: writer
  description: comes after the reader in the graph
  command: [bun, writer.ts, "--fast"]
  args: [1.50, yes, "two words"]
  env: { LEVEL: 3, MODE: quick }
  timeout: 0.5
  input:
  - { from: reader, name: volume, type: array, element-type: f32, shape: [1, -1, 512, 512] }
  - from: reader
    name: volume_shape
    type: array<int32>[4]
- name: reader
  command: bun  reader.ts
  container: { image: clara/reader, tag: latest }
  input:
  - { path: /input, type: stream, element-type: nifti }
  output:
  - { name: volume, type: array, element-type: float32, shape: [1, 0, -1, -1] }
  - { name: volume_shape, type: "array<i32>[4]" }
  - { name: score, type: f64 }
  - { name: note, type: string }
`;

describe("a valid definition", () => {
  const definition = parsePipeline(passthrough, { file: "/jobs/passthrough.yaml" });
  const [reader, writer] = definition.operators;

  test("lists operators behind those they take inputs from", () => {
    expect(definition.operators.map(({ name }) => name)).toEqual(["reader", "writer"]);
    expect(reader?.dependsOn).toEqual([]);
    expect(writer?.dependsOn).toEqual(["reader"]);
  });

  test("splits a command at white space, keeps a list as it is, and appends args", () => {
    expect(reader?.command).toEqual(["bun", "reader.ts"]);
    expect(writer?.command).toEqual(["bun", "writer.ts", "--fast", "1.50", "yes", "two words"]);
    expect(writer?.env).toEqual({ LEVEL: "3", MODE: "quick" });
  });

  test("gives time limits in milliseconds", () => {
    expect(definition.timeoutMs).toBe(60_000);
    expect(writer?.timeoutMs).toBe(500);
    expect(reader?.timeoutMs).toBeUndefined();
  });

  test("reads the long and the short forms of types alike", () => {
    expect(reader?.outputs.map(({ type }) => type)).toEqual([
      { kind: "array", elementType: "float32", shape: [1, -1, -1, -1] },
      { kind: "array", elementType: "int32", shape: [4] },
      { kind: "primitive", elementType: "float64", shape: [1] },
      { kind: "string", elementType: "uint8", shape: [-1] },
    ]);
    expect(reader?.inputs).toEqual([
      { name: "", from: undefined, type: { kind: "stream", elementType: "nifti", path: "/input" }, line: 22 },
    ]);
  });

  test("runs in the directory of its file and notes what has no effect", () => {
    expect(definition.directory).toBe("/jobs");
    expect(definition.notes).toEqual([
      '/jobs/passthrough.yaml:20:14: operator "reader": `container` has no effect here; `command` runs the operator as a process',
    ]);
  });

  test("cannot be changed anywhere", () => {
    expect(everyObject(definition).every(Object.isFrozen)).toBe(true);
  });
});

function everyObject(value: unknown): object[] {
  return typeof value === "object" && value !== null ? [value, ...Object.values(value).flatMap(everyObject)] : [];
}

test.each(PrimitiveTypes)("%s has a short spelling", (name) => {
  const spelling = name.replace(/^(.)\D*/, "$1");
  expect(one({ output: `[{ name: x, type: ${spelling} }]` }).operators[0]?.outputs[0]?.type).toEqual({
    kind: "primitive",
    elementType: name,
    shape: [1],
  });
});

test("a YAML alias stands for what it names", () => {
  const definition = one({ output: "\n  - { name: a, type: &t string }\n  - { name: b, type: *t }" });
  expect(definition.operators[0]?.outputs.map(({ type }) => type.kind)).toEqual(["string", "string"]);
});

/** A definition with one operator `a` on lines 4 and following. */
function one(keys: Record<string, string>): PipelineDefinition {
  const lines = Object.entries({ name: "a", command: "bun a.ts", ...keys }).map(
    ([key, value]) => `  ${key}: ${value}\n`,
  );
  return parsePipeline(`api-version: 0.5.0\nname: p\noperators:\n-\n${lines.join("")}`);
}

const chain = (produced: string, consumed: string): string =>
  `api-version: 0.5.0
name: p
operators:
- name: a
  command: bun a.ts
  output:
  - { name: x, type: "${produced}" }
- name: b
  command: bun b.ts
  input:
  - from: a
    name: x
    type: "${consumed}"
`;

test.each([
  ["array<uint8>[-1]", "array<uint8>[16]"],
  ["array<uint8>[16]", "array<uint8>[0]"],
  ["array<f32>[1,-1,3]", "array<float32>[-1,2,3]"],
  ["string", "string"],
  ["string", "array<uint8>[-1]"],
  ["float32", "array<f32>[1]"],
])("an output %s connects to an input %s", (produced, consumed) => {
  expect(parsePipeline(chain(produced, consumed)).operators[1]?.dependsOn).toEqual(["a"]);
});

test("operators come in an order that any graph without cycles allows", () => {
  const graph = fc.integer({ min: 1, max: 12 }).chain((count) =>
    fc.record({
      names: fc.shuffledSubarray([..."abcdefghijkl"].slice(0, count), { minLength: count }),
      edges: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 30 }),
    }),
  );
  fc.assert(
    fc.property(graph, ({ names, edges }) => {
      // An edge goes from the earlier to the later letter, whatever the order in the file.
      const texts = names.map((name) => {
        const from = new Set(
          edges
            .map(([a, b]) => [Math.min(a, b), Math.max(a, b)].map((i) => "abcdefghijkl"[i]!))
            .filter(([a, b]) => a !== b && b === name)
            .map(([a]) => a),
        );
        const inputs = [...from].map((a) => `{ from: ${a}, name: out-${a}, type: u8 }`);
        return `- { name: ${name}, command: x, output: [{ name: out-${name}, type: u8 }], input: [${inputs.join(", ")}] }`;
      });
      const { operators } = parsePipeline(`api-version: 0.5.0\nname: p\noperators:\n${texts.join("\n")}\n`);
      const place = new Map(operators.map(({ name }, index) => [name, index]));
      expect(place.size).toBe(names.length);
      for (const { name, dependsOn } of operators) {
        for (const earlier of dependsOn) expect(place.get(earlier)!).toBeLessThan(place.get(name)!);
      }
    }),
  );
});
