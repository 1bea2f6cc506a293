import { makeError } from "../native/error.ts";
import { native } from "../native/library.ts";
import { beginGpus, type GpuSystem } from "./gpu-system.ts";
import { beginIpus, type IpuSystem } from "./ipu-system.ts";
import { type Handle, Simulation } from "./simulation.ts";

export interface SimulationOptions extends IpuSystem {
  /** How many GPUs there are, or more about them. Default: the machine's own, if it has any. */
  readonly cuda?: number | GpuSystem | undefined;
}

const op = "simulate";

/**
 * Makes this process's devices simulated ones: IPUs, GPUs or both, in every thread, until the simulation is closed or the thread that
 * began it ends. One at a time of each kind.
 *
 * @throws ArgumentError `invalid_argument`
 * @throws StateError `simulation_active`
 */
export function simulate(options: SimulationOptions): Simulation {
  if (options?.ipus === undefined && options?.cuda === undefined) {
    throw makeError("invalid_argument", { op, message: "one of ipus and cuda says what is simulated." });
  }
  const system = options.system ?? `${process.pid}-${crypto.randomUUID()}`;
  const ipus = options.ipus === undefined ? undefined : beginIpus(options, system, op);
  return new Simulation(system, ipus, begunGpus(options, ipus));
}

function begunGpus({ cuda }: SimulationOptions, ipus: Handle | undefined): Handle | undefined {
  if (cuda === undefined) return undefined;
  try {
    return beginGpus(cuda, op);
  } catch (error) {
    if (ipus !== undefined) native.mr_simulation_close(ipus.slot, ipus.generation);
    throw error;
  }
}
