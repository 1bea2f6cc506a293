import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { MillraceError } from "../../../src/native/error.ts";
import { checkExecutable, decodeExecutable, encodeExecutable } from "../../../src/popef/executable/index.ts";
import { changed, plan } from "./plan.ts";

const graph = Uint8Array.from({ length: 100 }, (_, i) => i);

function failure(act: () => unknown): MillraceError {
  try {
    act();
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("an executable", () => {
  test("comes back as it was written: plan, graph and hash", () => {
    const decoded = decodeExecutable(encodeExecutable(plan, graph));
    expect(decoded.plan).toEqual(plan);
    expect(decoded.graph).toEqual(graph);
    expect(decoded.hashOf()).toEqual(new Uint8Array(decoded.packageHash));
  });

  test("is laid out as docs/executable.md says", () => {
    const bytes = encodeExecutable(plan, graph);
    const planSize = Math.ceil(JSON.stringify(plan).length / 64) * 64;
    const expected = Buffer.alloc(64 + planSize + graph.length, " ");
    expected.fill(0, 0, 64);
    expected.write("MR_EXE_1", 0);
    expected.writeUInt32LE(1, 8);
    expected.writeUInt32LE(2, 12);
    expected.writeBigUInt64LE(BigInt(planSize), 16);
    expected.writeBigUInt64LE(100n, 24);
    expected.set(new Bun.CryptoHasher("sha256").update(expected.subarray(8, 16)).update(graph).digest(), 32);
    expected.write(JSON.stringify(plan), 64);
    expected.set(graph, 64 + planSize);
    expect(Buffer.from(bytes).equals(expected)).toBe(true);
  });

  test("holds the plan that docs/executable.md shows", () => {
    const page = readFileSync(join(import.meta.dir, "../../../docs/executable.md"), "utf8");
    const shown = JSON.parse(page.match(/```jsonc\n(.*?)```/s)![1]!.replace(/ +\/\/ .*$/gm, ""));
    expect(decodeExecutable(encodeExecutable(shown, graph)).plan).toEqual(shown);
  });

  test("decodes from bytes that lie anywhere in their buffer", () => {
    const bytes = encodeExecutable(plan, graph);
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    expect(decodeExecutable(shifted).graph).toEqual(graph);
  });
});

describe("checking an executable", () => {
  test("a graph that was changed is refused with package_hash, unless that is not asked for", () => {
    const bytes = encodeExecutable(plan, graph);
    bytes[bytes.length - 1]! ^= 1;
    const error = failure(() => checkExecutable(bytes, { op: "Session" }));
    expect([error.code, error.op]).toEqual(["package_hash", "Session"]);
    expect(checkExecutable(bytes, { checkPackageHash: false }).plan).toEqual(plan);
  });

  test("the plan is no part of the hash", () => {
    const other = changed((p) => (p.streams[0]!.depth = 7));
    expect(decodeExecutable(encodeExecutable(other, graph)).hashOf()).toEqual(
      decodeExecutable(encodeExecutable(plan, graph)).hashOf(),
    );
  });

  test("Poplar's executables are refused by name", () => {
    const error = failure(() => checkExecutable(new TextEncoder().encode("GC_EXE_3".padEnd(64, "\0"))));
    expect(error.code).toBe("invalid_executable");
    expect(error.message).toContain("GC_EXE_3");
  });

  test.each([
    [
      "a plan that is one byte longer",
      (b: DataView) => b.setBigUint64(16, b.getBigUint64(16, true) + 1n, true),
      "whole",
    ],
    ["a graph of 2^64-1 bytes", (b: DataView) => b.setBigUint64(24, 2n ** 64n - 1n, true), "18446744073709551615"],
    ["sizes whose sum wraps", (b: DataView) => b.setBigUint64(16, 2n ** 64n - 64n, true), "whole"],
    ["another magic", (b: DataView) => b.setUint8(7, 0x32), "MR_EXE_2"],
  ])("%s is an invalid executable that says so", (_what, change, words) => {
    const bytes = encodeExecutable(plan, graph);
    change(new DataView(bytes.buffer));
    const error = failure(() => checkExecutable(bytes, { checkPackageHash: false }));
    expect(error.code).toBe("invalid_executable");
    expect(error.message).toContain(words);
  });
});

describe("a plan that does not fit together names the part", () => {
  // biome-ignore lint/suspicious/noExplicitAny: what a file holds has no type.
  const cases: [string, (p: any) => void][] = [
    ["tensors is absent", (p) => delete p.tensors],
    ["replicas is 0", (p) => (p.replicas = 0)],
    ["tensors[0].type is 8", (p) => (p.tensors[0].type = 8)],
    ["tensors[1].shape[0] is -1", (p) => (p.tensors[1].shape[0] = -1)],
    ["tensors[1].shape is too large", (p) => (p.tensors[1].shape = [2 ** 40, 2 ** 40])],
    ["tensors[2].name is", (p) => (p.tensors[2].name = "a\0b")],
    ["streams[3].tensor is 3", (p) => (p.streams[3].tensor = 3)],
    ["streams[0].toDevice is 1", (p) => (p.streams[0].toDevice = 1)],
    ["streams[0].depth is 0", (p) => (p.streams[0].depth = 0)],
    ['tensors hold "w" twice', (p) => (p.tensors[0].name = "w")],
    ["streams[0].depth is 257", (p) => (p.streams[0].depth = 257)],
    ['tensors[0] has "strides", which is unknown', (p) => (p.tensors[0].strides = [])],
    ["tensors[0].name is", (p) => (p.tensors[0].name = "é".repeat(513))],
    ["tensors[0].shape has 17 elements", (p) => (p.tensors[0].shape = new Array(17).fill(1))],
    ["replicas are 1024", (p) => Object.assign(p, { replicas: 1024, streams: streams(300) })],
    ['handles hold "h2d_w" twice', (p) => (p.streams[0].handle = "h2d_w")],
    ['handles hold "h2d_w" twice', (p) => (p.remoteBuffers[0].handle = "h2d_w")],
    ["remoteBuffers[0].repeats is 0", (p) => (p.remoteBuffers[0].repeats = 0)],
    ["graph's tensors hold 1 twice", (p) => p.graph.inputs.push(1)],
    ["graph.weights[0] is 4", (p) => (p.graph.weights[0] = 4)],
    ["programs[0].steps[1] uses its stream in the wrong direction", (p) => (p.programs[0].steps[1][1] = 2)],
    ["programs[0].steps[1][1] is 4", (p) => (p.programs[0].steps[1][1] = 4)],
    ["programs[0].steps[0] has 1 operands, not 0", (p) => p.programs[0].steps[0].push(1)],
    ["programs[0].steps[2] copies a block of 2560 bytes and a tensor of 640", (p) => (p.programs[0].steps[2][1] = 2)],
    ["programs[2].steps[1] is no step", (p) => (p.programs[2].steps[1][0] = "constructor")],
    ["programs[1].steps[0][1] is -1", (p) => (p.programs[1].steps[0][1] = -1)],
    ["programs[2].steps[1][1] is", (p) => (kernelOf(p)[1] = "")],
    ["programs[2].steps[1] has 2 operands, not 3", (p) => kernelOf(p).pop()],
    ["programs[2].steps[1][2][0].tensor is 3", (p) => (kernelOf(p)[2][0].tensor = 3)],
    ["programs[2].steps[1][2][0] reaches beyond its tensor of 640", (p) => (kernelOf(p)[2][0].shape[0] = 17)],
    ['programs[2].steps[1][2][0] would write the weight "w"', (p) => (kernelOf(p)[2] = [kernelOf(p)[2][1]])],
    ["programs[2].steps[1][2][1] reaches beyond", (p) => (kernelOf(p)[2][1].offset = 2552)],
    ["programs[2].steps[1][2][1] reaches beyond", (p) => (kernelOf(p)[2][1].offset = 2560)],
    ["programs[2].steps[1][2][1] reaches beyond", (p) => (kernelOf(p)[2][1].offset = 2)],
    ["programs[2].steps[1][2][0] has 2 axes and 1 strides", (p) => kernelOf(p)[2][0].strides.pop()],
    ["programs[2].steps[1][2][0].strides[1] is 0.5", (p) => (kernelOf(p)[2][0].strides[1] = 0.5)],
    ['programs[2].steps[1][2][0] has "axis", which is unknown', (p) => (kernelOf(p)[2][0].axis = 0)],
    ["programs[2].steps[1][3][0] is NaN, not a number", (p) => (kernelOf(p)[3][0] = Number.NaN)],
    ["is nested more than 8 deep", (p) => (p.programs[1].steps = [nested(9)])],
  ];
  test.each(cases)("%s", (words, change) => {
    const error = failure(() => encodeExecutable(changed(change), graph));
    expect(error.code).toBe("invalid_executable");
    expect(error.message).toContain(words);
  });

  test("eight repeats in one another are taken", () => {
    const deep = changed((p) => (p.programs[1].steps = [nested(8)]));
    expect(decodeExecutable(encodeExecutable(deep, graph)).plan).toEqual(deep);
  });

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  function kernelOf(p: any): any {
    return p.programs[2].steps[1];
  }

  function streams(count: number): unknown[] {
    return Array.from({ length: count }, (_, i) => ({ ...plan.streams[i % 4], handle: `h${i}` }));
  }

  function nested(depth: number): unknown {
    return depth === 0 ? ["sync"] : ["repeat", 2, [nested(depth - 1)]];
  }
});

describe("hostile bytes", () => {
  const bytes = encodeExecutable(plan, graph);

  test("every cut is an invalid executable", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(failure(() => checkExecutable(bytes.subarray(0, length))).code).toBe("invalid_executable");
    }
  });

  test("a plan nested a million deep is an error, no overflow of the stack", () => {
    const text = new TextEncoder().encode("[".repeat(2 ** 20));
    const deep = new Uint8Array(64 + text.length);
    deep.set(bytes.subarray(0, 64));
    deep.set(text, 64);
    new DataView(deep.buffer).setBigUint64(16, BigInt(text.length), true);
    new DataView(deep.buffer).setBigUint64(24, 0n, true);
    expect(failure(() => decodeExecutable(deep)).code).toBe("invalid_executable");
  });

  test("100,000 seeded mutations give an error of ours or a plan that encodes again", () => {
    let errors = 0;
    const refusals = ["invalid_executable", "package_hash"];
    const change = fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const mutated = bytes.slice();
        for (const { at, value } of changes) mutated[at] = value;
        try {
          const { plan: read, graph: rest } = checkExecutable(mutated, { checkPackageHash: false });
          encodeExecutable(read, rest);
        } catch (error) {
          if (!(error instanceof MillraceError && refusals.includes(error.code))) throw error;
          errors++;
        }
      }),
      { numRuns: 100_000, seed: 3 },
    );
    expect(errors).toBeGreaterThan(10_000);
  }, 60_000);
});
