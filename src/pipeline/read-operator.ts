import type { EntryType } from "./definition.ts";
import { readEntryType } from "./entry-type.ts";
import type { Section } from "./section.ts";

/** An input or output as the file has it; `type` is undefined when it was reported as unusable. */
export interface EntryText {
  readonly name: string;
  readonly from: string | undefined;
  readonly type: EntryType | undefined;
  readonly section: Section;
}

/** An operator as the file has it, before its inputs are tied to outputs. */
export interface OperatorText {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number | undefined;
  readonly inputs: readonly EntryText[];
  readonly outputs: readonly EntryText[];
  readonly section: Section;
}

const nameRule = "a name of letters, digits, `.`, `_` and `-` (64 at most) that starts with a letter or digit";
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const entries = "a list of maps, each with `name` and `type`";
/** Clara's keys for schedulers and model stores; they say nothing about how a process runs. */
const ignored = ["container", "requests", "models", "services", "connections"];

/** Reads one operator and reports what is wrong with it alone; undefined when it has no usable name. */
export function readOperator(section: Section, notes: string[]): OperatorText | undefined {
  const name = readName(section, "name");
  if (name !== undefined) section.label = `operator "${name}"`;
  section.text("description", "text");
  for (const key of ignored) {
    if (!section.has(key)) continue;
    const effect = key === "container" ? "; `command` runs the operator as a process" : "";
    notes.push(`${section.problems.place(section.at(key))}: ${section.label}: \`${key}\` has no effect here${effect}`);
  }
  const command = readCommand(section);
  const args = section.words("args", "a list of words") ?? [];
  const env = section.dictionary("env", "a map of names to texts") ?? {};
  const timeoutMs = readTimeout(section);
  const inputs = readEntries(section, "input");
  const outputs = readEntries(section, "output");
  section.finish();
  return name === undefined
    ? undefined
    : { name, command: [...command, ...args], env, timeoutMs, inputs, outputs, section };
}

function readName(section: Section, key: string): string | undefined {
  const name = section.requiredText(key, nameRule);
  if (name === undefined || namePattern.test(name)) return name;
  section.report(key, `\`${key}\` is ${JSON.stringify(name)}; expected ${nameRule}`);
  return undefined;
}

/** A text is split at white space, with no shell and no quoting; a list is taken word by word. */
function readCommand(section: Section): readonly string[] {
  const expected = 'a program with its arguments, such as "bun reader.ts" or [bun, reader.ts]';
  if (!section.has("command")) {
    const container = section.has("container") ? " (Millrace runs operators as processes, not as containers)" : "";
    section.missing("command", `${expected}${container}`);
    return [];
  }
  const words = section.isText("command")
    ? section
        .text("command", expected)!
        .split(/\s+/)
        .filter((word) => word !== "")
    : section.words("command", expected);
  if (words !== undefined && (words[0] ?? "") === "")
    section.report("command", `\`command\` is empty; expected ${expected}`);
  return words ?? [];
}

/** Seconds in the file, milliseconds from there on. 2^31 - 1 ms is as long as a timer can wait. */
export function readTimeout(section: Section): number | undefined {
  const expected = "a positive number of seconds, at most 2147483";
  const seconds = section.number("timeout", expected);
  if (seconds === undefined || (seconds > 0 && seconds <= 2_147_483))
    return seconds === undefined ? undefined : seconds * 1000;
  section.report("timeout", `\`timeout\` is ${seconds}; expected ${expected}`);
  return undefined;
}

function readEntries(operator: Section, key: "input" | "output"): readonly EntryText[] {
  const read: EntryText[] = [];
  const lines = new Map<string, number>();
  for (const section of operator.sections(key, entries, (place) => `${operator.label}, ${key} ${place}`)) {
    const entry = key === "input" ? readInput(section, operator) : readOutput(section, operator);
    section.finish();
    if (entry === undefined) continue;
    const first = lines.get(entry.name);
    const { line } = section.problems.position(section.offset);
    if (first === undefined) lines.set(entry.name, line);
    else section.report("name", `the name is in use by the ${key} at line ${first}; expected a name of its own`);
    read.push(entry);
  }
  return read;
}

function readOutput(section: Section, operator: Section): EntryText | undefined {
  const name = readName(section, "name");
  if (name !== undefined) section.label = `${operator.label}, output "${name}"`;
  const type = readEntryType(section);
  return name === undefined ? undefined : { name, from: undefined, type, section };
}

function readInput(section: Section, operator: Section): EntryText | undefined {
  const from = section.text("from", "the name of an operator");
  const named = from !== undefined || section.has("name");
  const name = named ? readName(section, "name") : "";
  if (name !== undefined) section.label = `${operator.label}, input "${name}"`;
  const type = readEntryType(section);
  if (!section.has("from") && type !== undefined && type.kind !== "stream") {
    section.missing("from", "the operator that makes it (only a stream can come from the pipeline's payload)");
  }
  return name === undefined ? undefined : { name, from, type, section };
}
