import { dirname, resolve } from "node:path";
import { type Document, isMap, LineCounter, parseDocument } from "yaml";
import type { OperatorDefinition, PipelineDefinition } from "./definition.ts";
import { deepFreeze } from "./freeze.ts";
import { checkConnections, topologicalOrder } from "./graph.ts";
import { Problems } from "./problems.ts";
import { type EntryText, type OperatorText, readOperator, readTimeout } from "./read-operator.ts";
import { Section } from "./section.ts";

/** What `parsePipeline` does, behind the YAML library. */
export function readPipeline(text: string, name: string | undefined): PipelineDefinition {
  const file = name ?? "<text>";
  const directory = name === undefined ? process.cwd() : dirname(resolve(name));
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = new Problems(file, lines);
  const definition = readable(document, problems) ? readDocument(document, problems, file, directory) : undefined;
  if (definition === undefined || problems.count > 0) throw problems.error("parsePipeline");
  return deepFreeze(definition);
}

/** One syntax error breeds others behind it, so only the first is reported; a key given twice breeds none. */
function readable(document: Document, problems: Problems): boolean {
  const twice = document.errors.filter(({ code }) => code === "DUPLICATE_KEY");
  const syntax = document.errors.find(({ code }) => code !== "DUPLICATE_KEY");
  for (const { pos } of twice) problems.add(pos[0], "the key stands in this map twice; expected it once");
  if (syntax === undefined) return true;
  const cure = /flow-seq-start/.test(syntax.message)
    ? "; expected a value with brackets, here inside { }, in quotes"
    : "";
  problems.add(syntax.pos[0], `not readable as YAML: ${syntax.message}${cure}`);
  return false;
}

function readDocument(document: Document, problems: Problems, file: string, directory: string) {
  if (isMap(document.contents)) {
    return readDefinition(new Section(document.contents, "pipeline", { document, problems }), file, directory);
  }
  problems.add(0, "the definition is not a map; expected `api-version`, `name` and `operators`");
  return undefined;
}

function readDefinition(section: Section, file: string, directory: string): PipelineDefinition {
  const notes: string[] = [];
  const apiVersion = section.requiredText("api-version", "a version such as 0.5.0") ?? "";
  if (section.isText("api-version") && !/^0\.([5-9]|\d\d+)\.\d+$/.test(apiVersion)) {
    section.report(
      "api-version",
      `api-version ${JSON.stringify(apiVersion)} is not supported; expected 0.5.0 or a later 0.x version (typed inputs and outputs)`,
    );
  }
  const orchestrator = section.text("orchestrator", "Clara");
  if (orchestrator !== undefined && orchestrator !== "Clara") {
    section.report("orchestrator", `orchestrator ${JSON.stringify(orchestrator)} is not supported; expected Clara`);
  }
  const name = section.requiredText("name", "the pipeline's name") ?? "";
  section.text("description", "text");
  const timeoutMs = readTimeout(section);
  const operators = readOperators(section, notes);
  section.finish();
  checkConnections(operators);
  return {
    name,
    apiVersion,
    file,
    directory,
    timeoutMs,
    operators: topologicalOrder(operators).map(operatorOf),
    notes,
  };
}

function readOperators(pipeline: Section, notes: string[]): ReadonlyMap<string, OperatorText> {
  const expected = "a list of maps, each with `name` and `command`";
  const operators = new Map<string, OperatorText>();
  const sections = pipeline.sections("operators", expected, (place) => `operator ${place}`);
  if (!pipeline.has("operators")) pipeline.missing("operators", expected);
  if (pipeline.isEmptyList("operators")) pipeline.report("operators", "there are no operators; expected at least one");
  for (const section of sections) {
    const operator = readOperator(section, notes);
    if (operator === undefined) continue;
    const first = operators.get(operator.name);
    if (first === undefined) operators.set(operator.name, operator);
    else
      section.report(
        "name",
        `the name is in use by the operator at line ${lineOf(first.section)}; expected a name of its own`,
      );
  }
  return operators;
}

function lineOf(section: Section): number {
  return section.problems.position(section.offset).line;
}

function operatorOf(operator: OperatorText): OperatorDefinition {
  // An entry without a type was reported, so the definition is never handed out.
  const entry = ({ name, from, type, section }: EntryText) => ({ name, from, type: type!, line: lineOf(section) });
  const inputs = operator.inputs.map(entry);
  return {
    name: operator.name,
    command: operator.command,
    env: operator.env,
    timeoutMs: operator.timeoutMs,
    inputs,
    outputs: operator.outputs.map(({ name, type, section }) => ({ name, type: type!, line: lineOf(section) })),
    dependsOn: [...new Set(inputs.map(({ from }) => from).filter((from) => from !== undefined))],
    line: lineOf(operator.section),
  };
}
