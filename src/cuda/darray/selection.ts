import { makeError } from "../../native/error.ts";
import { Shape } from "../../tensor/index.ts";
import { describeValue } from "../../tensor/typed-array.ts";
import type { Strided } from "./strided.ts";

/** A run of indices of one axis. Rules are Python's: negative numbers count from the end, `step` may be negative. */
export interface Range {
  /** First index; default: the end that `step` comes from. */
  readonly start?: number | undefined;
  /** First index that is left out; default: the end that `step` goes to. */
  readonly stop?: number | undefined;
  /** Not 0; default 1. */
  readonly step?: number | undefined;
}

/**
 * What is taken of an array, axis by axis:
 *
 * - an integer: that index; the axis goes;
 * - `"1:10:2"`, `":"`, `"::-1"`, or `{ start, stop, step }`: a run of indices;
 * - `"..."`, once: all axes that the other indices leave, whole;
 * - `null`: a new axis of one element.
 */
export type Index = number | `${string}:${string}` | "..." | Range | null;

interface Chosen {
  readonly shape: number[];
  readonly strides: number[];
  offset: number;
}

/**
 * A view of a part, as NumPy's basic indexing.
 *
 * @throws ArgumentError `out_of_bounds` for an index that the axis has not, `invalid_argument` for what is no index,
 * too many indices, a second `"..."`, a step of 0
 */
export function select(view: Strided, indices: readonly Index[], op: string): Strided {
  const rank = view.shape.length;
  const ellipses = indices.filter((index) => index === "...").length;
  const used = indices.filter((index) => index !== null && index !== "...").length;
  if (ellipses > 1) throw makeError("invalid_argument", { op, message: `"..." stands ${ellipses} times, not once.` });
  if (used > rank) {
    throw makeError("invalid_argument", {
      op,
      message: `${used} indices for the ${rank} axes of ${Shape.format(view.shape)}.`,
    });
  }
  const whole = ellipses === 1 ? indices : [...indices, "..." as const];
  const chosen: Chosen = { shape: [], strides: [], offset: view.offset };
  let axis = 0;
  for (const index of whole) {
    if (index === null) {
      chosen.shape.push(1);
      chosen.strides.push(0);
    } else if (index === "...") {
      for (const end = axis + rank - used; axis < end; axis++) {
        chosen.shape.push(view.shape[axis]!);
        chosen.strides.push(view.strides[axis]!);
      }
    } else take(chosen, view, axis++, index, op);
  }
  return { ...chosen, shape: Object.freeze(chosen.shape) };
}

function take(chosen: Chosen, view: Strided, axis: number, index: number | string | Range, op: string): void {
  const size = view.shape[axis]!;
  const stride = view.strides[axis]!;
  if (typeof index === "number") {
    if (!Number.isInteger(index) || index < -size || index >= size) {
      throw makeError(Number.isInteger(index) ? "out_of_bounds" : "invalid_argument", {
        op,
        message: `index ${index} of axis ${axis}, which has ${size}.`,
      });
    }
    chosen.offset += (index < 0 ? index + size : index) * stride;
    return;
  }
  const { first, step, count } = runOf(index, size, op);
  chosen.shape.push(count);
  chosen.strides.push(stride * step);
  // A run of nothing begins nowhere: an offset beyond the memory would be wrong even if nobody looks there.
  if (count > 0) chosen.offset += first * stride;
}

/** Python's `slice.indices`, and how many indices it names: none when `stop` lies before `start`. */
function runOf(index: unknown, size: number, op: string): { first: number; step: number; count: number } {
  const { start, stop, step = 1 } = typeof index === "string" ? parsed(index, op) : rangeOf(index, op);
  for (const number of [start, stop, step]) {
    if (number !== undefined && !Number.isSafeInteger(number)) throw notAnIndex(index, op);
  }
  if (step === 0) throw makeError("invalid_argument", { op, message: "a step of 0 goes nowhere." });
  const forwards = step > 0;
  const low = forwards ? 0 : -1;
  const high = forwards ? size : size - 1;
  const place = (value: number) => Math.min(Math.max(value < 0 ? value + size : value, low), high);
  const first = start === undefined ? (forwards ? low : high) : place(start);
  const end = stop === undefined ? (forwards ? high : low) : place(stop);
  const span = forwards ? end - first : first - end;
  return { first, step, count: Math.max(0, Math.ceil(span / Math.abs(step))) };
}

function rangeOf(index: unknown, op: string): Range {
  if (typeof index === "object" && index !== null && !Array.isArray(index)) return index;
  throw notAnIndex(index, op);
}

function parsed(text: string, op: string): Range {
  const parts = text.split(":").map((part) => part.trim());
  if (parts.length < 2 || parts.length > 3 || parts.some((part) => !/^(-?\d+)?$/.test(part)))
    throw notAnIndex(text, op);
  const [start, stop, step] = parts.map((part) => (part === "" ? undefined : Number(part)));
  return { start, stop, step };
}

function notAnIndex(index: unknown, op: string): Error {
  const shown = typeof index === "string" ? JSON.stringify(index) : rangeText(index);
  return makeError("invalid_argument", {
    op,
    message: `${shown} is no index.`,
    hint: 'Use an integer, "start:stop:step", { start, stop, step }, "..." or null for a new axis.',
  });
}

function rangeText(index: unknown): string {
  const { start, stop, step } = (index ?? {}) as Range;
  const isRange = typeof index === "object" && [start, stop, step].some((bound) => bound !== undefined);
  return isRange ? `the range ${[start, stop, step].map(describeValue).join(":")}` : describeValue(index);
}
