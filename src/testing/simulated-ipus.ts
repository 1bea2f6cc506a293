import { check, checkInteger, writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { RecoveryAction } from "../session/recovery-action.ts";

/** How a simulated IPU fails. */
export const IpuFault = {
  /** The program failed. Loading again brings the device back. */
  Application: "application",
  /** The device failed; its recovery action says what brings it back. Loading again does. */
  Recoverable: "recoverable",
  /** The device is in error until `repair()` or the end of the simulation. */
  Unrecoverable: "unrecoverable",
  /** The device is in error until it is reset. */
  Unknown: "unknown",
  /** As unrecoverable; what is more, nobody can attach to the IPUs any more. */
  Lost: "lost",
  /** At a load: the program does not fit. The device is none the worse for it. */
  OutOfMemory: "outOfMemory",
} as const;
export type IpuFault = (typeof IpuFault)[keyof typeof IpuFault];

/** Which occurrences a plan is about: those of every device, IPUs and models, or those of `device` alone. */
export interface Occurrence {
  /** The k-th host synchronisation from now, from 1. */
  readonly atSync?: number | undefined;
  /** The k-th time from now that a program is loaded onto a device, from 1. */
  readonly atLoad?: number | undefined;
  /** How many occurrences from there on. */
  readonly times?: number | undefined;
  /** A device's id. */
  readonly device?: number | undefined;
}

export interface FaultPlan extends Occurrence {
  readonly error: IpuFault;
  /** Of recoverable faults; default `"IPU_RESET"`. */
  readonly recoveryAction?: RecoveryAction | undefined;
  /** What the device says; up to 239 bytes. */
  readonly message?: string | undefined;
  /** Milliseconds before it fails. */
  readonly delayMs?: number | undefined;
}

/** Numbers of `sim/poplar/control.h`. */
const events = { sync: 0, attach: 1, load: 2 } as const;
const statuses: Readonly<Record<IpuFault, number>> = {
  application: 1,
  recoverable: 2,
  unrecoverable: 3,
  lost: 3,
  unknown: 4,
  outOfMemory: 10,
};
const refused = 4;
const messageBytesMax = 239;
const numberMax = 0xffff_ffff;
const delayMsMax = 3_600_000;

interface Entry {
  readonly event: number;
  readonly at: number;
  /** 0: all. */
  readonly times: number;
  readonly forMs?: number | undefined;
  readonly device?: number | undefined;
  readonly status?: number | undefined;
  readonly recoveryAction?: number | undefined;
  readonly lost?: boolean | undefined;
  readonly delayMs?: number | undefined;
  readonly message?: string | undefined;
}

/** What is to go wrong with the simulated IPUs. Plans are independent of each other; each counts from when it is made. */
export class SimulatedIpus {
  readonly #native: { readonly slot: number; readonly generation: number };

  /** @internal */
  constructor(native: { readonly slot: number; readonly generation: number }) {
    this.#native = native;
  }

  /**
   * A run or a load fails: `{ atSync: 2, error: "recoverable" }`. Once, unless `times` says otherwise.
   *
   * @throws ArgumentError `invalid_argument`
   */
  fail(plan: FaultPlan): void {
    const op = "SimulatedIpus.fail";
    const status = statuses[plan.error];
    if (status === undefined) {
      const message = `the error is ${String(plan.error)}, not one of ${Object.keys(statuses).join(", ")}.`;
      throw makeError("invalid_argument", { op, message });
    }
    const recoveryAction = plan.error === "recoverable" ? recoveryNumber(plan.recoveryAction) : 0;
    if (recoveryAction < 0) {
      throw makeError("invalid_argument", { op, message: `there is no recovery action ${plan.recoveryAction}.` });
    }
    const { message, delayMs } = plan;
    const lost = plan.error === "lost";
    this.#plan({ ...occurrence(plan, 1, op), status, recoveryAction, lost, message, delayMs }, op);
  }

  /** Host synchronisations, or loads, take longer: all that come, unless `times` says otherwise; from the first on. */
  delay(plan: Occurrence & { readonly delayMs: number }): void {
    const op = "SimulatedIpus.delay";
    const counted = plan.atSync === undefined && plan.atLoad === undefined ? { ...plan, atSync: 1 } : plan;
    this.#plan({ ...occurrence(counted, 0, op), delayMs: plan.delayMs }, op);
  }

  /** Nobody can attach, as if another process had the device: the next `times` (1), or for `forMs` milliseconds. */
  refuseAttach(
    plan: {
      readonly times?: number | undefined;
      readonly forMs?: number | undefined;
      readonly device?: number | undefined;
      readonly message?: string | undefined;
    } = {},
  ): void {
    const op = "SimulatedIpus.refuseAttach";
    const { device, forMs, message } = plan;
    const times = plan.times ?? (forMs === undefined ? 1 : 0);
    this.#plan({ event: events.attach, at: 1, times, forMs, device, message, status: refused }, op);
  }

  /** What an operator does: no plans, no device in error, none lost. */
  repair(): void {
    check(native.mr_simulation_repair(this.#native.slot, this.#native.generation), "SimulatedIpus.repair");
  }

  #plan(entry: Entry, op: string): void {
    const number = (value: number | undefined, what: string, max = numberMax) =>
      checkInteger(value ?? 0, what, op, 0, max);
    const values = [
      entry.event,
      checkInteger(entry.at, "the occurrence", op, 1, numberMax),
      number(entry.times, "times"),
      number(entry.forMs, "forMs"),
      entry.device === undefined ? -1 : number(entry.device, "device"),
      entry.status ?? 0,
      entry.recoveryAction ?? 0,
      Number(entry.lost ?? false),
      number(entry.delayMs, "delayMs", delayMsMax) * 1000,
    ];
    const length = writeText(entry.message ?? "", 0, messageBytesMax, () =>
      makeError("invalid_argument", { op, message: `the message has more than ${messageBytesMax} bytes.` }),
    );
    block.values.set(values);
    check(native.mr_simulation_plan(this.#native.slot, this.#native.generation, length), op);
  }
}

/** `mrp_recovery_action`, or a negative number when there is no such action. */
function recoveryNumber(action: RecoveryAction | undefined): number {
  const index = Object.values(RecoveryAction).indexOf(action ?? "IPU_RESET");
  return index < 0 ? index : index + 1;
}

function occurrence(plan: Occurrence, times: number, op: string): Entry {
  if ((plan.atSync === undefined) === (plan.atLoad === undefined)) {
    throw makeError("invalid_argument", { op, message: "one of atSync and atLoad says when." });
  }
  const event = plan.atSync === undefined ? events.load : events.sync;
  return { event, at: (plan.atSync ?? plan.atLoad)!, times: plan.times ?? times, device: plan.device };
}
