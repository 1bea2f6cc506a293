import { digits, quantity } from "./quantity.ts";
import type { Row } from "./row.ts";

const headings = [
  "name",
  "value",
  "p50",
  "p99",
  "p99.9",
  "p99.99",
  "n",
  "peer",
  "peer value",
  "ratio",
  "target",
  "met",
];

/** The rows as aligned text, each with its note below. */
export function renderTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.name,
    row.value === null ? "not measured" : quantity(row.value, row.unit),
    quantity(row.p50, row.unit),
    quantity(row.p99, row.unit),
    quantity(row.p999, row.unit),
    quantity(row.p9999, row.unit),
    String(row.n),
    row.peer ?? "",
    row.peer === null ? "" : row.peerValue === null ? "absent" : quantity(row.peerValue, row.unit),
    row.ratio === null ? "" : digits(row.ratio),
    row.target ?? "",
    row.target === null ? "" : row.met === null ? "unknown" : row.met ? "yes" : "NO",
  ]);
  const widths = headings.map((heading, i) => Math.max(heading.length, ...cells.map((line) => line[i]!.length)));
  const draw = (line: readonly string[]): string =>
    line
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd();
  const body = cells.flatMap((line, i) => [draw(line), `    ${rows[i]!.note}`]);
  return [draw(headings), ...body].join("\n");
}
