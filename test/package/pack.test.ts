import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json";
import { shippedTargets } from "../../scripts/targets.ts";
import { nativeTarget } from "../../src/native/platform.ts";
import { SharedMemory } from "../native/child.ts";
import { Consumer } from "./consumer.ts";

setDefaultTimeout(300_000);

const root = join(import.meta.dir, "../..");
const entries = Object.keys(manifest.exports).filter((entry) => entry !== "./package.json");
const modules = entries.map((entry) => entry.replace(".", "millrace"));

const publishAndGet = `
import { onLog } from "millrace";
import { DeviceManager } from "millrace/device";
import { FastIOContext } from "millrace/fastio";
import { simulate } from "millrace/testing";
using job = FastIOContext.open("consumer");
using scan = job.create({ dtype: "float32", shape: [2, 3] });
scan.map().set([1, 2, 3, 4, 5, 6]);
scan.publish("scan");
using got = job.get("scan", { dtype: "float32" });
console.log(JSON.stringify([...got.getArray()]));
using sim = simulate({ ipus: 1 });
console.log(new DeviceManager().devices().length);
onLog((line) => console.log(line.message));
`;

describe("the package, installed into an empty project without scripts or a compiler", () => {
  let consumer: Consumer;
  let installed: string;

  beforeAll(async () => {
    consumer = new Consumer();
    await consumer.install(await consumer.pack());
    installed = join(consumer.folder, "node_modules", "millrace");
  });
  afterAll(() => consumer[Symbol.dispose]());

  test("carries the libraries for this machine, every other Linux build there is, and nothing else native", () => {
    const built = shippedTargets.filter((target) => existsSync(join(root, "native", target, "libmillrace.so")));
    expect(built).toContain(nativeTarget() as (typeof built)[number]);
    expect(readdirSync(join(installed, "native")).sort()).toEqual([...built].sort());
    for (const target of built) {
      for (const library of ["libmillrace.so", "libmillrace-sim-poplar.so", "libmillrace-sim-cuda.so"]) {
        const [packed, own] = [installed, root].map((base) => readFileSync(join(base, "native", target, library)));
        expect(Bun.hash(packed!)).toBe(Bun.hash(own!));
      }
    }
  });

  test("packs no tests, no native sources and no debug build", () => {
    const folders = readdirSync(installed).filter((name) => !name.startsWith("."));
    expect(folders.sort()).toEqual(["LICENSE", "README.md", "dist", "docs", "native", "package.json", "src"]);
  });

  test("type-checks in a strict consumer, every sub-path, declarations included", async () => {
    consumer.write("all.ts", modules.map((name, i) => `export * as entry${i} from "${name}";`).join("\n"));
    consumer.write("publish.ts", publishAndGet);
    const compilerOptions = {
      target: "esnext",
      module: "preserve",
      moduleResolution: "bundler",
      lib: ["esnext"],
      types: ["bun-types"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      skipLibCheck: false,
      noEmit: true,
    };
    consumer.write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    expect(await consumer.typeCheck()).toEqual({ exit: 0, text: "" });
  });

  test("a wrong type is seen: the declarations are not any", async () => {
    consumer.write("wrong.ts", `import { FastIOContext } from "millrace/fastio";\nFastIOContext.open(5);\n`);
    const { exit, text } = await consumer.typeCheck();
    consumer.write("wrong.ts", "");
    expect(exit).not.toBe(0);
    expect(text).toContain("wrong.ts(2,20)");
  });

  test("no declaration mentions bun:ffi", () => {
    const types = join(installed, "dist", "types");
    const files = (readdirSync(types, { recursive: true }) as string[]).filter((name) => name.endsWith(".d.ts"));
    expect(files.length).toBeGreaterThan(entries.length);
    expect(files.filter((name) => readFileSync(join(types, name), "utf8").includes("bun:ffi"))).toEqual([]);
  });

  test("imports every sub-path", async () => {
    consumer.write("import.ts", modules.map((name) => `await import("${name}");`).join("\n"));
    expect(await consumer.run("import.ts", {})).toEqual({ exit: 0, text: "" });
  });

  test("publishes and gets a tensor and simulates a device, with the release builds", async () => {
    using memory = new SharedMemory();
    const { exit, text } = await consumer.run("publish.ts", { MILLRACE_SHM_DIR: memory.dir });
    expect(text.split("\n").slice(0, 2)).toEqual(["[1,2,3,4,5,6]", "1"]);
    expect(text).toContain(join(installed, "native", nativeTarget(), "libmillrace.so"));
    expect(exit).toBe(0);
    expect(memory.left).toEqual([]);
  });
});
