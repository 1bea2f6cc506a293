import { describe, expect, test } from "bun:test";
import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type FastIOAllocation, FastIOContext } from "../../src/fastio/index.ts";
import { SmallFileSystem } from "./small-file-system.ts";

const MiB = 2 ** 20;
const noSpace = expect.objectContaining({ code: "no_space" });

function files(dir: string, kind: string): number {
  const [folder] = readdirSync(dir);
  return readdirSync(join(dir, folder!)).filter((name) => name.startsWith(kind)).length;
}

/** Memory of ever smaller sizes until not even a page is left. */
function fill(job: FastIOContext): FastIOAllocation<"uint8">[] {
  const held: FastIOAllocation<"uint8">[] = [];
  for (let size = MiB; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (;;) held.push(job.create(size));
    } catch (error) {
      expect(error).toEqual(noSpace);
    }
  }
  return held;
}

const permitted = SmallFileSystem.permitted();

describe.skipIf(!permitted)("a full file system (skipped where mounting is not permitted)", () => {
  test("refuses what does not fit, with the figures, and keeps nothing of it", async () => {
    using small = new SmallFileSystem(4 * MiB);
    using job = FastIOContext.open("full", { dir: small.dir });
    expect(() => job.create(5 * MiB)).toThrow(/5246976 bytes were asked for and the file system has room for \d{7}\./);
    expect(() => job.create(5 * MiB)).toThrow(noSpace);
    await expect(job.createAsync(5 * MiB)).rejects.toEqual(noSpace);
    expect(files(small.dir, "s")).toBe(0);
    expect(job.stats().allocations).toBe(0);
    const fits = job.create(3 * MiB);
    fits.map().fill(1);
    expect(fits.map()[3 * MiB - 1]).toBe(1);
  });

  test("never kills whoever writes what was created, and takes new memory when some was released", () => {
    using small = new SmallFileSystem(4 * MiB);
    using job = FastIOContext.open("full", { dir: small.dir, recycleBytesMax: 0 });
    const held = fill(job);
    for (const one of held) one.map().fill(255);
    for (const one of held) expect(one.getArray()[one.sizeInBytes - 1]).toBe(255);
    held[0]!.release();
    using again = job.create(MiB);
    expect(again.map().every((byte) => byte === 0)).toBe(true);
  });

  test("refuses publications whose record or attributes have no room; those that stand stay readable", () => {
    using small = new SmallFileSystem(2 * MiB);
    using job = FastIOContext.open("full", { dir: small.dir, recycleBytesMax: 0 });
    const memory = job.create(100);
    memory.map().fill(6);
    const held = fill(job);
    const published: string[] = [];
    let refused: unknown;
    for (let i = 0; i < 40 && refused === undefined; i++) {
      try {
        memory.publish(`name ${i}`, { attributes: { i } });
        published.push(`name ${i}`);
      } catch (error) {
        refused = error;
      }
    }
    expect(refused).toEqual(noSpace);
    expect(job.list()).toEqual(published.sort());
    for (const name of published) {
      using got = job.get(name);
      expect(got.getArray().every((byte) => byte === 6)).toBe(true);
    }
    for (const one of held) one.release();
    memory.publish("room again", { attributes: { again: true } });
    expect(job.get("room again").attributes).toEqual({ again: true });
  });

  test("refuses a process that wants to join, and the members go on", () => {
    using small = new SmallFileSystem(2 * MiB);
    using job = FastIOContext.open("full", { dir: small.dir, recycleBytesMax: 0 });
    job.create(100).publish("still here");
    fill(job);
    const joins = `import { FastIOContext } from ${JSON.stringify(join(import.meta.dir, "../../src/fastio/index.ts"))};
      try { FastIOContext.open("full", { dir: ${JSON.stringify(small.dir)} }) } catch (error) { console.log(error.code) }`;
    const child = Bun.spawnSync([process.execPath, "-e", joins], { stderr: "inherit" });
    expect(child.stdout.toString().trim()).toBe("no_space");
    expect(files(small.dir, "p")).toBe(1);
    expect(job.list()).toEqual(["still here"]);
  });

  const module = JSON.stringify(join(import.meta.dir, "../../src/fastio/index.ts"));
  const member = (dir: string, rest: string) => `import { FastIOContext } from ${module};
    const job = FastIOContext.open("full", { dir: ${JSON.stringify(dir)} }); ${rest}`;
  const dies = `const held = [1, 2, 3].map(() => job.create(300_000));
    held[0].publish("its");
    held[1].publish("hidden");
    job.get("hidden");
    held[1].free();
    process.kill(process.pid, "SIGKILL")`;

  test("is no trap for a process that joins and has to clear up after a dead one", () => {
    using small = new SmallFileSystem(2 * MiB);
    using job = FastIOContext.open("full", { dir: small.dir });
    expect(Bun.spawnSync([process.execPath, "-e", member(small.dir, dies)]).signalCode).toBe("SIGKILL");
    expect(() => {
      for (;;) appendFileSync(join(small.dir, "filler"), new Uint8Array(4_096));
    }).toThrow("ENOSPC");
    const joins = member(small.dir, "console.log(job.list().join())");
    const child = Bun.spawnSync([process.execPath, "-e", joins], { stderr: "inherit" });
    expect(child.signalCode).toBeUndefined();
    expect(child.stdout.toString().trim()).toBe("its");
    expect(job.list()).toEqual(["its"]);
  });

  test("gives up what the dead held", () => {
    using small = new SmallFileSystem(2 * MiB);
    using job = FastIOContext.open("full", { dir: small.dir });
    expect(Bun.spawnSync([process.execPath, "-e", member(small.dir, dies)]).signalCode).toBe("SIGKILL");
    using large = job.create(1_400_000);
    large.map().fill(1);
    expect(job.stats()).toMatchObject({ processes: 1, allocations: 2 });
  });

  test.each([4, 8, 16, 32, 64, 84, 88, 92, 100, 116, 120, 124, 128, 132, 140])(
    "of %d KiB holds a job or is left as it was",
    (kib) => {
      using small = new SmallFileSystem(kib * 1_024);
      try {
        using job = FastIOContext.open("tiny", { dir: small.dir });
        expect(job.list()).toEqual([]);
      } catch (error) {
        expect(error).toEqual(noSpace);
      }
      expect(readdirSync(small.dir)).toEqual([]);
    },
  );

  test("gives up what is kept for recycling first", () => {
    using small = new SmallFileSystem(8 * MiB);
    using job = FastIOContext.open("full", { dir: small.dir });
    job.create(4 * MiB).release();
    expect(job.stats()).toMatchObject({ recyclable: 1 });
    using large = job.create(6 * MiB);
    large.map().fill(1);
    expect(job.stats()).toMatchObject({ recyclable: 0, allocations: 1 });
  });

  test("gives up what another process keeps for recycling", async () => {
    using small = new SmallFileSystem(8 * MiB);
    const keeps = `import { FastIOContext } from ${JSON.stringify(join(import.meta.dir, "../../src/fastio/index.ts"))};
      const job = FastIOContext.open("full", { dir: ${JSON.stringify(small.dir)} });
      job.create(${4 * MiB}).release();
      console.log("kept");
      process.stdin.on("data", () => { job.create(1000).publish("goes on"); process.exit(0) });`;
    const child = Bun.spawn([process.execPath, "-e", keeps], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    await child.stdout.getReader().read();
    using job = FastIOContext.open("full", { dir: small.dir });
    expect(job.stats()).toMatchObject({ recyclable: 1, processes: 2 });
    using large = job.create(6 * MiB);
    large.map().fill(1);
    expect(job.stats()).toMatchObject({ recyclable: 0 });
    child.stdin.write("go\n");
    await child.stdin.end();
    expect(await child.exited).toBe(0);
    expect(job.list()).toEqual(["goes on"]);
  });
});
