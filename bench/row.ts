import type { Statistics } from "./statistics.ts";

export type Unit = "ns" | "B" | "x" | "1/s" | "%";

/** One measurement. Every ratio is above 1 when Millrace is better, whichever way the unit runs. */
export interface Row {
  readonly name: string;
  readonly unit: Unit;
  /** p50 for durations unless `name` says otherwise; null when nothing could be measured (`note` says why). */
  readonly value: number | null;
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly p9999: number | null;
  readonly max: number | null;
  readonly n: number;
  readonly peer: string | null;
  readonly peerValue: number | null;
  readonly ratio: number | null;
  /** For example `ratio >= 1` or `value <= 5000`; in the row's unit. */
  readonly target: string | null;
  readonly met: boolean | null;
  readonly note: string;
}

/** What a row is compared with. A peer that is not there says so, and is never counted as beaten. */
export type Peer =
  | { readonly name: string; readonly value: number }
  | { readonly name: string; readonly absent: string };

export interface Target {
  readonly of: "value" | "mean" | "p99" | "ratio";
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface RowParts {
  readonly name: string;
  readonly unit?: Unit;
  /** Durations; or give `value`. */
  readonly statistics?: Statistics;
  readonly value?: number;
  /** Number of measurements behind a plain `value`. */
  readonly n?: number;
  readonly peer?: Peer | undefined;
  readonly higherIsBetter?: boolean;
  readonly target?: Target | undefined;
  /** How it was measured and what was left out. */
  readonly note: string;
}

export function makeRow(parts: RowParts): Row {
  const { statistics: s, peer } = parts;
  const value = parts.value ?? s?.p50 ?? null;
  const peerValue = peer && "value" in peer ? peer.value : null;
  const ratio =
    value === null || peerValue === null ? null : parts.higherIsBetter ? value / peerValue : peerValue / value;
  const measured = { value, mean: s?.mean ?? null, p99: s?.p99 ?? null, ratio };
  return {
    name: parts.name,
    unit: parts.unit ?? "ns",
    value,
    mean: measured.mean,
    p50: s?.p50 ?? null,
    p99: measured.p99,
    p999: s?.p999 ?? null,
    p9999: s?.p9999 ?? null,
    max: s?.max ?? null,
    n: s?.n ?? parts.n ?? (value === null ? 0 : 1),
    peer: peer?.name ?? null,
    peerValue,
    ratio,
    target: parts.target ? describe(parts.target) : null,
    met: parts.target ? meets(parts.target, measured[parts.target.of]) : null,
    note: peer && "absent" in peer ? `${parts.note}; ${peer.name} is absent: ${peer.absent}` : parts.note,
  };
}

function describe(target: Target): string {
  const [sign, limit] = target.atMost === undefined ? [">=", target.atLeast ?? 0] : ["<=", target.atMost];
  return `${target.of} ${sign} ${Number(limit.toPrecision(3))}`;
}

/** Null when the number that the target is about was not measured: neither met nor missed. */
function meets(target: Target, measured: number | null): boolean | null {
  if (measured === null) return null;
  return (
    measured <= (target.atMost ?? Number.POSITIVE_INFINITY) && measured >= (target.atLeast ?? Number.NEGATIVE_INFINITY)
  );
}
