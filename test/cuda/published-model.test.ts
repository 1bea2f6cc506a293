import { expect, test } from "bun:test";
import fc from "fast-check";
import type { DevicePublication } from "../../src/cuda/index.ts";
import { pattern } from "./expected.ts";
import { GpuScene } from "./gpu-scene.ts";

const names = ["a", "b"] as const;
const bytes = pattern(256);
const step = fc.tuple(fc.constantFrom("publish", "get", "letGo", "close", "free"), fc.constantFrom(...names));

/** What a model knows of a publication: how often the other process has it. */
interface Known {
  readonly publication: DevicePublication;
  readonly tag: number;
  held: number;
  named: boolean;
}

test("publications and importers do as a model of names and counts does, whatever they do in whatever order", async () => {
  using scene = new GpuScene();
  await using peer = await scene.peer();
  const { job, gpu } = scene;
  let tags = 0;
  /** The tensor's tag, or undefined when there is no such name. */
  const get = (name: string) =>
    peer.run(({ gpu, job, kept }, name) => {
      const tensor = gpu.tryGet(job, name);
      if (tensor === undefined) return undefined;
      const { tag } = tensor.attributes as { tag: number };
      kept[`${tag} ${Object.keys(kept).length}`] = tensor;
      return tag;
    }, name);
  /** When it returns, the device's thread has given back what was let go. */
  const letGo = (tag: number) =>
    peer.run(({ gpu, kept }, tag) => {
      const key = Object.keys(kept).find((key) => key.startsWith(`${tag} `) && !kept[key]!.closed)!;
      kept[key]!.close();
      gpu.memoryInfo();
    }, tag);
  const check = (known: readonly Known[]) => {
    for (const name of names)
      expect(job.has(name)).toBe(known.some(({ publication, named }) => named && publication.name === name));
    for (const { publication, held } of known)
      if (!publication.closed) expect(publication.importers).toBe(Math.min(held, 1));
  };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), async (steps) => {
      const known: Known[] = [];
      for (const [action, name] of steps) {
        const shown = known.find(({ publication, named }) => named && publication.name === name);
        const held = known.find(({ publication, held }) => held > 0 && publication.name === name);
        if (action === "publish" && shown === undefined) {
          const tag = ++tags;
          using memory = gpu.allocate(bytes.length);
          const options = { dtype: "uint8", shape: [256], attributes: { tag } } as const;
          known.push({ publication: memory.publish(job, name, options), tag, held: 0, named: true });
        } else if (action === "get") {
          expect(await get(name)).toBe(shown?.tag as number);
          if (shown !== undefined) shown.held++;
        } else if (action === "letGo" && held !== undefined) {
          await letGo(held.tag);
          held.held--;
        } else if (action === "close" && shown !== undefined) {
          shown.publication.close();
          shown.named = false;
        } else if (action === "free" && shown !== undefined) {
          const freed = shown.publication.freeAsync({ timeoutMs: 0 }).then(
            () => true,
            () => false,
          );
          expect(await freed).toBe(shown.held === 0);
          shown.named = false;
        }
        check(known);
      }
      for (const one of known) {
        for (; one.held > 0; one.held--) await letGo(one.tag);
        one.publication.free({ timeoutMs: 5000 });
      }
      // What was closed while the other process had it goes by itself.
      while (gpu.stats().bytesAllocated > 0) await Bun.sleep(2);
    }),
    { numRuns: 25 },
  );
});
