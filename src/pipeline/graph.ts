import { connects, formatEntryType } from "./entry-type.ts";
import type { EntryText, OperatorText } from "./read-operator.ts";

type Operators = ReadonlyMap<string, OperatorText>;

/** Checks each input against the output it names: the operator, the output, and the type. */
export function checkConnections(operators: Operators): void {
  for (const operator of operators.values()) {
    for (const input of operator.inputs) {
      const wrong = mismatch(operators, input);
      if (wrong !== undefined) input.section.report(wrong.key, wrong.message);
    }
  }
}

function mismatch(operators: Operators, { name, from, type }: EntryText) {
  if (from === undefined) return undefined;
  const producer = operators.get(from);
  if (producer === undefined) {
    const expected = `expected one of ${list([...operators.keys()])}`;
    return { key: "from", message: `operator "${from}" does not exist; ${expected}` };
  }
  const output = producer.outputs.find((candidate) => candidate.name === name);
  if (output === undefined) {
    const names = producer.outputs.map((candidate) => candidate.name);
    const expected = names.length === 0 ? "it has no outputs" : `expected one of ${list(names)}`;
    return { key: "name", message: `operator "${from}" has no output "${name}"; ${expected}` };
  }
  if (type === undefined || output.type === undefined || connects(output.type, type)) return undefined;
  const { line } = output.section.problems.position(output.section.offset);
  const expected = `expected ${formatEntryType(output.type)}, as operator "${from}" declares it at line ${line}`;
  return { key: "type", message: `type ${formatEntryType(type)} does not match; ${expected}` };
}

function list(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}

/**
 * The operators, each behind all it takes inputs from and otherwise in the order of the file: a depth-first search that
 * emits an operator when it leaves it (Tarjan 1976). An edge back into the path that led here closes a cycle and is reported.
 */
export function topologicalOrder(operators: Operators): readonly OperatorText[] {
  const order: OperatorText[] = [];
  const done = new Set<OperatorText>();
  const path: string[] = [];
  const visit = (operator: OperatorText): void => {
    path.push(operator.name);
    for (const { from, section } of operator.inputs) {
      const producer = from === undefined ? undefined : operators.get(from);
      if (producer === undefined || done.has(producer)) continue;
      const start = path.indexOf(producer.name);
      if (start < 0) visit(producer);
      else
        section.report(
          "from",
          `the operators wait for each other: ${[...path.slice(start), producer.name].join(" <- ")}; expected no cycle`,
        );
    }
    path.pop();
    done.add(operator);
    order.push(operator);
  };
  for (const operator of operators.values()) if (!done.has(operator)) visit(operator);
  return order;
}
