import { describe, expect, test } from "bun:test";
import { closeSync, openSync, readdirSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { pattern, withCode } from "./expected.ts";
import { GpuScene } from "./gpu-scene.ts";

/** Where the data of a segment begins in its file, and fields of what is there; see docs/layout.md. */
const dataAt = 4096;
const fields = { magic: 0, version: 8, flags: 12, uuid: 16, size: 32, offset: 40, rank: 48, strides: 56, handle: 184 };

/** Writes over a field of the only GPU tensor below `dir`; returns how to undo it. */
function damage(dir: string, field: keyof typeof fields, value: Uint8Array): Disposable {
  const paths = (readdirSync(dir, { recursive: true }) as string[]).filter((path) => /\/s-[0-9a-f]+$/.test(path));
  for (const path of paths) {
    const file = openSync(join(dir, path), "r+");
    const magic = new Uint8Array(8);
    readSync(file, magic, 0, 8, dataAt);
    if (Buffer.from(magic).toString() === "MRGPUTEN") {
      const at = dataAt + fields[field];
      const before = new Uint8Array(value.length);
      readSync(file, before, 0, before.length, at);
      writeSync(file, value, 0, value.length, at);
      return {
        [Symbol.dispose]() {
          writeSync(file, before, 0, before.length, at);
          closeSync(file);
        },
      };
    }
    closeSync(file);
  }
  throw new Error(`no GPU tensor below ${dir}`);
}

function word(value: bigint): Uint8Array {
  return new Uint8Array(BigInt64Array.of(value).buffer);
}

const cases = [
  ["magic", word(0n), "corrupt"],
  ["version", Uint8Array.of(9), "wrong_version"],
  ["flags", Uint8Array.of(0xff), "corrupt"],
  ["uuid", Uint8Array.of(0xff, 0xff), "wrong_device"],
  ["size", word(0n), "corrupt"],
  ["size", word(-1n), "corrupt"],
  ["size", word(1n << 40n), "out_of_bounds"],
  ["size", word(8n), "corrupt"],
  ["offset", word(-1n), "corrupt"],
  ["offset", word(2n), "corrupt"],
  ["offset", word(4096n), "corrupt"],
  ["rank", Uint8Array.of(1), "corrupt"],
  ["rank", Uint8Array.of(0xff, 0xff, 0xff, 0xff), "corrupt"],
  ["strides", word(1n << 62n), "corrupt"],
  ["strides", word(-(1n << 63n)), "corrupt"],
  ["strides", word(-1n), "corrupt"],
  ["handle", crypto.getRandomValues(new Uint8Array(64)), "cuda_error"],
] as const;

describe("what a publication says of a GPU tensor", () => {
  test("is not believed: each field that cannot be right is an error, and harms nobody", async () => {
    using scene = new GpuScene();
    const tensor = { dtype: "float32", shape: [16, 64] } as const;
    const published = scene.publish("frame", pattern(4096), tensor);
    await using peer = await scene.peer();
    const attempt = () =>
      peer.run(({ gpu, job }) => {
        try {
          gpu.get(job, "frame").close();
          return "fetched";
        } catch (error) {
          return (error as { code: string }).code;
        }
      });
    for (const [field, value, code] of cases) {
      using _damage = damage(scene.place.dir, field, value);
      expect([field, value, await attempt()]).toEqual([field, value, code]);
    }
    expect(await attempt()).toBe("fetched");
    published.free({ timeoutMs: 5000 });
  });

  test("is not believed in the process that published it either", () => {
    using scene = new GpuScene();
    using _published = scene.publish("frame", pattern(4096));
    using _damage = damage(scene.place.dir, "offset", word(1n));
    expect(() => scene.gpu.get(scene.job, "frame")).toThrow(withCode("corrupt", "4096 bytes"));
  });
});
