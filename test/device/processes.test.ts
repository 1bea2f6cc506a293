import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DeviceManager } from "../../src/device/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { tellsWhyRefused } from "./under-test.ts";

const manager = new DeviceManager();
const wait = { strategy: "waitWithTimeout", timeoutMs: 60_000, sleepTimeMs: 5 } as const;

/** A process that holds a device of the system. */
async function hold(system: string, id: number) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "programs/holder.ts"), system, String(id)], {
    env: { ...process.env, MILLRACE_BUILD: "debug" },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = child.stdout.getReader();
  const said = new TextDecoder().decode((await reader.read()).value);
  expect(said.trim()).toBe(String(id));
  return child;
}

test("two processes of one system: one has the IPU, the other is told which process that is", async () => {
  using sim = simulate({ ipus: 2 });
  const child = await hold(sim.system, 0);
  expect(() => manager.getSpecificDevice(0)).toThrow(
    `IPU 0 is held by ${tellsWhyRefused ? `process ${child.pid}` : "another owner"}`,
  );
  const others = tellsWhyRefused ? child.pid : "unknown";
  expect(manager.devices().map(({ heldBy }) => heldBy)).toEqual([
    others,
    tellsWhyRefused ? "nobody" : "unknown",
    others,
  ]);
  // The pair needs the IPU that is held; the other IPU is free.
  expect(manager.tryGetDevice(2)).toBeUndefined();
  using other = manager.getDevice(1);
  expect(other.id).toBe(1);
  child.kill();
  await child.exited;
});

test("an IPU that another process gives back is had by the one that waits", async () => {
  using sim = simulate({ ipus: 2 });
  const child = await hold(sim.system, 2);
  const waiting = manager.getDeviceAsync(2, { wait });
  child.stdin.write("go on\n");
  child.stdin.flush();
  using device = await waiting;
  expect(device.id).toBe(2);
  child.kill();
  await child.exited;
});

test("an IPU whose owner was killed is free, and nothing of the owner is left", async () => {
  using sim = simulate({ ipus: 2 });
  const before = sharedMemory();
  const child = await hold(sim.system, 2);
  child.kill("SIGKILL");
  using device = await manager.getSpecificDeviceAsync(2, { wait });
  expect(device.attached).toBe(true);
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
  expect(sharedMemory().filter((name) => !before.includes(name))).toEqual([]);
});

test("processes of other systems do not meet", async () => {
  using _sim = simulate({ ipus: 2 });
  const child = await hold("elsewhere", 0);
  using device = manager.getSpecificDevice(0);
  expect(device.attached).toBe(true);
  child.kill();
  await child.exited;
});

test("children that are started meanwhile do not hold what their parent gave back", async () => {
  using _sim = simulate({ ipus: 1 });
  const children: Bun.Subprocess[] = [];
  for (let round = 0; round < 10; round++) {
    using _device = manager.getDevice(1);
    children.push(Bun.spawn(["sleep", "30"], { stdio: ["ignore", "ignore", "ignore"] }));
  }
  using _free = manager.getDevice(1);
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map(({ exited }) => exited));
});

/** What is there, without what other test runs on the machine have of their own. */
function sharedMemory(): string[] {
  return readdirSync("/dev/shm").filter((name) => !name.startsWith("millrace-test-"));
}
