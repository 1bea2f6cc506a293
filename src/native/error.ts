import { type ErrorClass, type ErrorCode, errorTable } from "./bindings.generated.ts";

export type { ErrorCode } from "./bindings.generated.ts";

export interface ErrorDetails {
  /** What was being done, as the caller would name it: `"FastIOContext.create"`. */
  readonly op: string;
  /** What failed and with which value; the code's cure is appended. */
  readonly message?: string | undefined;
  /** Replaces the cure of the error table when the call site knows better. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** Of a full queue: requests in it, and after how long there will probably be room. */
  readonly queue?: { readonly length: number; readonly retryAfterMs: number } | undefined;
}

/**
 * Base of everything Millrace throws. `code` says what happened, the class what the caller can do about it,
 * `retryable` whether the same call may succeed later. `docs/errors.md` lists every code.
 */
export class MillraceError extends Error {
  readonly code: ErrorCode;
  readonly op: string;
  readonly hint: string;
  readonly retryable: boolean;

  constructor(code: ErrorCode, details: ErrorDetails) {
    const entry = errorTable[code];
    const hint = details.hint ?? entry.cure;
    super(
      `${details.op}: ${details.message ?? entry.meaning} ${hint}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = new.target.name;
    this.code = code;
    this.op = details.op;
    this.hint = hint;
    this.retryable = entry.retryable;
  }
}

/** The call can never succeed with these arguments. */
export class ArgumentError extends MillraceError {}
/** The object is not in a state that allows the call. */
export class StateError extends MillraceError {}
/** What was asked for does not exist (yet). */
export class NotFoundError extends MillraceError {}
/** What was to be made exists already. */
export class ExistsError extends MillraceError {}
/** Memory, space or a queue is full. */
export class CapacityError extends MillraceError {
  /** Of a full queue: the requests in it. */
  readonly queueLength: number | undefined;
  /** Of a full queue: milliseconds, at least 1, after which there will probably be room; an estimate. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, details: ErrorDetails) {
    super(code, details);
    this.queueLength = details.queue?.length;
    this.retryAfterMs = details.queue?.retryAfterMs;
  }
}
/** The time allowed ran out. */
export class DeadlineError extends MillraceError {}
/** A device, an engine or the system failed. */
export class DeviceError extends MillraceError {}
/** Bytes or files are not what they should be. */
export class FormatError extends MillraceError {}

const classes: Record<ErrorClass, typeof MillraceError> = {
  argument: ArgumentError,
  state: StateError,
  not_found: NotFoundError,
  exists: ExistsError,
  capacity: CapacityError,
  deadline: DeadlineError,
  device: DeviceError,
  format: FormatError,
};

/** Makes (does not throw) the error of the right class for a code. */
export function makeError(code: ErrorCode, details: ErrorDetails): MillraceError {
  return new classes[errorTable[code].class](code, details);
}
