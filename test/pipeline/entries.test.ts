import { expect, setDefaultTimeout, test } from "bun:test";
import { Scratch } from "./scratch.ts";

// Each test starts processes, and the machine may be busy with others.
setDefaultTimeout(60_000);

const segmentation = `
  - { name: segmentation, type: array, element-type: float32, shape: [1, -1, -1, -1] }
  - { name: segmentation_shape, type: "array<int32>[4]" }
`;

test("the passthrough sample: one operator publishes a segmentation and its shape, another checks one against the other", async () => {
  using scratch = new Scratch();
  const { operators } = await scratch
    .pipeline(`operators:
- name: segment
  command: bun segment.ts
  output: ${segmentation}
- name: check
  command: bun check-segmentation.ts
  input: ${segmentation.replaceAll("{ name", "{ from: segment, name")}`)
    .run();
  expect(operators.map(({ error }) => error)).toEqual([undefined, undefined]);
  expect(scratch.stdout.lines).toEqual(['check   | {"declared":[1,3,5,7],"shape":[1,3,5,7],"last":52,"count":105}']);
  const bytes = 105 * 4 + 4 * 4;
  expect(operators).toEqual([
    { name: "segment", exit: 0, ms: expect.any(Number), bytesIn: 0, bytesOut: bytes },
    { name: "check", exit: 0, ms: expect.any(Number), bytesIn: bytes, bytesOut: 0 },
  ]);
  expect(scratch.left).toEqual([]);
});

test("operators that do not depend on each other run side by side", async () => {
  using scratch = new Scratch();
  const entry = 'type: "array<f32>[4]"';
  const { operators } = await scratch
    .pipeline(`operators:
- { name: a, command: bun produce.ts, output: [{ name: x, ${entry} }] }
- { name: b, command: bun meet.ts c, input: [{ from: a, name: x, ${entry} }], output: [{ name: y, ${entry} }] }
- { name: c, command: bun meet.ts b, input: [{ from: a, name: x, ${entry} }], output: [{ name: z, ${entry} }] }
- name: d
  command: bun sum.ts
  input: [{ from: b, name: y, ${entry} }, { from: c, name: z, ${entry} }]`)
    .run();
  expect(operators.map(({ error }) => error?.message)).toEqual([undefined, undefined, undefined, undefined]);
  expect(scratch.stdout.lines).toEqual(["d | y: 12", "d | z: 12"]);
});

test("the driver and its payload say what the definition says", async () => {
  using scratch = new Scratch();
  await scratch
    .pipeline(`operators:
- name: first
  command: bun produce.ts
  output: [{ name: x, type: "array<f32>[2]" }, { name: unused, type: string }]
- name: tell
  command: bun tell.ts
  input: [{ from: first, name: x, type: "array<f32>[-1]" }]
  output: [{ name: y, type: "array<u8>[3,0]" }, { name: n, type: i64 }, { name: s, type: string }, { name: files, type: stream, element-type: any }]`)
    .run();
  const told = JSON.parse(scratch.stdout.lines[0]?.split(" | ")[1] ?? "");
  expect(told).toMatchObject({ jobName: "test", stageName: "tell", applicationData: { answer: 42 } });
  expect(told.jobId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(told.entries).toMatchObject([
    { name: "x", access: "readOnly", elementType: "float32", shape: [2], isAllocated: true },
    {
      name: "y",
      access: "readWrite",
      elementType: "uint8",
      shape: [3, -1],
      isDynamic: true,
      isPreallocated: false,
      isAllocated: false,
      dynamicShapeIndices: [1],
    },
    {
      name: "n",
      access: "readWrite",
      elementType: "int64",
      shape: [1],
      isDynamic: false,
      isPreallocated: true,
      isAllocated: true,
    },
    { name: "s", access: "readWrite", shape: [-1], isDynamic: true, isPreallocated: false, isAllocated: false },
  ]);
  expect(told.streams).toEqual([{ name: "files", path: expect.stringMatching(/^\/.*\/tell\/files$/) }]);
});

test("whoever reads what its producer never allocated is told which axis has no size", async () => {
  using scratch = new Scratch();
  const { operators } = await scratch
    .pipeline(`operators:
- { name: a, command: bun nothing.ts, output: [{ name: x, type: "array<f32>[2,-1]" }] }
- { name: b, command: bun sum.ts, input: [{ from: a, name: x, type: "array<f32>[2,-1]" }] }`)
    .run();
  expect(operators.map(({ exit }) => exit)).toEqual([0, 1]);
  expect(scratch.stderr.text).toContain("entry_unallocated");
  expect(scratch.stderr.text).toMatch(/axis 1/);
});

test("an operator that writes to its input changes nothing for the others, and is refused what would", async () => {
  using scratch = new Scratch();
  const entry = '{ from: a, name: x, type: "array<f32>[4]" }';
  await scratch
    .pipeline(`operators:
- { name: a, command: bun produce.ts, output: [{ name: x, type: "array<f32>[4]" }] }
- { name: b, command: bun scribble.ts, input: [${entry}], output: [{ name: done, type: u8 }] }
- { name: c, command: bun sum.ts, input: [${entry}, { from: b, name: done, type: u8 }] }`)
    .run();
  expect(scratch.stdout.lines).toEqual([
    "b | access_denied",
    "b | access_denied",
    "b | access_denied",
    "c | x: 6",
    "c | done: 0",
  ]);
});

test("after execute the payload is expired, and views have length 0", async () => {
  using scratch = new Scratch();
  await scratch
    .pipeline('operators: [{ name: a, command: bun keep.ts, output: [{ name: x, type: "array<f32>[4]" }] }]')
    .run();
  const expired = Array.from({ length: 5 }, () => "a | payload_expired");
  expect(scratch.stdout.lines).toEqual(["a | 4", "a | 0", ...expired]);
});

test("an output is freed when the last operator that takes it has ended", async () => {
  using scratch = new Scratch();
  const { stats } = await scratch
    .pipeline(`operators:
- { name: a, command: bun produce.ts, output: [{ name: x, type: "array<f32>[4]" }, { name: unread, type: u8 }] }
- { name: b, command: bun list.ts, input: [{ from: a, name: x, type: "array<f32>[4]" }], output: [{ name: y, type: u8 }] }
- { name: c, command: bun list.ts, input: [{ from: b, name: y, type: u8 }] }`)
    .run();
  expect(scratch.stdout.lines).toEqual(["b | a/x b/y", "c | b/y"]);
  expect(stats).toMatchObject({ publications: 0, allocations: 0, bytes: 0, bytesPublished: 18, bytesCopiedIn: 16 });
});

test("a definition that needs more memory than there is ends before anything starts", async () => {
  using scratch = new Scratch();
  const pipeline = scratch.pipeline(`operators:
- { name: a, command: echo a, output: [{ name: small, type: u8 }, { name: x, type: "array<f64>[100000000000]" }] }`);
  expect(await pipeline.run().catch((error) => error)).toMatchObject({ code: "no_space" });
  expect(scratch.stdout.text).toBe("");
  expect(scratch.left).toEqual([]);
});

test("an operator that is killed gives back what it held at once", async () => {
  using scratch = new Scratch();
  const { operators, stats } = await scratch
    .pipeline('operators: [{ name: crash, command: bun crash.ts, output: [{ name: x, type: "array<f32>[-1]" }] }]')
    .run();
  expect(operators).toMatchObject([{ exit: "SIGKILL", bytesOut: 4096, error: { code: "operator_failed" } }]);
  // What it had published beside its outputs belongs to the job, and stays until the job ends.
  expect(stats).toMatchObject({ publications: 1, allocations: 1, bytes: 4096, processes: 1 });
  expect(scratch.left).toEqual([]);
});
