import { existsSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dir, "..");

/** One line of a document: this test shows that behaviour, and this switch turns the behaviour off. */
export interface SwitchRow {
  /** Where it stands, for messages: `docs/fastio.md:87`. */
  readonly at: string;
  /** The test file, from the root of the project. */
  readonly file: string;
  readonly test: string;
  readonly switch: string;
}

/**
 * The rows of every table that has the columns "Test" (`` `fastio/free` > name of the test ``) and "Switch"
 * (`` `name` ``). Throws for a row that names no file, no test or no switch.
 */
export function switchRows(path: string, markdown: string): SwitchRow[] {
  const rows: SwitchRow[] = [];
  let columns: string[] = [];
  for (const [index, line] of markdown.split("\n").entries()) {
    const cells = cellsOf(line);
    if (cells.length === 0) columns = [];
    else if (columns.length === 0) columns = cells;
    else if (columns.includes("Switch") && !/^[-: ]+$/.test(cells[0]!)) {
      rows.push(rowOf(`${path}:${index + 1}`, cells[columns.indexOf("Test")], cells[columns.indexOf("Switch")]));
    }
  }
  return rows;
}

function rowOf(at: string, test: string | undefined, name: string | undefined): SwitchRow {
  const [, place, title] = test?.match(/^`([^`]+)` > (.+)$/) ?? [];
  const switchName = name?.match(/^`(\w+(?:\.\w+)?)`$/)?.[1];
  if (place === undefined || title === undefined) throw new Error(`${at}: no test in ${JSON.stringify(test)}`);
  if (switchName === undefined) throw new Error(`${at}: no switch in ${JSON.stringify(name)}`);
  const file = `test/${place}.test.ts`;
  if (!existsSync(join(root, file))) throw new Error(`${at}: ${file} does not exist`);
  return { at, file, test: title, switch: switchName };
}

function cellsOf(line: string): string[] {
  if (!line.startsWith("|")) return [];
  const cells = line.split(/(?<!\\)\|/).slice(1, -1);
  return cells.map((cell) => cell.trim().replaceAll("\\|", "|"));
}
