import { describe, expect, test } from "bun:test";
import { ModelRunner, type ModelRunnerConfig } from "../../../src/runner/index.ts";
import { simulate } from "../../../src/testing/index.ts";
import { failure } from "../fixture.ts";
import { popefFile, rows, weight } from "./popef-models.ts";

const places = [
  ["the processor", 0],
  ["a simulated IPU", 2],
] as const;

/** Runs one request and closes; with so many simulated IPUs. */
async function live(ipus: number, config: ModelRunnerConfig, before = () => {}): Promise<void> {
  using sim = ipus > 0 ? simulate({ ipus }) : undefined;
  const runner = await ModelRunner.load(await popefFile(), config);
  await runner.executeAsync({ x: rows(4) });
  before();
  await runner.close();
  expect(sim?.leaks() ?? []).toEqual([]);
}

describe.each(places)("save programs on %s", (_name, ipus) => {
  test("run when the runner closes, if runSavePrograms asks for it: the weights come back", async () => {
    const w = new Float32Array(32);
    const config = { runSavePrograms: true, replicaToSaveProgramsOutputs: { 0: { w } } };
    await live(ipus, config, () => expect(w).toEqual(new Float32Array(32)));
    expect(w).toEqual(weight);
  });

  test("do not run by default", async () => {
    const w = new Float32Array(32);
    await live(ipus, { replicaToSaveProgramsOutputs: { 0: { w } } });
    expect(w).toEqual(new Float32Array(32));
  });

  test("give what each replica has to that replica's memory", async () => {
    const own = [new Float32Array(32), new Float32Array(32)];
    const frozen = weight.map((value) => -value);
    await live(ipus, {
      replicationFactor: 2,
      runSavePrograms: true,
      frozenInputs: { w: frozen },
      replicaToSaveProgramsOutputs: { 0: { w: own[0]! }, 1: { w: own[1]! } },
    });
    expect(own).toEqual([frozen, frozen]);
  });

  test("may run for nobody", () => live(ipus, { runSavePrograms: true }));

  test.each([
    [{ 0: { v: new Float32Array(32) } }, "unknown_output", '"w"'],
    [{ 0: { w: new Float32Array(31) } }, "wrong_shape", "w"],
    [{ 0: { w: new Int32Array(32) } }, "wrong_dtype", "w"],
    [{ 1: { w: new Float32Array(32) } }, "invalid_argument", "replica 1 of 1"],
    [7, "invalid_argument", "replicaToSaveProgramsOutputs"],
  ])("%p are refused", async (replicaToSaveProgramsOutputs, code, words) => {
    const config = { replicaToSaveProgramsOutputs } as ModelRunnerConfig;
    const loading = ModelRunner.load(await popefFile(), config);
    await expect(loading).rejects.toEqual(failure(code, words));
  });
});

test("what a save program fails with is what close rejects with, and everything is given back all the same", async () => {
  using sim = simulate({ ipus: 1 });
  const runner = await ModelRunner.load(await popefFile(), { runSavePrograms: true });
  await runner.executeAsync({ x: rows(4) });
  sim.ipu.fail({ atSync: 1, error: "unrecoverable" });
  await expect(runner.close()).rejects.toEqual(failure("device_unrecoverable"));
  expect(sim.leaks()).toEqual([]);
});
