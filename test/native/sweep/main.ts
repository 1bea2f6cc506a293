// Calls every export MILLRACE_FUZZ times in all with handles and integers good and bad, and ends with an error if a
// call misbehaves. The call under way is written to MILLRACE_FUZZ_TRACE first, for the case that the process dies.
import { openSync, writeSync } from "node:fs";
import { symbols } from "../../../src/native/bindings.generated.ts";
import { check, codeOf } from "../../../src/native/check.ts";
import { block, native, wrapResult } from "../../../src/native/library.ts";
import { copyExecutable } from "../../session/copy-model.ts";
import { ends, integers, jobMakes, kindOf, makes, shows, sizes } from "./arguments.ts";
import { type Call, gpuKinds, type Handle, type Kind, kinds, Objects } from "./objects.ts";
import { Random } from "./random.ts";

const count = Number(process.env["MILLRACE_FUZZ"] ?? 10_000);
const seed = Number(process.env["MILLRACE_FUZZ_SEED"] ?? 1);
const trace = openSync(process.env["MILLRACE_FUZZ_TRACE"]!, "w");
const limitMs = 1000;
// What closes much, or costs much, comes up less often: one time in so many.
const rarely: Partial<Record<Call, number>> = {
  mr_boundary_reset: 15,
  mr_replica_close: 10,
  mr_replica_load: 4,
  mr_graph_describe: 4,
  mr_deployment_load: 4,
  mr_context_close: 4,
  mr_simulation_close: 8,
  mr_request_grow: 40,
};
const aboutHandles = new Set(["invalid_argument", "stale_handle", "wrong_kind", "closed"]);
// Attaching gives a heap another hold of the thread, which only a finalizer gives back.
const calls = (Object.keys(symbols) as Call[]).filter(
  (call) => call !== "mr_abi_digest" && call !== "mr_thread_attach",
);
const random = new Random(seed);
const objects = new Objects(process.env["MILLRACE_SHM_DIR"]!);
const called = new Map<Call, { ok: number; refused: number }>();
let slowest = 0;

function fail(message: string): never {
  throw new Error(`seed ${seed}: ${message}`);
}

/** A handle that is not an open one of `kind`. */
function badHandle(kind: Kind): Handle {
  const others = kinds.filter((other) => other !== kind).flatMap((other) => objects.open[other]);
  switch (random.below(4)) {
    case 0:
      if (others.length > 0) return random.pick(others);
      break;
    case 1:
      if (objects.stale.length > 0) return random.pick(objects.stale);
      break;
    case 2:
      // Far beyond every slot in use, whatever the FFI makes of the number.
      return { slot: 600_000 + random.below(2 ** 31), generation: random.pick(integers) };
  }
  return { slot: random.pick(integers), generation: 0 };
}

function disturbBlock(): void {
  if (random.chance(2)) for (let i = 0; i < 8; i++) block.values[i] = random.pick([...integers, ...sizes]);
  if (random.chance(4)) for (let i = 0; i < 64; i++) block.text[i] = random.below(256);
}

interface Plan {
  readonly values: number[];
  readonly handle: Handle | undefined;
  /** The first handle is none of the kind: only an error about handles will do. */
  readonly bad: boolean;
}

function plan(call: Call): Plan {
  const { args } = symbols[call];
  const kind = kindOf(call);
  disturbBlock();
  const prepared = random.chance(2) ? objects.prepare(call, random) : undefined;
  const values: number[] = [];
  let handle: Handle | undefined;
  let bad = false;
  if (kind !== undefined) {
    bad = objects.open[kind].length === 0 || random.chance(3);
    handle = bad ? badHandle(kind) : random.pick(objects.open[kind]);
    values.push(handle.slot, handle.generation);
  }
  values.push(...(prepared ?? []));
  while (values.length < args.length)
    values.push(random.pick((args[values.length] as string) === "f64" ? sizes : integers));
  const takesMemory = ["mr_request_bind", "mr_queue_enqueue"];
  if (takesMemory.includes(call) && !random.chance(3)) {
    const memory = random.pick([...objects.open.memory, ...objects.open.allocation]);
    if (memory !== undefined) values.splice(3, 2, memory.slot, memory.generation);
  }
  if (kind === "replica" && args.length > 2 && !random.chance(4)) values[2] = random.below(2);
  if (kind === "replica" && args.length >= 4 && call !== "mr_request_bind" && !random.chance(4)) {
    values[3] = random.pick([0, 1, 2 ** 32 - 1]);
  }
  if (kind === "replica" && args.length === 5 && !random.chance(4)) values[4] = random.pick([0, 1, 2, 0x8000_0001]);
  if (call === "mr_request_wait") values[3] = 0;
  // What is planned may not take its time.
  if (call === "mr_simulation_plan") block.values[8] = 0;
  if (call === "mr_cuda_device_settle") values[0] = random.below(2);
  if (call === "mr_boundary_wait" || call === "mr_cuda_publication_wait") values[2] = random.below(2);
  if (call === "mr_cuda_stream_wait" || call === "mr_cuda_event_wait") values[3] = random.below(2);
  if (call === "mr_queue_wait" || call === "mr_session_poll") values[2] = 0;
  // Memory that would be granted, and costs time.
  if (call === "mr_session_remote") block.values.set([random.below(2), 2, random.pick([0, 64, 2 ** 50])]);
  return { values, handle, bad };
}

function timed(call: Call, values: number[]): number {
  const started = performance.now();
  const result = (native[call] as (...args: number[]) => number)(...values);
  const ms = performance.now() - started;
  slowest = Math.max(slowest, ms);
  // Once may be the machine; twice is the call.
  if (ms > limitMs) {
    const again = performance.now();
    (native[call] as (...args: number[]) => number)(...values);
    if (performance.now() - again > limitMs) fail(`${call}(${values}) took more than ${limitMs} ms, twice`);
  }
  return result;
}

function step(call: Call): void {
  const { values, handle, bad } = plan(call);
  writeSync(trace, `${call}(${values.join(", ")})${" ".repeat(200)}\n`, 0);
  const result = timed(call, values);
  if (!Number.isInteger(result)) fail(`${call}(${values}) returned ${result}`);
  const counts = called.get(call) ?? { ok: 0, refused: 0 };
  called.set(call, counts);
  if (result < 0) {
    counts.refused++;
    const code = codeOf(result);
    if (code === undefined) fail(`${call}(${values}) returned ${result}, which is no error code`);
    if (bad && !aboutHandles.has(code)) fail(`${call}(${values}) answered a bad handle with ${code}`);
    return;
  }
  counts.ok++;
  if (bad) fail(`${call}(${values}) took a bad handle and returned ${result}`);
  if (call === "mr_boundary_reset") return objects.forgetAll();
  const generation = block.results[0]!;
  if (shows.has(call)) wrapResult();
  const kind = kindOf(call);
  if (handle !== undefined && kind !== undefined && ends.has(call)) objects.forget(kind, handle);
  const made = call === "mr_boundary_finish" ? handle?.makes : makes[call];
  // 0 is nobody's slot: there was nothing to be had.
  if (made !== undefined && result !== 0) objects.add(made, { slot: result, generation, makes: jobMakes[call] });
}

/** One of everything, so that bad handles are bad beside good ones. */
async function openEverything(): Promise<void> {
  const [nameLength, dirLength] = objects.write("job-0", process.env["MILLRACE_SHM_DIR"]!);
  const made = (kind: Kind, slot: number, makes?: Kind): Handle => {
    if (slot < 0) fail(`opening a ${kind} failed with ${codeOf(slot)}`);
    const handle = { slot, generation: block.results[0]!, makes };
    objects.add(kind, handle);
    return handle;
  };
  const context = made("context", native.mr_context_open(nameLength!, dirLength!, 65_536));
  made("allocation", native.mr_context_create(context.slot, context.generation, 4096, 0));
  made("memory", native.mr_memory_create(4096));
  made("ring", native.mr_ring_create(3, 64, 0));
  made("job", native.mr_context_createJob(context.slot, context.generation, 4096, 0), "allocation");
  const lengths = objects.prepare("mr_replica_load", random)!;
  const loading = made("job", native.mr_replica_load(lengths[0]!, lengths[1]!), "replica");
  const session = made("replica", await finished(loading));
  objects.forget("job", loading);
  native.mr_request_grow(session.slot, session.generation);
  wrapResult();
  if (objects.open.simulation.length === 0) {
    const [path, name, ...rest] = objects.prepare("mr_simulation_begin", random)!;
    made("simulation", native.mr_simulation_begin(path!, name!, Math.max(1, rest[0]!), rest[1]!, rest[2]!, rest[3]!));
  }
  made("device", native.mr_device_createModel(2, 1, 4, 0));
  const executable = copyExecutable();
  const memory = made("memory", native.mr_memory_create(executable.length));
  check(native.mr_memory_view(memory.slot, memory.generation), "sweep");
  new Uint8Array(wrapResult()).set(executable);
  const programs = made(
    "session",
    native.mr_session_create(memory.slot, memory.generation, 0, executable.length, 0, 1),
  );
  const processor = made("device", native.mr_device_createCpu());
  check(native.mr_session_bind(programs.slot, programs.generation, processor.slot, processor.generation), "sweep");
  made("stream", native.mr_stream_empty(1));
  const queues = made("queue", native.mr_queue_open(0));
  for (const direction of [0, 1]) native.mr_queue_add(queues.slot, queues.generation, direction, 4, 64);
  if (objects.open.cuda_simulation.length === 0) {
    const [path, name, ...rest] = objects.prepare("mr_cuda_simulation_begin", random)!;
    made("cuda_simulation", native.mr_cuda_simulation_begin(path!, name!, rest[0]!, rest[1]!, rest[2]!, 0));
  }
  await openGpus();
}

/** Simulated GPUs: nothing of what was planned for them is left, and what failed is not used. It may still be about to fail. */
async function openGpus(): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openFreshGpus();
    } catch (error) {
      if (attempt === 10) throw error;
      await Bun.sleep(attempt);
    }
  }
}

async function openFreshGpus(): Promise<void> {
  const [simulation] = objects.open.cuda_simulation;
  check(native.mr_cuda_simulation_repair(simulation!.slot, simulation!.generation), "sweep");
  for (const kind of gpuKinds) for (const handle of [...objects.open[kind]]) objects.close(kind, handle);
  const made = async (kind: Kind, job: number): Promise<Handle> => {
    const begun = { slot: check(job, "sweep"), generation: block.results[0]! };
    const handle = { slot: check(await finished(begun), "sweep"), generation: block.results[0]! };
    objects.add(kind, handle);
    return handle;
  };
  const { slot, generation } = await made("cuda_device", native.mr_cuda_device_open(0));
  await made("cuda_stream", native.mr_cuda_stream_create(slot, generation, 0, 1));
  await made("cuda_event", native.mr_cuda_event_create(slot, generation, 1, 0));
  const memory = await made("cuda_memory", native.mr_cuda_memory_allocate(slot, generation, 4096, 0, 0));
  const context = objects.open.context[0]!;
  block.values.set([0, 0, 2, 2, 2, 1]);
  const [nameBytes] = objects.write("a");
  await made(
    "cuda_publication",
    native.mr_cuda_publication_publish(
      context.slot,
      context.generation,
      memory.slot,
      memory.generation,
      nameBytes!,
      0x8000_0201,
    ),
  );
  await made("memory", native.mr_cuda_host_allocate(slot, generation, 4096));
  const large = { slot: check(native.mr_memory_create(65_536), "sweep"), generation: block.results[0]! };
  objects.add("memory", large);
  await made("cuda_registration", native.mr_cuda_host_register(slot, generation, large.slot, large.generation, 0));
}

async function finished(job: Handle): Promise<number> {
  for (;;) {
    const result = native.mr_boundary_finish(job.slot, job.generation);
    if (result >= 0 || codeOf(result) !== "invalid_argument") return result;
    await Bun.sleep(1);
  }
}

/** Live objects, mappings, models. */
function live(): number[] {
  const handles = native.mr_boundary_live();
  return [handles, block.results[0]!, native.mr_replica_live(), native.mr_session_live()];
}

for (let i = 0; i < count; i++) {
  if (kinds.some((kind) => objects.open[kind].length === 0)) await openEverything();
  const call = random.pick(calls);
  if (!called.has(call) || random.chance(rarely[call] ?? 1)) step(call);
  if (i % 256 === 0) await Bun.sleep(0);
}

objects.closeAll();
native.mr_boundary_reset();
while (live().some((number) => number > 0)) {
  Bun.gc(true);
  await Bun.sleep(5);
}
const never = calls.filter((call) => !called.has(call));
console.log(JSON.stringify({ never, slowest, called: Object.fromEntries(called) }));
