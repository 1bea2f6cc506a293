import { splitLines } from "./split-lines.ts";

export interface LaunchOptions {
  readonly command: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Receives each line that the operator writes. */
  readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
}

/** What is left to an operator between SIGTERM and SIGKILL. */
const graceMs = 5_000;
/** How long to wait for the last lines of a dead operator: a process it left elsewhere may hold the pipe open. */
const lastLinesMs = 2_000;

/**
 * A running operator in a process group of its own, so that stopping it also stops what it started. Launching throws
 * what the system says when the program cannot be started.
 */
export class OperatorProcess {
  /** The exit code, or the name of the signal that ended the process; its group and its log have ended too. */
  readonly ended: Promise<number | string>;
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #kill: ReturnType<typeof setTimeout> | undefined;

  constructor({ command, directory, env, onLine }: LaunchOptions) {
    const [program, ...args] = command;
    this.#child = Bun.spawn([program === "bun" ? process.execPath : program!, ...args], {
      cwd: directory,
      env,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
    const logs = (["stdout", "stderr"] as const).map((name) => this.#forward(name, onLine));
    this.ended = this.#end(logs);
  }

  /** SIGTERM to the whole group, and SIGKILL five seconds later if it is still there. */
  stop(): void {
    if (this.#kill !== undefined) return;
    this.#signal("SIGTERM");
    this.#kill = setTimeout(() => this.kill(), graceMs);
  }

  /** SIGKILL to the whole group, at once. */
  kill(): void {
    this.#signal("SIGKILL");
  }

  async #end(logs: readonly Promise<void>[]): Promise<number | string> {
    await this.#child.exited;
    clearTimeout(this.#kill);
    // What the operator started and left behind goes with it. The group's number cannot be anyone else's while a
    // member lives, and the system does not hand the number out again at once when none does.
    this.kill();
    await Promise.race([Promise.all(logs), Bun.sleep(lastLinesMs)]);
    return this.#child.signalCode ?? this.#child.exitCode ?? 1;
  }

  async #forward(name: "stdout" | "stderr", onLine: LaunchOptions["onLine"]): Promise<void> {
    for await (const line of splitLines(this.#child[name])) onLine(name, line);
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.#child.pid, signal);
    } catch (error) {
      // The group is gone already.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
