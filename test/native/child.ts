import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

export interface Ended {
  readonly exit: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a script that ended well leaves behind. */
export const endedWell = { exit: 0, signal: null } as const;

/** A place in shared memory for one test. */
export class SharedMemory implements Disposable {
  readonly dir = mkdtempSync("/dev/shm/millrace-test-");

  get left(): string[] {
    return readdirSync(this.dir, { recursive: true }) as string[];
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Runs a script of this folder in a process of its own against the debug build, so that a crash is seen as such. */
export async function runChild(
  script: string,
  environment: Record<string, string | undefined> = {},
  flags: readonly string[] = [],
  arguments_: readonly string[] = [],
): Promise<Ended> {
  const child = Bun.spawn([process.execPath, ...flags, join(import.meta.dir, script), ...arguments_], {
    env: { ...process.env, MILLRACE_BUILD: "debug", ...environment },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  await child.exited;
  return { exit: child.exitCode, signal: child.signalCode === null ? null : String(child.signalCode), stdout, stderr };
}
