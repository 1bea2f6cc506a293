import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dir, "../..");
export const digits = join(root, "examples/digits");
export const demo = [process.execPath, join(digits, "demo.ts")];

/** Shared memory of its own for one run, so that what is left of it can be seen. */
export class SharedMemory implements Disposable {
  readonly dir = mkdtempSync("/dev/shm/millrace-test-");
  readonly env = { ...process.env, MILLRACE_SHM_DIR: this.dir };

  get left(): string[] {
    return readdirSync(this.dir, { recursive: true }) as string[];
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export interface Run {
  readonly pid: number;
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; without `cwd` in a directory that is not the project's. */
export async function run(command: string[], env: Record<string, string | undefined>, cwd = "/"): Promise<Run> {
  const child = Bun.spawn(command, { cwd, env, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, exit] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { pid: child.pid, exit, stdout, stderr };
}
