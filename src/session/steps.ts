import { serve, watch } from "../native/jobs.ts";
import { type NativeSession, nothing } from "./native-session.ts";

/** Work for a session's native thread; the JavaScript thread makes the callbacks meanwhile. */
export interface Command {
  readonly session: NativeSession;
  /** Begins it; a negative number is an error. */
  readonly begin: () => void;
}

/** Written once, driven in two ways: blocking, or from the event loop. */
export type Steps<T> = Generator<Command, T, void>;

/** Performs the steps and blocks meanwhile; callbacks run inside, those of queues and of other sessions as well. */
export function blocking<T>(steps: Steps<T>, op: string): T {
  let next = steps.next();
  while (!next.done) {
    const { session, begin } = next.value;
    try {
      begin();
      // Served before each wait, which is short, so that a Worker can be terminated in it.
      while (session.poll(serve(), op) !== true);
      // What others announced before the end.
      serve();
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
