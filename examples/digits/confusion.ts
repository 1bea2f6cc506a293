/** How often each digit (row) was taken for which (column). */
export function confusionTable(labels: ArrayLike<number>, predictions: readonly number[]): string {
  const counts = Array.from({ length: 10 }, () => new Uint32Array(10));
  for (const [i, prediction] of predictions.entries()) counts[labels[i]!]![prediction]!++;
  const line = (head: string, cells: Iterable<number | string>): string =>
    `${head} ${Array.from(cells, (cell) => String(cell).padStart(4)).join("")}`;
  const heads = line("    ", counts.keys());
  const rows = counts.map((row, digit) =>
    line(
      `   ${digit}`,
      Array.from(row, (count) => count || "·"),
    ),
  );
  return ["rows: the digit, columns: what the model read", heads, ...rows].join("\n");
}
