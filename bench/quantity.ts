import type { Unit } from "./row.ts";

/** A number with three digits and the unit a reader expects: `1.24 us`, `64 MiB`, `2.1 M/s`. */
export function quantity(value: number | null, unit: Unit): string {
  if (value === null) return "";
  if (unit === "ns") return scaled(value, 1000, ["ns", "us", "ms", "s"]);
  if (unit === "B") return size(value);
  if (unit === "1/s") return `${scaled(value, 1000, ["", "k", "M", "G"]).trimEnd()}/s`;
  return `${digits(value)} ${unit}`;
}

/** Bytes: `64 B`, `4 KiB`, `1 GiB`. */
export function size(bytes: number): string {
  return scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB"]);
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let i = 0;
  let rest = value;
  while (Math.abs(rest) >= step && i < units.length - 1) {
    rest /= step;
    i++;
  }
  return `${digits(rest)} ${units[i]}`;
}

export function digits(value: number): string {
  const whole = Math.abs(value);
  if (Number.isInteger(value) || whole >= 100) return value.toFixed(0);
  return whole >= 10 ? value.toFixed(1) : value.toFixed(2);
}
