import { describe, expect, test } from "bun:test";
import { closeSync, openSync, readdirSync, readFileSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { pattern, withCode } from "./expected.ts";
import { GpuScene } from "./gpu-scene.ts";

const page = readFileSync(join(import.meta.dir, "../../docs/layout.md"), "utf8");
const gpuTensor = offsetsOf("| field of a GPU tensor");
const record = offsetsOf("### Record");
/** Where the data of a segment begins in its file; where records begin in `control`, and how many bytes each has. */
const dataAt = 4096;
const recordsAt = 610_304;
const recordBytes = 512;

/** Of the fields of the table that begins with, or follows, a line of the page. */
function offsetsOf(line: string): Readonly<Record<string, number>> {
  const rest = page.slice(page.indexOf(`\n${line}`));
  const table = rest.slice(rest.indexOf("\n|") + 1).split("\n\n")[0]!;
  return Object.fromEntries(
    [...table.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map(([, name, at]) => [name!, Number(at)]),
  );
}

/** Writes over a few bytes of a file until the block ends. */
function overwrite(path: string, at: number, value: Uint8Array): Disposable {
  const file = openSync(path, "r+");
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

function damageTensor(dir: string, field: string, value: Uint8Array): Disposable {
  const paths = (readdirSync(dir, { recursive: true }) as string[]).filter((path) => /\/s-[0-9a-f]+$/.test(path));
  const path = paths.find(
    (path) => readFileSync(join(dir, path)).toString("latin1", dataAt, dataAt + 8) === "MRGPUTEN",
  );
  return overwrite(join(dir, path!), dataAt + gpuTensor[field]!, value);
}

function damageRecord(dir: string, field: string, value: Uint8Array): Disposable {
  const path = join(
    dir,
    (readdirSync(dir, { recursive: true }) as string[]).find((path) => path.endsWith("/control"))!,
  );
  const number = readFileSync(path).indexOf("frame", recordsAt + record["name"]!) - record["name"]! - recordsAt;
  expect(number % recordBytes).toBe(0);
  return overwrite(path, recordsAt + number + record[field]!, value);
}

function word(value: bigint): Uint8Array {
  return new Uint8Array(BigInt64Array.of(value).buffer);
}

const cases = [
  [damageTensor, "magic", word(0n), "corrupt"],
  [damageTensor, "version", Uint8Array.of(9), "wrong_version"],
  [damageTensor, "flags", Uint8Array.of(0xff), "corrupt"],
  [damageTensor, "uuid", Uint8Array.of(0xff, 0xff), "wrong_device"],
  [damageTensor, "memory_size", word(0n), "corrupt"],
  [damageTensor, "memory_size", word(-1n), "corrupt"],
  [damageTensor, "memory_size", word(1n << 40n), "out_of_bounds"],
  [damageTensor, "memory_size", word(8n), "corrupt"],
  [damageTensor, "byte_offset", word(-1n), "corrupt"],
  [damageTensor, "byte_offset", word(2n), "corrupt"],
  [damageTensor, "byte_offset", word(4096n), "corrupt"],
  [damageTensor, "rank", Uint8Array.of(1), "corrupt"],
  [damageTensor, "rank", Uint8Array.of(0xff, 0xff, 0xff, 0xff), "corrupt"],
  [damageTensor, "strides", word(1n << 62n), "corrupt"],
  [damageTensor, "strides", word(-(1n << 63n)), "corrupt"],
  [damageTensor, "strides", word(-1n), "corrupt"],
  [damageTensor, "handle", crypto.getRandomValues(new Uint8Array(64)), "cuda_error"],
  [damageRecord, "element_type", Uint8Array.of(0xff), "corrupt"],
  [damageRecord, "element_type", Uint8Array.of(1), "host_tensor"],
  [damageRecord, "rank", Uint8Array.of(17), "corrupt"],
  [damageRecord, "rank", Uint8Array.of(3), "corrupt"],
  [damageRecord, "dimensions", word(1n << 60n), "corrupt"],
  [damageRecord, "dimensions", word(-1n), "corrupt"],
  [damageRecord, "dimensions", word(17n), "corrupt"],
  [damageRecord, "size", word(4096n), "corrupt"],
] as const;

describe("what a publication says of a GPU tensor", () => {
  test("is not believed: each field that cannot be right is an error, and harms nobody", async () => {
    using scene = new GpuScene();
    const published = scene.publish("frame", pattern(4096), { dtype: "float32", shape: [16, 64] });
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
    for (const [damage, field, value, code] of cases) {
      using _damage = damage(scene.place.dir, field, value);
      expect([field, value, await attempt()]).toEqual([field, value, code]);
    }
    expect(await attempt()).toBe("fetched");
    published.free({ timeoutMs: 5000 });
  });

  test("is not believed in the process that published it either", () => {
    using scene = new GpuScene();
    using _published = scene.publish("frame", pattern(4096));
    using _damage = damageTensor(scene.place.dir, "byte_offset", word(1n));
    expect(() => scene.gpu.get(scene.job, "frame")).toThrow(withCode("corrupt", "4096 bytes"));
  });
});
