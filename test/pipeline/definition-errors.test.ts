import { describe, expect, test } from "bun:test";
import { loadPipeline, parsePipeline } from "../../src/pipeline/index.ts";

/** The problems of a text, as the error lists them; none when it is valid. */
function problems(text: string): string[] {
  try {
    parsePipeline(text, { file: "p.yaml" });
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    expect(code).toBe("invalid_definition");
    return message.split("\n").filter((line) => line.startsWith("p.yaml:"));
  }
  return [];
}

const head = "api-version: 0.5.0\nname: p\n";
const operator = `${head}operators:\n- name: a\n  command: bun a.ts\n`;
const output = (keys: string): string => `${operator}  output:\n  - ${keys}\n`;
const input = (keys: string): string => `${operator}  input:\n  - ${keys}\n`;

const chain = (produced: string, consumed: string): string =>
  `api-version: 0.5.0
name: p
operators:
- name: a
  command: bun a.ts
  output:
  - { name: x, type: "${produced}" }
- name: b
  command: bun b.ts
  input:
  - from: a
    name: x
    type: "${consumed}"
`;

const invalid: readonly (readonly [what: string, text: string, at: string, words: readonly string[]])[] = [
  ["an empty file", "", "1:1", ["not a map", "expected `api-version`"]],
  ["broken YAML", `${head}operators: [\n`, "4:1", ["not readable as YAML"]],
  ["a short type in a flow map", output("{ name: x, type: array<u8>[1] }"), "7:31", ["not readable", "in quotes"]],
  ["a key given twice", operator.replace("operators", "name: q\noperators"), "3:1", ["twice", "expected it once"]],
  [
    "a missing version",
    "name: p\noperators: [{ name: a, command: b }]\n",
    "1:1",
    ["`api-version` is missing", "0.5.0"],
  ],
  ["an untyped version", operator.replace("0.5.0", "0.4.0"), "1:14", ['"0.4.0" is not supported', "expected 0.5.0"]],
  ["a number as version", operator.replace("0.5.0", "0.5"), "1:14", ["the number 0.5", "in quotes"]],
  ["another orchestrator", `orchestrator: Argo\n${operator}`, "1:15", ['"Argo"', "expected Clara"]],
  ["a missing name", operator.replace("name: p\n", ""), "1:1", ["`name` is missing"]],
  ["an unknown key", `${operator}colour: blue\n`, "6:1", ["unknown key `colour`", "`operators`"]],
  ["an unknown key of an operator", `${operator}  inputs: []\n`, "6:3", ['operator "a"', "`inputs`", "`input`"]],
  ["an unknown key of an output", output("{ name: x, type: u8, size: 3 }"), "7:26", ['output "x"', "`size`", "`type`"]],
  ["no operators", head, "1:1", ["`operators` is missing"]],
  ["an empty list of operators", `${head}operators: []\n`, "3:12", ["at least one"]],
  ["operators as a map", `${head}operators: { a: b }\n`, "3:12", ["`operators` is a map", "a list of maps"]],
  ["an operator that is no map", `${head}operators: [a]\n`, "3:13", ['"a"', "a list of maps"]],
  ["an operator without a name", `${head}operators:\n- command: bun\n`, "4:3", ["operator 1", "`name` is missing"]],
  ["a name that is no file name", operator.replace("name: a", "name: ../a"), "4:9", ['"../a"', "letters"]],
  ["two operators of one name", `${operator}- name: a\n  command: c\n`, "6:9", ["in use by the operator at line 4"]],
  ["no command", `${head}operators:\n- name: a\n`, "4:3", ["`command` is missing", "expected a program"]],
  ["a container only", `${head}operators:\n- name: a\n  container: { image: i }\n`, "4:3", ["not as containers"]],
  ["an empty command", operator.replace("bun a.ts", '" "'), "5:12", ["`command` is empty"]],
  ["a command that is a map", operator.replace("bun a.ts", "{ run: a }"), "5:12", ["`command` is a map"]],
  ["args that are no list", `${operator}  args: -v\n`, "6:9", ['"-v"', "a list of words"]],
  ["env with a list in it", `${operator}  env: { A: [1] }\n`, "6:13", ["a map of names to texts"]],
  ["a negative timeout", `${operator}  timeout: -1\n`, "6:12", ["-1", "positive number of seconds"]],
  ["a timeout with a unit", `${operator}  timeout: 5s\n`, "6:12", ['"5s"', "positive number of seconds"]],
  ["an output without a type", output("{ name: x }"), "7:5", ["`type` is missing", "stream, string, array"]],
  ["an output without a name", output("{ type: u8 }"), "7:5", ["output 1", "`name` is missing"]],
  ["two outputs of one name", output("{ name: x, type: u8 }\n  - { name: x, type: u8 }"), "8:13", ["line 7"]],
  [
    "two inputs of one name",
    `${output("{ name: x, type: u8 }")}- name: b
  command: c
  input:
  - { from: a, name: x, type: u8 }
  - { from: a, name: x, type: u8 }
`,
    "12:22",
    ['operator "b", input "x"', "line 11"],
  ],
  [
    "two inputs without a name",
    input(`{ type: stream, element-type: dicom }
  - { type: stream, element-type: dicom }`),
    "8:5",
    ["in use by the input at line 7"],
  ],
  ["an unknown type", output("{ name: x, type: bool }"), "7:22", ['"bool" is unknown', "float32"]],
  [
    "an array without element type",
    output("{ name: x, type: array, shape: [1] }"),
    "7:5",
    ["`element-type` is missing"],
  ],
  [
    "an array without shape",
    output("{ name: x, type: array, element-type: u8 }"),
    "7:5",
    ["`shape` is missing", "[1, -1"],
  ],
  [
    "an unknown element type",
    output("{ name: x, type: array, element-type: string, shape: [1] }"),
    "7:43",
    ['"string"', "uint8"],
  ],
  [
    "an unknown element type in the short form",
    output('{ name: x, type: "array<bf16>[1]" }'),
    "7:22",
    ['"bf16"', "float16"],
  ],
  ["a shape below -1", output("{ name: x, type: array, element-type: u8, shape: [2, -2] }"), "7:54", ["[2, -2]", "-1"]],
  ["a shape with a fraction", output('{ name: x, type: "array<u8>[1.5]" }'), "7:22", ["[1.5]", "positive integer"]],
  ["a shape with a word", output("{ name: x, type: array, element-type: u8, shape: [n] }"), "7:54", ['["n"]']],
  ["a shape without axes", output('{ name: x, type: "array<u8>[]" }'), "7:22", ["shape []", "at least one axis"]],
  ["a shape beyond all memory", output('{ name: x, type: "array<u8>[10000000000,1000000]" }'), "7:22", ["too large"]],
  ["a primitive with a shape", output("{ name: x, type: u8, shape: [1] }"), "7:33", ["`shape`", "left out"]],
  ["an array with a path", output('{ name: x, type: "array<u8>[1]", path: /x }'), "7:44", ["`path`", "left out"]],
  ["a stream without element type", output("{ name: x, type: stream }"), "7:5", ["`element-type` is missing", "dicom"]],
  [
    "a stream with a relative path",
    output("{ name: x, type: stream, element-type: e, path: x }"),
    "7:53",
    ["absolute path"],
  ],
  ["an array from nowhere", input('{ name: x, type: "array<u8>[1]" }'), "7:5", ["`from` is missing", "only a stream"]],
  [
    "an unknown operator",
    input("{ from: z, name: x, type: u8 }"),
    "7:13",
    ['operator "z" does not exist', 'one of "a"'],
  ],
  [
    "an unknown output",
    chain("u8", "u8").replace("    name: x", "    name: y"),
    "12:11",
    ['no output "y"', 'one of "x"'],
  ],
  [
    "an operator without outputs",
    `${operator}- name: b
  command: c
  input: [{ from: a, name: x, type: u8 }]
`,
    "8:28",
    ['operator "a" has no output "x"', "it has no outputs"],
  ],
  ["a missing output name", input("{ from: a, type: u8 }"), "7:5", ["`name` is missing"]],
  [
    "an operator that waits for itself",
    `${output("{ name: x, type: u8 }")}  input: [{ from: a, name: x, type: u8 }]
`,
    "8:19",
    ["wait for each other: a <- a", "no cycle"],
  ],
  [
    "a cycle of two",
    `${output("{ name: x, type: u8 }")}  input: [{ from: b, name: y, type: u8 }]
- name: b
  command: c
  input: [{ from: a, name: x, type: u8 }]
  output: [{ name: y, type: u8 }]
`,
    "11:19",
    ["a <- b <- a"],
  ],
];

describe("a definition is refused at the place and with the words that lead to the cure:", () => {
  test.each(invalid)("%s", (_what, text, at, words) => {
    const found = problems(text);
    expect(found.map((line) => line.split(": ")[0])).toEqual([`p.yaml:${at}`]);
    for (const word of words) expect(found[0]).toContain(word);
  });
});

test("all problems of a file are reported at once, in its order, and as a list", () => {
  const text =
    "api-version: 0.5.0\nname: p\noperators:\n- name: a\n  output: [{ name: x, type: bool }]\n  colour: blue\n";
  const found = problems(text);
  expect(found.map((line) => line.split(":")[1])).toEqual(["4", "5", "6"]);
  expect(() => parsePipeline(text)).toThrow(
    expect.objectContaining({
      message: expect.stringContaining("3 problems"),
      cause: [
        expect.objectContaining({ line: 4, column: 3 }),
        expect.objectContaining({ line: 5, column: 29, message: expect.stringContaining('"bool"') }),
        expect.objectContaining({ line: 6, column: 3 }),
      ],
    }),
  );
});

test.each([
  ["array<uint8>[4]", "array<uint8>[5]"],
  ["array<uint8>[4]", "array<int8>[4]"],
  ["array<uint8>[4,-1]", "array<uint8>[4]"],
  ["string", "float32"],
])("an output %s does not connect to an input %s", (produced, consumed) => {
  const [problem, ...more] = problems(chain(produced, consumed));
  expect(more).toEqual([]);
  expect(problem).toMatch(/^p\.yaml:13:11: operator "b", input "x": type .* does not match; expected .* line 7$/);
});

test("a file that is not there is named", async () => {
  expect(loadPipeline("/nowhere/p.yaml")).rejects.toThrow(
    expect.objectContaining({ code: "file_not_found", message: expect.stringContaining('"/nowhere/p.yaml"') }),
  );
});
