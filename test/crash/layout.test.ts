import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { FastIOContext } from "../../src/fastio/index.ts";

// Reads a living job with nothing but what docs/layout.md says.
const page = readFileSync(join(import.meta.dir, "../../docs/layout.md"), "utf8");

/** Rows of the Markdown table below the heading `title`, by their first cell. */
function rows(title: string): Map<string, string[]> {
  const [, rest = ""] = page.split(`${title}\n`);
  const table = rest.slice(rest.indexOf("\n|") + 1).split("\n\n")[0]!;
  const cells = table.split("\n").map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
  return new Map(cells.slice(2).map((row) => [row[0]!, row]));
}

const starts = new Map([...rows("## `control`")].map(([offset, row]) => [row[3]!.split(/[ :;,]/)[0]!, Number(offset)]));
const entryBytes = new Map(
  [...rows("## `control`").values()].map((row) => [row[3]!.split(/[ :;,]/)[0]!, Number(row[2])]),
);

class Reader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;

  constructor(path: string) {
    this.#bytes = new Uint8Array(readFileSync(path));
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset);
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** A field of entry `number` of a table, as its row says. */
  field(table: string, title: string, name: string, number = 0): number {
    const row = rows(title).get(name);
    if (row === undefined) throw new Error(`${title} has no ${name}`);
    const at = starts.get(table)! + number * entryBytes.get(table)! + Number(row[1]);
    return this.number(at, row[2]!);
  }

  number(at: number, type: string): number {
    if (type.endsWith("u64")) return Number(this.#view.getBigUint64(at, true));
    if (type.endsWith("u32")) return this.#view.getUint32(at, true);
    if (type.endsWith("u16")) return this.#view.getUint16(at, true);
    if (type.endsWith("u8")) return this.#view.getUint8(at);
    throw new Error(`${type} is no number`);
  }

  text(at: number, length: number): string {
    return new TextDecoder().decode(this.#bytes.subarray(at, at + length));
  }
}

let dir = "";
beforeEach(() => {
  dir = mkdtempSync("/dev/shm/millrace-layout-");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function folderOf(): string {
  return join(dir, readdirSync(dir)[0]!);
}

test("the files have the names, the modes and the sizes of the page", () => {
  using job = FastIOContext.open("a job", { dir });
  job.create(5_000).publish("scan");
  const folder = folderOf();
  expect(folder).toMatch(new RegExp(`/millrace-${process.getuid?.()}-[0-9a-f]{32}$`));
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const names = readdirSync(folder).sort();
  expect(names).toEqual([
    "control",
    expect.stringMatching(/^p-[1-9a-f][0-9a-f]*$/),
    expect.stringMatching(/^s-[1-9a-f][0-9a-f]*$/),
  ]);
  for (const name of names) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  const size = Number(/^([\d,]+) bytes, sparse/m.exec(page)![1]!.replaceAll(",", ""));
  expect(statSync(join(folder, "control")).size).toBe(size);
});

test("the header, the process and the counters are where the page says", () => {
  using job = FastIOContext.open("a job", { dir });
  job.create(5_000).publish("scan");
  const control = new Reader(join(folderOf(), "control"));
  expect(control.text(0, 8)).toBe("MILLRACE");
  expect(control.field("header", "### Header", "version")).toBe(1);
  expect(control.text(16, control.field("header", "### Header", "job_name_length"))).toBe("a job");
  expect(control.field("header", "### Header", "lock")).toBe(0);
  expect(control.field("header", "### Header", "sequence") % 2).toBe(0);
  expect(control.field("header", "### Header", "published")).toBe(1);
  expect(control.field("header", "### Header", "bytes_published")).toBe(5_000);
  expect(control.field("header", "### Header", "process_end")).toBe(1);
  expect(control.field("processes", "### Process", "state")).toBe(1);
  expect(control.field("processes", "### Process", "pid")).toBe(process.pid);
  const file = control.field("processes", "### Process", "file").toString(16);
  expect(readdirSync(folderOf())).toContain(`p-${file}`);
});

test("a name leads through the index, its record and its segment to the bytes, as the page says", () => {
  using job = FastIOContext.open("a job", { dir });
  for (let i = 0; i < 50; i++) job.create(10 + i).publish(`other ${i}`);
  using memory = job.create({ dtype: "float32", shape: [1, 2, 3, 4, 5] });
  memory.map().fill(1.5);
  memory.publish("scan", { attributes: { spacing: [1, 2] } });
  const control = new Reader(join(folderOf(), "control"));

  const seed = BigInt(/seed (0x[0-9a-f]+)/.exec(page)![1]!);
  const hash = Bun.hash.xxHash64("scan", seed);
  const index = (position: number) => control.number(starts.get("index")! + position * 4, "u32");
  const name = Number(rows("### Record").get("name")![1]);
  let record = -1;
  for (let position = Number(hash % 16_384n); index(position) !== 0; position = (position + 1) % 16_384) {
    const candidate = index(position) - 1;
    const length = control.field("records", "### Record", "name_length", candidate);
    if (control.text(starts.get("records")! + candidate * 512 + name, length) === "scan") record = candidate;
    if (record >= 0) break;
  }
  expect(record).toBeGreaterThanOrEqual(0);
  const field = (what: string) => control.field("records", "### Record", what, record);
  expect(field("state")).toBe(1);
  expect(field("element_type")).toBe(1);
  expect(field("rank")).toBe(5);
  expect(field("dimensions")).toBe(1);
  expect(field("more_dimensions")).toBe(5);
  expect(field("stamp")).toBe(51);
  const attributes = starts.get("attributes")! + record * entryBytes.get("attributes")!;
  expect(control.text(attributes, field("attributes_length"))).toBe('{"spacing":[1,2]}');

  const segment = field("segment");
  const of = (what: string) => control.field("segments", "### Segment", what, segment);
  expect(of("state")).toBe(3);
  expect(of("generation")).toBe(field("generation"));
  expect(of("size")).toBe(480);
  expect(of("names")).toBe(1);
  expect(control.number(starts.get("references")! + segment * 4, "u32")).toBe(1);

  const file = new Reader(join(folderOf(), `s-${of("file").toString(16)}`));
  const header = rows("`s-<n>` begins with a page of header; the data follows at 4096.");
  expect(file.text(0, 8)).toBe("MILLRACE");
  for (const same of ["generation", "file", "size", "capacity"]) {
    const [, at, type] = header.get(same)!;
    expect(file.number(Number(at), type!)).toBe(of(same));
  }
  expect(file.length).toBe(4_096 + of("capacity"));
  const bytes = new Uint8Array(readFileSync(join(folderOf(), `s-${of("file").toString(16)}`)));
  expect(new Float32Array(bytes.buffer, 4_096, 120).every((value) => value === 1.5)).toBe(true);
});
