import { readFileSync } from "node:fs";

export type Relation = "same core" | "same L2" | "same socket" | "other socket";

/** Where the two sides of a measurement run: the same code moves by 3x or more with it. */
export interface Placement {
  /** CPU numbers of the measuring side and of its partner; equal on a machine with one CPU. */
  readonly cpus: readonly [number, number];
  readonly relation: Relation | "one CPU";
}

export function describePlacement({ cpus, relation }: Placement): string {
  return `CPUs ${cpus[0]} and ${cpus[1]} (${relation})`;
}

/** One pair of CPUs for each relation that this process's CPUs offer, the closest first. */
export function placements(allowed: readonly number[] = allowedCpus()): Placement[] {
  const first = allowed[0]!;
  const found = new Map<Relation, Placement>();
  for (const other of allowed.slice(1)) {
    const relation = relate(first, other);
    if (!found.has(relation)) found.set(relation, { cpus: [first, other], relation });
  }
  const order: readonly Relation[] = ["same core", "same L2", "same socket", "other socket"];
  const pairs = order.flatMap((relation) => found.get(relation) ?? []);
  return pairs.length > 0 ? pairs : [{ cpus: [first, first], relation: "one CPU" }];
}

/** The pair that hyperthreads do not flatter: two cores of one socket if there are. */
export function usualPlacement(): Placement {
  const pairs = placements();
  return (
    pairs.find((p) => p.relation === "same socket") ?? pairs.find((p) => p.relation === "same L2") ?? pairs.at(-1)!
  );
}

export function placementOf(cpus: readonly [number, number]): Placement {
  return { cpus, relation: cpus[0] === cpus[1] ? "one CPU" : relate(cpus[0], cpus[1]) };
}

/** This process's CPUs before anything was pinned; children start from these, not from a pinned parent's one. */
const startingCpus = allowedCpus();
const taskset = Bun.which("taskset");

let pinnedTo: number | undefined;

/** Keeps the JavaScript thread of this process on one CPU; the engine's helper threads that run already stay free. */
export function pinThisThread(cpu: number): void {
  if (taskset === null) throw new Error("cannot pin: taskset (util-linux) is not installed; run with --no-pin");
  // Garbage collector and compiler threads start on first use and would inherit the one CPU.
  for (let i = 0; i < 3; i++) Bun.gc(true);
  moveThisThread(String(cpu));
  pinnedTo = cpu;
}

/** Runs `start` on all CPUs, so that threads it makes do not inherit the one that this thread is pinned to. */
export function startUnpinned<T>(start: () => T): T {
  if (pinnedTo === undefined) return start();
  moveThisThread(startingCpus.join(","));
  try {
    return start();
  } finally {
    moveThisThread(String(pinnedTo));
  }
}

function moveThisThread(cpus: string): void {
  const run = Bun.spawnSync([taskset!, "-p", "-c", cpus, String(process.pid)]);
  if (!run.success) throw new Error(`cannot move to CPU ${cpus}: ${run.stderr.toString().trim()}`);
}

/** A command that runs on all of this process's CPUs although its parent may be pinned. */
export function unpinned(command: readonly string[]): string[] {
  return taskset === null ? [...command] : [taskset, "-c", startingCpus.join(","), ...command];
}

export function allowedCpus(): number[] {
  const line = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return parseList(line?.[1] ?? "0");
}

/** `0-3,8` is 0, 1, 2, 3, 8: the kernel's way to write CPU lists. */
export function parseList(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const [from, to] = part.split("-").map(Number);
    return Array.from({ length: (to ?? from!) - from! + 1 }, (_, i) => from! + i);
  });
}

function relate(a: number, b: number): Relation {
  if (topologyList(a, "topology/core_cpus_list").includes(b)) return "same core";
  if (topologyList(a, "cache/index2/shared_cpu_list").includes(b)) return "same L2";
  return topologyList(a, "topology/package_cpus_list").includes(b) ? "same socket" : "other socket";
}

function topologyList(cpu: number, file: string): number[] {
  try {
    return parseList(readFileSync(`/sys/devices/system/cpu/cpu${cpu}/${file}`, "utf8").trim());
  } catch {
    return [cpu];
  }
}
