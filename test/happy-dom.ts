// What many projects preload for their component tests: `AbortSignal`, `Event`, `setTimeout`, `URL` and more become
// happy-dom's, and what Bun hands out natively is no longer an instance of them.
import { Window } from "happy-dom";

const window = new Window();
const replaced = [
  "AbortController",
  "AbortSignal",
  "Blob",
  "DOMException",
  "Event",
  "EventTarget",
  "URL",
  "clearTimeout",
  "fetch",
  "queueMicrotask",
  "setInterval",
  "setTimeout",
] as const;
for (const name of replaced) {
  const value = window[name] as unknown;
  const bound = /^[a-z]/.test(name) ? (value as (...args: unknown[]) => unknown).bind(window) : value;
  Object.defineProperty(globalThis, name, { value: bound, configurable: true, writable: true });
}
