import { reasons, simulatorPath, writePath } from "../device/driver.ts";
import { check, checkInteger, writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { logChoice } from "../native/log.ts";
import { heldByRunners } from "../runner/deployment/held.ts";
import { SimulatedIpus } from "./simulated-ipus.ts";

export interface SimulationOptions {
  /** IPUs of the system, 1 to 64. */
  readonly ipus: number;
  /** Their architecture: 1, 2 or 21; -1: one that nobody knows. Default 2. */
  readonly ipuVersion?: number | undefined;
  /**
   * Processes of one user that name the same system (1 to 48 of `A-Z a-z 0-9 . _ -`) share its IPUs, each of which one
   * process at a time can have. Give the same `ipus` in all of them. Default: a system of this process's own.
   */
  readonly system?: string | undefined;
  /** Whether the IPUs support remote buffers. Default true. */
  readonly remoteBuffers?: boolean | undefined;
  /** Default: as many as the architecture has. */
  readonly tilesPerIpu?: number | undefined;
}

const op = "simulate";
const tilesMax = 65_536;

/** Simulated devices in place of the real ones, in the whole process, until it is closed. */
export class Simulation implements Disposable {
  /** What is to go wrong. */
  readonly ipu: SimulatedIpus;
  readonly system: string;
  readonly #native: { readonly slot: number; readonly generation: number };
  #closed = false;

  /** @internal */
  constructor(slot: number, system: string) {
    this.#native = { slot, generation: block.results[0]! };
    this.ipu = new SimulatedIpus(this.#native);
    this.system = system;
  }

  /**
   * What this process has opened on the simulated devices and not closed yet, in words; `[]` when there is nothing. What an open
   * ModelRunner of this thread has is no leak: it goes with the runner.
   */
  leaks(): string[] {
    check(native.mr_simulation_leaks(this.#native.slot, this.#native.generation), "Simulation.leaks");
    const { devices, executables, engines } = heldByRunners;
    const held = [devices, 0, executables, engines];
    return ["attached device", "IPU model", "executable", "engine"].flatMap((what, index) => {
      const count = block.results[index]! - held[index]!;
      return count <= 0 ? [] : [`${count} ${what}${count === 1 ? "" : "s"}`];
    });
  }

  /** Ends the simulation. Devices that are still open stay usable until they are closed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    check(native.mr_simulation_close(this.#native.slot, this.#native.generation), "Simulation.close");
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Makes this process's devices simulated ones: in every thread, until the simulation is closed or the thread that began it
 * ends. One at a time.
 *
 * @throws ArgumentError `invalid_argument`
 * @throws StateError `simulation_active`
 */
export function simulate(options: SimulationOptions): Simulation {
  const ipus = checkInteger(options?.ipus, "ipus", op, 1, 64);
  const ipuVersion = checkInteger(options.ipuVersion ?? 2, "ipuVersion", op, -1, 0xffff);
  const tiles = checkInteger(options.tilesPerIpu ?? 0, "tilesPerIpu", op, 0, tilesMax);
  const system = options.system ?? `${process.pid}-${crypto.randomUUID()}`;
  const path = simulatorPath(op);
  const pathBytes = writePath(path, op);
  const nameBytes = writeText(String(system), pathBytes, 200, () =>
    makeError("invalid_argument", { op, message: `the system's name is ${system}.` }),
  );
  const remote = Number(options.remoteBuffers ?? true);
  const slot = check(native.mr_simulation_begin(pathBytes, nameBytes, ipus, ipuVersion, tiles, remote), op);
  const simulation = new Simulation(slot, system);
  logChoice(`device driver ${path}: ${reasons.simulated}`);
  return simulation;
}
