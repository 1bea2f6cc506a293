import { reasons, simulatorPath, writePath } from "../device/driver.ts";
import { check, checkInteger, writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { logChoice } from "../native/log.ts";
import type { Handle } from "./simulation.ts";

/** Simulated IPUs, as options of `simulate`. */
export interface IpuSystem {
  /** IPUs of the system, 1 to 64. Default: none. */
  readonly ipus?: number | undefined;
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

const tilesMax = 65_536;

/** @internal Begins a simulation; gives its handle. */
export function beginIpus(options: IpuSystem, system: string, op: string): Handle {
  const ipus = checkInteger(options.ipus, "ipus", op, 1, 64);
  const ipuVersion = checkInteger(options.ipuVersion ?? 2, "ipuVersion", op, -1, 0xffff);
  const tiles = checkInteger(options.tilesPerIpu ?? 0, "tilesPerIpu", op, 0, tilesMax);
  const path = simulatorPath(op);
  const pathBytes = writePath(path, op);
  const nameBytes = writeText(String(system), pathBytes, 200, () =>
    makeError("invalid_argument", { op, message: `the system's name is ${system}.` }),
  );
  const remote = Number(options.remoteBuffers ?? true);
  const slot = check(native.mr_simulation_begin(pathBytes, nameBytes, ipus, ipuVersion, tiles, remote), op);
  const generation = block.results[0]!;
  logChoice(`device driver ${path}: ${reasons.simulated}`);
  return { slot, generation };
}
