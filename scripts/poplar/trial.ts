// Runs a model several times with the same random inputs, and compares what comes out.
import type { DeviceManager } from "../../src/device/index.ts";
import type { Model } from "../../src/popef/index.ts";
import { Session } from "../../src/session/index.ts";
import { randomInput } from "./random-input.ts";

export interface Trial {
  readonly device: {
    readonly id: number;
    readonly target: string;
    readonly numIpus: number;
    readonly tilesPerIpu: number;
  };
  /** Milliseconds of binding (which loads the executable), of the load programs, and of each run of the main programs. */
  readonly bindMs: number;
  readonly loadMs: number;
  readonly runMs: readonly number[];
  readonly outputs: readonly OutputOfTrial[];
  /** Whether every run gave the same bytes. */
  readonly repeatable: boolean;
}

export interface OutputOfTrial {
  readonly name: string;
  /** Bytes of all transfers of a run. */
  readonly bytes: number;
  /** SHA-256 of them, for each run. */
  readonly hashes: readonly string[];
}

const waitMs = 30_000;

export async function tryModel(manager: DeviceManager, model: Model, runs: number, seed: number): Promise<Trial> {
  using device = await manager.getDeviceAsync(model, { wait: { timeoutMs: waitMs, sleepTimeMs: 500 } });
  await using session = new Session(model);
  const bindMs = await milliseconds(() => session.bindToDeviceAsync(device));
  const outputs = new Map<string, { name: string; bytes: number; hash: Bun.CryptoHasher; hashes: string[] }>();
  let inputs = new Map<string, ReturnType<typeof randomInput>>();
  session.setUserInputHandler(({ anchor, replicaId }) => (view) => {
    const stream = `${anchor.handle} ${replicaId}`;
    const fill = inputs.get(stream) ?? randomInput(seed, stream);
    inputs.set(stream, fill);
    fill(view, anchor.tensorInfo.dtype);
  });
  session.setUserOutputHandler(({ anchor, replicaId }) => {
    const output = { name: anchor.name, bytes: 0, hash: new Bun.CryptoHasher("sha256"), hashes: [] };
    outputs.set(`${anchor.handle} ${replicaId}`, output);
    return (view) => {
      output.bytes += view.data.byteLength;
      output.hash.update(view.as("uint8") as Uint8Array);
    };
  });
  const loadMs = await milliseconds(() => session.runLoadProgramsAsync());
  const runMs: number[] = [];
  for (let run = 0; run < runs; run++) {
    inputs = new Map();
    for (const output of outputs.values()) output.bytes = 0;
    runMs.push(await milliseconds(() => session.runMainProgramsAsync()));
    for (const output of outputs.values()) output.hashes.push(output.hash.digest("hex"));
  }
  const { id, target, numIpus, tilesPerIpu } = device;
  const given = [...outputs.values()].filter(({ bytes }) => bytes > 0);
  return {
    device: { id, target, numIpus, tilesPerIpu },
    bindMs,
    loadMs,
    runMs,
    outputs: given.map(({ name, bytes, hashes }) => ({ name, bytes, hashes })),
    repeatable: given.every(({ hashes }) => new Set(hashes).size === 1),
  };
}

async function milliseconds(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return Math.round((performance.now() - begin) * 1000) / 1000;
}
