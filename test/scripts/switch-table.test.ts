import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, switchRows } from "../../scripts/switch-table.ts";

const titles = new Map<string, RegExp[]>();
const header = "| What | Test | Switch |\n|---|---|---|\n";

/** Everything below a folder that `pattern` finds in files of that kind. */
function found(folder: string, extension: string, pattern: RegExp): Set<string> {
  const files = (readdirSync(join(root, folder), { recursive: true }) as string[]).filter((path) =>
    path.endsWith(extension),
  );
  const texts = files.map((path) => readFileSync(join(root, folder, path), "utf8"));
  return new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, name]) => name!)));
}

test("rows are read from every table that names tests and switches, and from no other", () => {
  const text = `# Page\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n${header}| x \\| y | \`fastio/free\` > a < b \\| c | \`off_1\` |\n\nText\n`;
  expect(switchRows("docs/page.md", text)).toEqual([
    { at: "docs/page.md:9", file: "test/fastio/free.test.ts", test: "a < b | c", switch: "off_1" },
  ]);
});

test("a row that names no test, no file or no switch is refused with its place", () => {
  const cases = [
    ["| x | — | `s` |", 'page.md:3: no test in "—"'],
    ["| x | `fastio/free` | `s` |", "page.md:3: no test"],
    ["| x | `fastio/none` > y | `s` |", "page.md:3: test/fastio/none.test.ts does not exist"],
    ["| x | `fastio/free` > y | |", "page.md:3: no switch"],
  ];
  for (const [row, message] of cases) expect(() => switchRows("page.md", header + row)).toThrow(message!);
});

const pages = readdirSync(join(root, "docs"))
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);

test("the switches that documents name and the switches in the sources are the same", () => {
  const rows = pages.flatMap((page) => switchRows(page, readFileSync(join(root, page), "utf8")));
  expect(rows.length).toBeGreaterThan(0);
  const named = new Set(rows.map((row) => row.switch));
  const call = /\boff\("(\w+)"\)/g;
  const placed = found("src", ".ts", call).union(found("zig", ".zig", call));
  // One call for several: `off(`no_${hook}`)`.
  const families = found("src", ".ts", /\boff\(`(\w+)\$\{/g);
  const owners = found("src", ".ts", /\bswitchable\("(\w+)"/g);
  expect([...placed].filter((name) => !named.has(name))).toEqual([]);
  const known = (name: string) =>
    placed.has(name) || owners.has(name.split(".")[0]!) || [...families].some((start) => name.startsWith(start));
  expect([...named].filter((name) => !known(name))).toEqual([]);
  // A class or table that can be switched has at least one row of its own.
  expect([...owners].filter((owner) => ![...named].some((name) => name.startsWith(`${owner}.`)))).toEqual([]);
});

test("every test that a document names is there", () => {
  const rows = pages.flatMap((page) => switchRows(page, readFileSync(join(root, page), "utf8")));
  const missing = rows.filter(({ file, test }) => !titlesIn(file).some((title) => title.test(test)));
  expect(missing.map(({ at, test }) => `${at} ${test}`)).toEqual([]);
});

/** What tests of a file may be called: its strings, with anything in place of `%s`, `$name` and `${…}`. */
function titlesIn(file: string): RegExp[] {
  const found = titles.get(file);
  if (found !== undefined) return found;
  const text = readFileSync(join(root, file), "utf8");
  const quoted = /"((?:[^"\\\n]|\\.)+)"|`([^`]+)`|'([^'\n]+)'/g;
  const strings = [...text.matchAll(quoted)].map(([, ...found]) => found.join(""));
  const patterns = strings.flatMap((string) => {
    const parts = string.split(/%[a-z]|\$\{[^}]*\}|\$[\w.]+/);
    // A string that is little else than a placeholder would match everything.
    if (parts.join("").length < 6) return [];
    return [new RegExp(`^${parts.map((part) => RegExp.escape(part)).join(".+")}$`)];
  });
  titles.set(file, patterns);
  return patterns;
}
