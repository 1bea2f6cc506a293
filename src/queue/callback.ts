import type { InputData } from "./queue-data.ts";

/** Calls what a user gave. What it throws is nobody's to catch here: it is reported as uncaught. */
export function call(callback: InputData["readStart"]): void {
  try {
    callback?.();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
