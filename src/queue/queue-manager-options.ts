import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";
import type { InputRingBuffer } from "./input-queue.ts";
import type { QueuePredicate } from "./queue-host.ts";
import type { RingSizeMultiplierProdType } from "./size-multiplier.ts";

/** Called while the device waits for data, every `timeoutNs`. */
export type ReadTimeoutCallback = (ring: InputRingBuffer) => void;

export interface QueueManagerOptions {
  /** Batches that a queue holds when each entry is one sample: 2, one number for all, or by anchor. */
  readonly ringSizeMultiplier?: number | RingSizeMultiplierProdType | undefined;
  /** What to do while the device waits: usually `() => queues.flushAll()`. Without it nothing is done. */
  readonly readTimeout?: ReadTimeoutCallback | null | undefined;
  /** Nanoseconds that the device waits for data before `readTimeout`; 0, the default: for ever. */
  readonly timeoutNs?: number | undefined;
  /**
   * Which inputs get a queue (`bindUserCb`), zeros (`bindEmptyCb`), or neither (`skipCb`). By default: a queue for those of
   * main programs that the model brings no data for.
   */
  readonly inputPredicate?: QueuePredicate | null | undefined;
  /** As `inputPredicate`, for outputs; `bindEmptyCb` drops what the device writes. */
  readonly outputPredicate?: QueuePredicate | null | undefined;
}

/** The seed's order of arguments; or options. */
export type QueueManagerArguments =
  | [options?: QueueManagerOptions | undefined]
  | [
      ringSizeMultiplier: number | RingSizeMultiplierProdType,
      readTimeout?: ReadTimeoutCallback | null | undefined,
      timeoutNs?: number | undefined,
      inputPredicate?: QueuePredicate | null | undefined,
      outputPredicate?: QueuePredicate | null | undefined,
    ];

const defaults = switchable("QueueManagerOptions", { ringSizeMultiplier: 2, timeoutNs: 0 });

export interface QueueManagerSettings {
  readonly multiplierOf: RingSizeMultiplierProdType;
  readonly readTimeout: ReadTimeoutCallback | undefined;
  readonly timeoutNs: number;
  readonly inputPredicate: QueuePredicate | undefined;
  readonly outputPredicate: QueuePredicate | undefined;
}

/** @throws ArgumentError `invalid_argument` */
export function readSettings(args: QueueManagerArguments, op: string): QueueManagerSettings {
  const options = readArguments(args);
  const multiplier = options.ringSizeMultiplier ?? defaults.ringSizeMultiplier;
  if (typeof multiplier !== "function") checkInteger(multiplier, "ringSizeMultiplier", op, 1);
  return {
    multiplierOf:
      typeof multiplier === "function" && !off("multiplier_function") ? multiplier : () => Number(multiplier),
    readTimeout: functionOf(options.readTimeout, "readTimeout", op),
    timeoutNs: checkInteger(options.timeoutNs ?? defaults.timeoutNs, "timeoutNs", op),
    inputPredicate: functionOf(options.inputPredicate, "inputPredicate", op),
    outputPredicate: functionOf(options.outputPredicate, "outputPredicate", op),
  };
}

function readArguments(args: QueueManagerArguments): QueueManagerOptions {
  const [first, readTimeout, timeoutNs, inputPredicate, outputPredicate] = args;
  if (typeof first === "object" || first === undefined) return first ?? {};
  if (off("queue_positional")) return {};
  return { ringSizeMultiplier: first, readTimeout, timeoutNs, inputPredicate, outputPredicate };
}

function functionOf<F extends (...args: never[]) => unknown>(
  value: F | null | undefined,
  name: string,
  op: string,
): F | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "function") return value;
  throw makeError("invalid_argument", { op, message: `${name} is ${String(value)}, not a function.` });
}
