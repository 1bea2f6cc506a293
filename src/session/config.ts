import type { DeviceWait } from "../device/index.ts";
import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";
import { LaunchPolicy, type PopefDataUsagePredicate } from "./policy.ts";

export interface SessionConfig {
  /** When the session gets its device. Default `"deferred"`. `"immediate"` is for `Session.create`. */
  readonly policy?: LaunchPolicy | undefined;
  /** For which anchors the model's tensor data and feeds are used. Default: for all that have them. */
  readonly predTensorData?: PopefDataUsagePredicate | undefined;
  /** Whether the executable must be of this version and unchanged since it was compiled. Default true. */
  readonly checkPackageHash?: boolean | undefined;
  /** How `"immediate"` waits for a device. Default: not at all. */
  readonly waitConfig?: DeviceWait | undefined;
  /**
   * How many host synchronisations the device may prepare in advance: `"unlimited"`, or a whole number as text. Default
   * `"unlimited"`, unless the model's engine options say otherwise. `"0"` where one request must not wait for the next.
   */
  readonly maxLookAhead?: string | undefined;
  /** ONNX Runtime, which runs executables of ours. Default: the library that is found, with threads for all cores but one. */
  readonly engine?: SessionEngine | undefined;
}

export interface SessionEngine {
  readonly path?: string | undefined;
  /** Threads that one run may use. */
  readonly threads?: number | undefined;
}

export interface ResolvedConfig {
  readonly policy: LaunchPolicy;
  readonly predTensorData: PopefDataUsagePredicate | undefined;
  readonly checkPackageHash: boolean;
  readonly waitConfig: DeviceWait;
  readonly maxLookAhead: string;
  /** Whether the caller named it. */
  readonly maxLookAheadGiven: boolean;
  readonly engine: SessionEngine;
}

const defaults = switchable("SessionConfig", {
  policy: LaunchPolicy.Deferred as LaunchPolicy,
  predTensorData: undefined as PopefDataUsagePredicate | undefined,
  checkPackageHash: true,
  waitConfig: {} as DeviceWait,
  maxLookAhead: "unlimited",
});

/** @throws ArgumentError `invalid_argument` */
export function resolveConfig(config: SessionConfig, op: string): ResolvedConfig {
  const policy = config.policy ?? defaults.policy;
  if (!(Object.values(LaunchPolicy) as unknown[]).includes(policy)) throw wrong("policy", policy, op);
  const maxLookAhead = config.maxLookAhead ?? defaults.maxLookAhead;
  if (typeof maxLookAhead !== "string" || !/^(unlimited|\d{1,9})$/.test(maxLookAhead)) {
    throw makeError("invalid_argument", {
      op,
      message: `maxLookAhead is ${JSON.stringify(maxLookAhead)}.`,
      hint: 'Use "unlimited" or a whole number as text, "0" for instance.',
    });
  }
  const checkPackageHash = config.checkPackageHash ?? defaults.checkPackageHash;
  if (typeof checkPackageHash !== "boolean") throw wrong("checkPackageHash", checkPackageHash, op);
  const predTensorData = config.predTensorData ?? defaults.predTensorData;
  if (predTensorData !== undefined && typeof predTensorData !== "function")
    throw wrong("predTensorData", predTensorData, op);
  return {
    policy,
    predTensorData,
    checkPackageHash: checkPackageHash || off("package_hash_option"),
    waitConfig: off("session_wait_config") ? {} : (config.waitConfig ?? defaults.waitConfig),
    maxLookAhead,
    maxLookAheadGiven: config.maxLookAhead !== undefined,
    engine: config.engine ?? {},
  };
}

function wrong(name: string, value: unknown, op: string) {
  return makeError("invalid_argument", { op, message: `${name} is ${String(value)}.` });
}
