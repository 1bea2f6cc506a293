import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type ContextOptions, FastIOContext } from "../../src/fastio/index.ts";

/** A place for the jobs of one test. Ends with the block, and complains when a job left something there. */
export class Place implements Disposable {
  readonly dir = mkdtempSync("/dev/shm/millrace-test-");
  readonly #open: FastIOContext[] = [];

  /** A context there, closed with the place at the latest. */
  open(name = "job", options: ContextOptions = {}): FastIOContext {
    const context = FastIOContext.open(name, { dir: this.dir, ...options });
    this.#open.push(context);
    return context;
  }

  /** Files of jobs, relative to the place. */
  get left(): string[] {
    return (readdirSync(this.dir, { recursive: true }) as string[]).sort();
  }

  [Symbol.dispose](): void {
    for (const context of this.#open) context.close();
    const { left } = this;
    rmSync(this.dir, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`left in shared memory: ${left.join(", ")}`);
  }
}
