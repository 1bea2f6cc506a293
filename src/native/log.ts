/** One line each time a driver, a library or a fallback is chosen, or something was forgotten. */
export type LogLine = { readonly level: "info" | "warn"; readonly message: string };

type Listener = (line: LogLine) => void;

// Read once: looking into the environment costs more than a warm `get`.
const printed = process.env["MILLRACE_LOG"] !== undefined;
const listeners = new Set<Listener>();
const choices = new Set<string>();

/**
 * Calls `listener` for every line until the returned function is called; at once for the choices made so far (the
 * library is chosen while modules load). `MILLRACE_LOG=1` prints all lines to stderr.
 */
export function onLog(listener: Listener): () => void {
  listeners.add(listener);
  for (const message of choices) listener({ level: "info", message });
  return () => void listeners.delete(listener);
}

/** Does anybody read what `log` says? */
export function isLogged(): boolean {
  return printed || listeners.size > 0;
}

export function log(level: LogLine["level"], message: string): void {
  if (printed) process.stderr.write(`millrace ${level}: ${message}\n`);
  for (const listener of listeners) listener({ level, message });
}

/** What was chosen and why, said once however often the choice is made. */
export function logChoice(message: string): void {
  if (choices.has(message)) return;
  choices.add(message);
  log("info", message);
}
