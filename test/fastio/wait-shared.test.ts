import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FastIOContext } from "../../src/fastio/index.ts";

test("closing one of two contexts of a thread leaves the other's waiters waiting", async () => {
  const dir = mkdtempSync("/dev/shm/millrace-wait-");
  try {
    using one = FastIOContext.open("job", { dir });
    const other = FastIOContext.open("job", { dir });
    const late = one.waitFor("late", { timeoutMs: 20_000 });
    const never = other.waitFor("never").catch((error: { code: string }) => error.code);
    other.close();
    expect(await never).toBe("closed");
    const module = JSON.stringify(join(import.meta.dir, "../../src/fastio/index.ts"));
    // Starting it takes longer than this thread polls: it sleeps by then, and only the native watcher wakes it.
    const child = Bun.spawn([
      process.execPath,
      "-e",
      `import { FastIOContext } from ${module};
       await Bun.sleep(100);
       FastIOContext.open("job", { dir: ${JSON.stringify(dir)} }).create(10).publish("late");`,
    ]);
    expect((await late).sizeInBytes).toBe(10);
    expect(await child.exited).toBe(0);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
