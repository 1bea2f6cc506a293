import type { DeviceWait } from "../device/index.ts";
import { makeError } from "../native/error.ts";
import type { TensorInput } from "../tensor/index.ts";
import type { RunnerDevice } from "./deployment/runner-device.ts";
import type { ReplicaOutputs } from "./deployment/saved-outputs.ts";

/** Options of `ModelRunner.load` for devices and for what a model is given when it is loaded. */
export interface DeploymentConfig {
  /**
   * Data for inputs that load programs bring, weights for instance, in place of what the PopEF files hold; and for inputs of the
   * main program, which then are constant and no longer inputs of `execute`. Copied. An ONNX model has the latter only.
   */
  readonly frozenInputs?: Readonly<Record<string, TensorInput>> | undefined;
  /**
   * Devices of the caller's, by replica; they stay the caller's to close. Default: devices are chosen and closed. A `CudaDevice` of
   * `millrace/cuda` may have several replicas; all replicas have one, or none.
   */
  readonly replicaToDevice?: Readonly<Record<number, RunnerDevice>> | undefined;
  /** The device of every replica that `replicaToDevice` does not name. */
  readonly device?: RunnerDevice | undefined;
  /** How to wait for devices that others have. Default: not at all. */
  readonly deviceWaitConfig?: DeviceWait | undefined;
  /** The executable must be of this version and unchanged since it was compiled. Default true. */
  readonly checkPackageHash?: boolean | undefined;
  /** `close` runs the save programs. Default false. */
  readonly runSavePrograms?: boolean | undefined;
  /** By replica and output: memory for what the save programs give, filled when `close` has resolved. */
  readonly replicaToSaveProgramsOutputs?: ReplicaOutputs | undefined;
  /**
   * After an application error, or a recoverable one whose recovery action is `IPU_RESET`, the device is reset and loaded again
   * before the next request runs. Default false: requests fail until somebody has mended it.
   */
  readonly autoReset?: boolean | undefined;
  /**
   * How many host synchronisations a device may prepare in advance: `"unlimited"`, or a whole number as text. Default
   * `"unlimited"`, unless the model's engine options say otherwise. A device that looks ahead wants the rows of later iterations
   * before it gives the outputs of earlier ones: `"0"` where one request must not wait for the next.
   */
  readonly maxLookAhead?: string | undefined;
}

export const deploymentDefaults = {
  checkPackageHash: true,
  runSavePrograms: false,
  autoReset: false,
  maxLookAhead: "unlimited",
} as const;

type Resolved = { readonly [K in keyof typeof deploymentDefaults]: NonNullable<DeploymentConfig[K]> } & Omit<
  DeploymentConfig,
  keyof typeof deploymentDefaults
>;

/** Defaults are filled in already. @throws ArgumentError `invalid_argument` */
export function resolveDeployment(config: DeploymentConfig, op: string): Resolved {
  const { maxLookAhead } = config;
  if (typeof maxLookAhead !== "string" || !/^(unlimited|\d{1,9})$/.test(maxLookAhead)) {
    throw makeError("invalid_argument", {
      op,
      message: `maxLookAhead is ${JSON.stringify(maxLookAhead)}.`,
      hint: 'Use "unlimited" or a whole number as text, "0" for instance.',
    });
  }
  return {
    checkPackageHash: checkBoolean(config.checkPackageHash, "checkPackageHash", op),
    runSavePrograms: checkBoolean(config.runSavePrograms, "runSavePrograms", op),
    autoReset: checkBoolean(config.autoReset, "autoReset", op),
    maxLookAhead,
    frozenInputs: checkRecord(config.frozenInputs, "frozenInputs", op),
    replicaToDevice: checkRecord(config.replicaToDevice, "replicaToDevice", op),
    device: checkRecord(config.device, "device", op),
    replicaToSaveProgramsOutputs: checkRecord(config.replicaToSaveProgramsOutputs, "replicaToSaveProgramsOutputs", op),
    deviceWaitConfig: config.deviceWaitConfig,
  };
}

function checkRecord<T>(value: T, name: string, op: string): T {
  if (value === undefined || (typeof value === "object" && value !== null)) return value;
  throw makeError("invalid_argument", {
    op,
    message: `${name} is ${String(value)}, no ${name === "device" ? "device" : "record"}.`,
  });
}

export function checkBoolean(value: unknown, name: string, op: string): boolean {
  if (typeof value === "boolean") return value;
  throw makeError("invalid_argument", { op, message: `${name} is ${String(value)}, neither true nor false.` });
}
