import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { killsFor, labels } from "./labels.ts";
import { Scene } from "./scene.ts";

const victim = [process.execPath, join(import.meta.dir, "victim.ts")];
const keeper = join(import.meta.dir, "keeper.ts");
// The shell is the namespace's first process, which SIGKILL from inside would spare.
const elsewhere = ["unshare", "--pid", "--fork", "sh", "-c", '"$@"; exit $?', "sh"];
const namespaces = Bun.spawnSync([...elsewhere, "true"], { stdout: "ignore", stderr: "ignore" }).exitCode === 0;

async function die(command: string[], dir: string, step: string): Promise<void> {
  const child = Bun.spawn([...command, dir], {
    env: { ...process.env, MILLRACE_BUILD: "debug", MILLRACE_KILL_AT: step },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const complaint = await new Response(child.stderr).text();
  const exit = await child.exited;
  // The shell says it with its exit status.
  if (child.signalCode !== "SIGKILL" && exit !== 128 + 9) throw new Error(`${step} was not reached: ${complaint}`);
}

describe("killed at any step, a process leaves a job that the others go on using, and nothing of its own", () => {
  test("there are steps", () => expect(labels().length).toBeGreaterThan(30));

  test.concurrent.each(labels())("%s", async (label) => {
    using scene = new Scene();
    for (const step of killsFor(label)) await die(victim, scene.dir, step);
    scene.expectSurvived();
  });
});

describe("the same while its parent does not wait for it", () => {
  test("every step", async () => {
    const scenes = labels().map((label) => ({ label, scene: new Scene() }));
    const plan = scenes.map(({ label, scene }) => ({ dir: scene.dir, steps: killsFor(label) }));
    const child = Bun.spawn([process.execPath, keeper, JSON.stringify(plan)], {
      env: { ...process.env, MILLRACE_BUILD: "debug" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    try {
      const reader = child.stdout.getReader();
      const { value } = await reader.read();
      const dead = JSON.parse(new TextDecoder().decode(value)) as number[];
      expect(dead.length).toBeGreaterThanOrEqual(scenes.length);
      for (const { label, scene } of scenes) {
        try {
          scene.expectSurvived();
        } catch (error) {
          throw new Error(`after ${label}`, { cause: error });
        }
      }
      for (const pid of dead) expect(readFileSync(`/proc/${pid}/stat`, "utf8")).toContain(") Z ");
    } finally {
      child.kill("SIGKILL");
      await child.exited;
      for (const { scene } of scenes) scene[Symbol.dispose]();
    }
  }, 120_000);
});

describe.skipIf(!namespaces)("the same from another pid namespace (skipped where unshare is not permitted)", () => {
  test.concurrent.each(labels())("%s", async (label) => {
    using scene = new Scene();
    for (const step of killsFor(label)) await die([...elsewhere, ...victim], scene.dir, step);
    scene.expectSurvived();
  });
});
