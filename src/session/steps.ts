import { watch } from "../native/jobs.ts";
import { type NativeSession, nothing } from "./native-session.ts";

/** Work for a session's native thread; the JavaScript thread makes the callbacks meanwhile. */
export interface Command {
  readonly session: NativeSession;
  /** Begins it; a negative number is an error. */
  readonly begin: () => void;
  /** What is to be done while a blocking wait finds nothing: other callbacks of this thread. Returns how soon again. */
  readonly idle?: (() => number) | undefined;
}

/** Written once, driven in two ways: blocking, or from the event loop. */
export type Steps<T> = Generator<Command, T, void>;

/** Longer and a Worker could not be terminated in it. */
const sliceMs = 100;

/** Performs the steps and blocks meanwhile; callbacks run inside. */
export function blocking<T>(steps: Steps<T>, op: string): T {
  let next = steps.next();
  while (!next.done) {
    const { session, begin, idle } = next.value;
    try {
      begin();
      for (;;) {
        const ended = session.poll(idle?.() ?? sliceMs, op);
        if (ended === true) break;
      }
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next();
  }
  return next.value;
}

/** Performs the steps while the event loop goes on; callbacks run in turns of their own. */
export async function looping<T>(steps: Steps<T>, op: string): Promise<T> {
  let next = steps.next();
  while (!next.done) {
    try {
      await ended(next.value, op);
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next();
  }
  return next.value;
}

function ended({ session, begin }: Command, op: string): Promise<void> {
  begin();
  return new Promise((resolve, reject) => {
    const unwatch = watch(() => {
      try {
        const event = session.poll(0, op);
        if (event === nothing) return false;
        if (event) {
          unwatch();
          resolve();
        }
      } catch (error) {
        unwatch();
        reject(error);
      }
      return true;
    });
  });
}
