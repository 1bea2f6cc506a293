import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeviceManager } from "../../src/device/index.ts";
import { FileWriter, type Model } from "../../src/popef/index.ts";
import { Session, type SessionConfig } from "../../src/session/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { canSkipPackageHash } from "../device/under-test.ts";
import { failsWith } from "../fastio/fails-with.ts";
import { Bound } from "./bound.ts";
import { type CopyOptions, copyModel, load, weight } from "./copy-model.ts";

function save(model: Model, path: string): void {
  using writer = new FileWriter(path);
  writer.createExecutable("copy").write(model.executable.data.bytes());
  writer.write(model.metadata);
  writer.createTensorData({ name: "w", tensorInfo: { shape: [4] } }).write(new Float32Array(weight));
  writer.close();
}

describe("Session.create", () => {
  test("opens a file, and closes the model with the session", async () => {
    const dir = mkdtempSync(join(tmpdir(), "millrace-session-"));
    const path = join(dir, "copy.popef");
    using model = copyModel();
    save(model, path);
    for (const paths of [path, [path]]) {
      const session = await Session.create(paths);
      expect(session.getInputAnchors().map(({ name }) => name)).toEqual(["image", "w"]);
      await session.close();
      expect(session.model.closed).toBe(true);
    }
    await expect(Session.create(join(dir, "none.popef"))).rejects.toEqual(failsWith("file_not_found"));
    rmSync(dir, { recursive: true });
  });

  test("leaves a model that it is given open, and binds to nothing by default", async () => {
    using model = copyModel();
    const session = await Session.create(model);
    expect(() => session.runLoadPrograms()).toThrow(failsWith("not_bound"));
    await session.close();
    expect(model.closed).toBe(false);
  });

  test("with the immediate policy gets a device that fits, and gives it back at the end", async () => {
    using sim = simulate({ ipus: 1 });
    using model = copyModel();
    const session = await Session.create(model, { policy: "immediate" });
    session.runLoadPrograms();
    expect(new DeviceManager().tryGetDevice(1)).toBeUndefined();
    await session.close();
    new DeviceManager().getDevice(1).close();
    expect(sim.leaks()).toEqual([]);
  });

  test("fails at once where no device is free, or waits as waitConfig says", async () => {
    using sim = simulate({ ipus: 1 });
    using model = copyModel();
    const held = new DeviceManager().getDevice(1);
    await expect(Session.create(model, { policy: "immediate" })).rejects.toEqual(failsWith("device_unavailable"));
    const waiting = Session.create(model, {
      policy: "immediate",
      waitConfig: { strategy: "waitWithTimeout", timeoutMs: 20_000, sleepTimeMs: 5 },
    });
    setTimeout(() => held.close(), 20);
    await using session = await waiting;
    session.runLoadPrograms();
    expect(sim.leaks()).not.toEqual([]);
  });

  test("a constructor cannot wait for a device", () => {
    using model = copyModel();
    expect(() => new Session(model, { policy: "immediate" })).toThrow(failsWith("invalid_argument", "Session.create"));
  });
});

describe("the package hash", () => {
  // In the graph's place there is nothing here; a byte of the hash itself stands for one of it.
  const damage = (bytes: Uint8Array) => bytes.fill(7, 40, 48);

  test("is checked by the constructor", () => {
    using model = copyModel({ damage });
    expect(() => new Session(model)).toThrow(failsWith("package_hash"));
    expect(() => new Session(model, { checkPackageHash: true })).toThrow(failsWith("package_hash"));
  });

  test.if(canSkipPackageHash)("is not looked at where checkPackageHash is false", async () => {
    await using bound = new Bound({ damage }, { checkPackageHash: false });
    bound.session.runLoadPrograms();
  });
});

describe("an executable", () => {
  test("that is damaged is refused by the constructor", () => {
    using model = copyModel({ damage: (bytes) => bytes.fill(0, 64, 80) });
    expect(() => new Session(model)).toThrow(failsWith("invalid_executable"));
  });

  test("of Poplar's is refused by name on a device that is none of Poplar's", async () => {
    const damage = (bytes: Uint8Array) => bytes.set(new TextEncoder().encode("GC_EXE_3"));
    using model = copyModel({ damage });
    await using session = new Session(model);
    using cpu = new DeviceManager().createCpuDevice();
    expect(() => session.bindToDevice(cpu)).toThrow(failsWith("invalid_executable", "GC_EXE_3"));
    using _ = simulate({ ipus: 1 });
    using ipu = new DeviceManager().getDevice(1);
    await expect(session.bindToDeviceAsync(ipu)).rejects.toEqual(failsWith("invalid_executable", "GC_EXE_3"));
  });
});

describe("maxLookAhead", () => {
  /** What happens first: the device reads the second input, or the first output is there. */
  async function first(options: CopyOptions, config: SessionConfig): Promise<string> {
    await using bound = new Bound({ prefetch: true, iterations: 2, ...options }, config);
    const queues = bound.session.createQueueManager();
    const order: string[] = [];
    queues.inputQueue("image").enqueue(new Float32Array(4));
    queues.inputQueue("image").enqueue(new Float32Array(4), { readStart: () => void order.push("second input") });
    const output = queues.outputQueue("echo");
    output.enqueue(new Float32Array(4), { writeComplete: () => void order.push("first output") });
    output.enqueue(new Float32Array(4), {});
    await bound.session.runMainProgramsAsync();
    while (order.length < 2) await Bun.sleep(1);
    return order[0]!;
  }

  test("is unlimited by default: inputs are read ahead", async () => {
    expect(await first({}, {})).toBe("second input");
    expect(await first({}, { maxLookAhead: "unlimited" })).toBe("second input");
  });

  test("of 0 has nothing read ahead", async () => {
    expect(await first({}, { maxLookAhead: "0" })).toBe("first output");
  });

  test("is the model's where the session names none, and the session's otherwise", async () => {
    expect(await first({ maxLookahead: "0" }, {})).toBe("first output");
    expect(await first({ maxLookahead: "0" }, { maxLookAhead: "1" })).toBe("second input");
  });

  test.each([[5], ["-1"], ["many"], ["1.5"], [""]])("%p is refused", (maxLookAhead) => {
    using model = copyModel();
    expect(() => new Session(model, { maxLookAhead } as SessionConfig)).toThrow(
      failsWith("invalid_argument", "maxLookAhead"),
    );
  });
});

test("options that the engine does not know are refused by name when it is made", async () => {
  using model = copyModel({ maxLookahead: "some" });
  await using session = new Session(model);
  await using bound = new Bound();
  expect(() => session.bindToDevice(bound.device)).toThrow(failsWith("invalid_option", "maxLookahead"));
  await using overruled = new Session(model, { maxLookAhead: "0" });
  overruled.bindToDevice(bound.device);
  overruled.runPrograms([load]);
});

test.each([
  [{ policy: "sometimes" }, "policy"],
  [{ checkPackageHash: 1 }, "checkPackageHash"],
  [{ predTensorData: {} }, "predTensorData"],
])("%p is refused", (config, name) => {
  using model = copyModel();
  expect(() => new Session(model, config as SessionConfig)).toThrow(failsWith("invalid_argument", name));
});
