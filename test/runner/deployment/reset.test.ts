import { describe, expect, test } from "bun:test";
import { ModelRunner } from "../../../src/runner/index.ts";
import { type FaultPlan, simulate } from "../../../src/testing/index.ts";
import { failure } from "../fixture.ts";
import { popefFile, product, rows } from "./popef-models.ts";

type Fault = Pick<FaultPlan, "error" | "recoveryAction">;

/** How a device fails, the error that requests get, and whether `autoReset` mends it. */
const table: readonly [Fault, string, boolean][] = [
  [{ error: "application" }, "device_application", true],
  [{ error: "recoverable", recoveryAction: "IPU_RESET" }, "device_recoverable", true],
  [{ error: "recoverable", recoveryAction: "LINK_RESET" }, "device_recoverable", false],
  [{ error: "recoverable", recoveryAction: "PARTITION_RESET" }, "device_recoverable", false],
  [{ error: "recoverable", recoveryAction: "FULL_RESET" }, "device_recoverable", false],
  [{ error: "unknown" }, "device_unknown", false],
  [{ error: "unrecoverable" }, "device_unrecoverable", false],
  [{ error: "lost" }, "device_unrecoverable", false],
];
const cells = table.flatMap(([fault, code, mends]) =>
  [true, false].map((autoReset) => {
    const name = [fault.error, fault.recoveryAction].filter((part) => part !== undefined).join(" with ");
    const then = autoReset && mends ? "works again at the next request" : "goes on failing";
    return [name, autoReset, then, fault, code] as const;
  }),
);

test("users' tests make a device fail, and see that the runner recovers and leaks nothing", async () => {
  const image = rows(4);
  const path = await popefFile();
  using sim = simulate({ ipus: 1 });
  sim.ipu.fail({ atSync: 2, error: "recoverable", recoveryAction: "IPU_RESET" });
  await using runner = await ModelRunner.load(path, { autoReset: true });
  await runner.executeAsync({ x: image }).catch((e) => expect(e.code).toBe("device_recoverable"));
  await runner.executeAsync({ x: image }); // reset, works again
  expect(sim.leaks()).toEqual([]);
});

describe("a replica whose device fails", () => {
  test.each(cells)("%s, autoReset %p: %s", async (_name, autoReset, then, fault, code) => {
    using sim = simulate({ ipus: 1 });
    {
      await using runner = await ModelRunner.load(await popefFile(), { autoReset });
      expect((await runner.executeAsync({ x: rows(4) }))["y"]!.data).toEqual(product(rows(4)));
      sim.ipu.fail({ atSync: 1, message: "as planned", ...fault });
      await expect(runner.executeAsync({ x: rows(4) })).rejects.toEqual(failure(code, "as planned"));
      const next = runner.executeAsync({ x: rows(4, 1) });
      if (then === "goes on failing") await expect(next).rejects.toEqual(failure(code));
      else expect((await next)["y"]!.data).toEqual(product(rows(4, 1)));
    }
    expect(sim.leaks()).toEqual([]);
  });

  test("fails those that run and those that wait alike", async () => {
    for (const autoReset of [true, false]) await failsAll(autoReset);
  });

  async function failsAll(autoReset: boolean) {
    using sim = simulate({ ipus: 1 });
    await using runner = await ModelRunner.load(await popefFile({ deviceIterations: 2 }), { autoReset });
    sim.ipu.fail({ atSync: 3, error: "application" });
    sim.ipu.delay({ atSync: 1, times: 1, delayMs: 300 });
    const all = Array.from({ length: 8 }, (_, first) => runner.executeAsync({ x: rows(4, first) }));
    const ended = await Promise.allSettled(all);
    const codes = ended.map((one) => (one.status === "rejected" ? one.reason.code : "answered"));
    expect(codes).toEqual(["answered", ...Array(7).fill("device_application")]);
    expect(runner.stats()).toMatchObject({ completed: 1, failed: 7, pending: 0, queued: 0, running: 0 });
  }

  test("goes on failing after an error that a reset does not mend", async () => {
    using sim = simulate({ ipus: 1 });
    await using runner = await ModelRunner.load(await popefFile(), { autoReset: true });
    sim.ipu.fail({ atSync: 1, error: "recoverable", recoveryAction: "FULL_RESET" });
    for (let time = 0; time < 3; time++)
      await expect(runner.executeAsync({ x: rows(4) })).rejects.toEqual(failure("device_recoverable", "FULL_RESET"));
  });

  test("is reset before the next request where autoReset says so, and else goes on failing, as by default", async () => {
    using sim = simulate({ ipus: 1 });
    for (const config of [{ autoReset: true }, {}]) {
      await using runner = await ModelRunner.load(await popefFile(), config);
      sim.ipu.fail({ atSync: 1, error: "recoverable" });
      await expect(runner.executeAsync({ x: rows(4) })).rejects.toEqual(failure("device_recoverable", "IPU_RESET"));
      const next = runner.executeAsync({ x: rows(4) });
      if (config.autoReset) expect((await next)["y"]!.data).toEqual(product(rows(4)));
      else await expect(next).rejects.toEqual(failure("device_recoverable"));
      expect(runner.config().autoReset).toBe(config.autoReset ?? false);
    }
  });

  test("has its weights again after the reset", async () => {
    using sim = simulate({ ipus: 1 });
    const w = new Float32Array(32).fill(2);
    await using runner = await ModelRunner.load(await popefFile(), { autoReset: true, frozenInputs: { w } });
    sim.ipu.fail({ atSync: 1, error: "application" });
    await expect(runner.executeAsync({ x: rows(4) })).rejects.toEqual(failure("device_application"));
    expect((await runner.executeAsync({ x: rows(4) }))["y"]!.data).toEqual(product(rows(4), w));
  });

  test("does not disturb the other replicas", async () => {
    using sim = simulate({ ipus: 2 });
    await using runner = await ModelRunner.load(await popefFile(), { replicationFactor: 2 });
    sim.ipu.fail({ atSync: 1, error: "unrecoverable" });
    await expect(runner.executeAsync({ x: rows(4) }, { replicaId: 1 })).rejects.toEqual(
      failure("device_unrecoverable"),
    );
    expect((await runner.executeAsync({ x: rows(4) }, { replicaId: 0 }))["y"]!.data).toEqual(product(rows(4)));
  });

  test("that waited too long for rows is loaded again, whatever autoReset says", async () => {
    using _sim = simulate({ ipus: 1 });
    const path = await popefFile({ deviceIterations: 2, engineOptions: { "target.hostSyncTimeout": "0.05" } });
    await using runner = await ModelRunner.load(path, { timeoutNs: 0 });
    await expect(runner.executeAsync({ x: rows(4) })).rejects.toEqual(failure("host_sync_timeout"));
    expect((await runner.executeAsync({ x: rows(8) }))["y"]!.data).toEqual(product(rows(8)));
  });
});
