import { check } from "./check.ts";
import { block, native, onReload } from "./library.ts";
import { timers } from "./timers.ts";
import { WakeSocket } from "./wake.ts";

/** Something that finishes off the event loop and is collected here. Returns true if it found anything. */
export type Poll = () => boolean;

// How long the thread looks before it goes to sleep, since it began to wait or last found something. Being woken costs
// 20 to 40 us, and 100 from an idle processor: waits that are likely to be that short are worth the looking.
const pollMs = 0.1;
// After a wait that was longer than this, being woken counted in, the next one is expected to be long too.
const shortMs = 0.15;
const briefMs = 0.02;
// How long one turn of the event loop may be used for looking again: a turn costs 2 to 3 us, the time of two requests.
const againMs = 0.1;
// On one processor whoever polls keeps from running what it waits for.
const alone = navigator.hardwareConcurrency === 1;
// Slices of a blocking wait: while it has others to serve, and while it has not.
const servedMs = 5;
const idleMs = 100;
// How often to look when there is no socket to be woken through.
const fallbackMs = 1;

interface Pending {
  readonly op: string;
  readonly resolve: (result: number) => void;
  readonly reject: (error: unknown) => void;
}

const jobs = new Map<string, Pending>();
// Each with what must be done before this thread may sleep.
const polls = new Map<Poll, (() => void) | undefined>();
const attendants = new Set<Poll>();
const looking = new Set<Poll>();
const settled = Promise.resolve();
let interest = 0;
let since = 0;
let turnedAt = 0;
let limitMs = briefMs;
let scheduled = false;
let socket: WakeSocket | undefined;

onReload(() => {
  socket?.close();
  jobs.clear();
  polls.clear();
  attendants.clear();
  interest = 0;
});

/**
 * Settles when the job that `start` began has ended; `take` then reads the block's results, in the same turn. Aborting
 * rejects at once with the signal's reason and drops the result.
 */
export function runJob<T>(
  start: () => number,
  take: (result: number) => T,
  op: string,
  signal?: AbortSignal | undefined,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const slot = check(start(), op);
    const generation = block.results[0]!;
    const key = `${slot}.${generation}`;
    const abort = () => {
      if (!jobs.delete(key)) return;
      native.mr_boundary_abandon(slot, generation);
      release();
      reject(signal?.reason);
    };
    const done = () => signal?.removeEventListener("abort", abort);
    jobs.set(key, {
      op,
      resolve: (result) => {
        done();
        // `take` reads the block; what it throws is the job's failure.
        try {
          resolve(take(result));
        } catch (error) {
          reject(error);
        }
      },
      reject: (error) => {
        done();
        reject(error);
      },
    });
    signal?.addEventListener("abort", abort, { once: true });
    retain();
  });
}

/** The blocking twin of `runJob`: sleeps in slices, and serves what else this thread waits for. */
export function waitJob<T>(start: () => number, take: (result: number) => T, op: string): T {
  const slot = check(start(), op);
  const generation = block.results[0]!;
  while (check(native.mr_boundary_wait(slot, generation, serve()), op) === 0);
  return take(check(native.mr_boundary_finish(slot, generation), op));
}

/**
 * Keeps the process alive and `poll` called until the returned function is called. `beforeSleep` is called, again and
 * again, before the thread stops polling; then `poll` once more.
 */
export function watch(poll: Poll, beforeSleep?: (() => void) | undefined): () => void {
  polls.set(poll, beforeSleep);
  retain();
  return () => {
    if (polls.delete(poll)) release();
  };
}

/**
 * As `watch`, for what can only happen while something else is pending: keeps neither the process alive nor this thread
 * looking.
 */
export function attend(poll: Poll): () => void {
  attendants.add(poll);
  return () => void attendants.delete(poll);
}

/**
 * For blocking waits: looks at all that is watched or attended, so that the wait cannot keep from happening what it waits
 * for. Returns how many milliseconds to sleep at most before looking again.
 */
export function serve(): number {
  collect();
  return polls.size + attendants.size - looking.size > 0 ? servedMs : idleMs;
}

/** What is waited for runs once this thread sleeps: it looks once more, then sleeps. */
export function giveWay(): void {
  limitMs = 0;
}

/** Work is pending: poll now, and keep the process alive. Pairs with `release`. */
function retain(): void {
  interest++;
  since = performance.now();
  socket ??= new WakeSocket(turn);
  socket.hold(true);
  schedule();
}

function release(): void {
  interest--;
  if (interest === 0) socket?.hold(false);
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  const next = () => {
    scheduled = false;
    turn();
  };
  if (socket?.failed && waitedMs() >= limitMs) timers().setTimeout(next, fallbackMs);
  else timers().setImmediate(next);
}

function turn(): void {
  turnedAt = performance.now();
  lookAround();
}

function lookAround(): void {
  if (interest === 0) return;
  if (collect()) {
    found();
    if (interest > 0 && !scheduled && since - turnedAt < againMs) return lookAgain();
  }
  if (interest === 0) return;
  if (!socket?.connected || (!alone && waitedMs() < limitMs)) return schedule();
  for (const beforeSleep of polls.values()) beforeSleep?.();
  // Armed first, then one last look: whatever completes after the look writes the byte.
  const ended = native.mr_boundary_wakeArm() === 1;
  if (!collect() && !ended) return;
  native.mr_boundary_wakeDisarm();
  found();
  if (interest > 0) schedule();
}

/** When those who were told have gone on, which as a rule means that they have asked for more. */
function lookAgain(): void {
  scheduled = true;
  // Not queueMicrotask, which test environments replace.
  void settled.then(() => {
    scheduled = false;
    lookAround();
  });
}

function found(): void {
  const now = performance.now();
  limitMs = now - since < shortMs ? pollMs : briefMs;
  since = now;
}

function waitedMs(): number {
  return performance.now() - since;
}

function collect(): boolean {
  let found = false;
  // Also when no job is awaited: one that was abandoned ends too, and would keep the thread from going to sleep.
  const count = native.mr_boundary_completions();
  if (count > 0) {
    found = true;
    const ended = block.completions.slice(0, count * 2);
    for (let i = 0; i < count; i++) settle(ended[i * 2]!, ended[i * 2 + 1]!);
  }
  for (const poll of polls.keys()) found = look(poll) || found;
  for (const poll of attendants) found = look(poll) || found;
  return found;
}

/** A poll whose callback waits is not begun again by that wait. */
function look(poll: Poll): boolean {
  if (looking.has(poll)) return false;
  looking.add(poll);
  try {
    return poll();
  } finally {
    looking.delete(poll);
  }
}

function settle(slot: number, generation: number): void {
  const key = `${slot}.${generation}`;
  const pending = jobs.get(key);
  if (pending === undefined) return; // abandoned
  jobs.delete(key);
  release();
  let result: number;
  try {
    result = check(native.mr_boundary_finish(slot, generation), pending.op);
  } catch (error) {
    return pending.reject(error);
  }
  pending.resolve(result);
}
