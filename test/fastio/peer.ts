import { join } from "node:path";
import type { Here } from "./programs/peer.ts";

const program = join(import.meta.dir, "programs", "peer.ts");

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code?: string; readonly message: string };
}

/** Another process that has the job open. Ends with the block, by closing the job as any program does. */
export class Peer<H = Here> implements AsyncDisposable {
  readonly #child: Bun.Subprocess;
  #answered: PromiseWithResolvers<Answer> = Promise.withResolvers();

  private constructor(name: string, dir: string, path: string) {
    this.#child = Bun.spawn([process.execPath, path, name, dir], {
      stdio: ["ignore", "inherit", "inherit"],
      ipc: (answer: Answer) => this.#answered.resolve(answer),
      onExit: (_child, code, signal) =>
        this.#answered.resolve({ error: { code: "ended", message: `the peer ended with ${code ?? signal}` } }),
    });
  }

  /** `path`: a program that says `H`; see `programs/peer.ts`. */
  static async join<H = Here>(
    job: { readonly name: string; readonly dir: string },
    path: string = program,
  ): Promise<Peer<H>> {
    const peer = new Peer<H>(job.name, job.dir, path);
    await peer.#answer();
    return peer;
  }

  /** Runs a function there, with values that JSON can say. It sees its parameters, nothing of the test around it. */
  run<T, V extends readonly unknown[]>(task: (here: H, ...values: V) => T, ...values: V): Promise<Awaited<T>> {
    this.#answered = Promise.withResolvers();
    this.#child.send({ task: task.toString(), values });
    return this.#answer() as Promise<Awaited<T>>;
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.disconnect();
    await this.#child.exited;
  }

  async #answer(): Promise<unknown> {
    const { result, error } = await this.#answered.promise;
    if (error !== undefined) throw Object.assign(new Error(error.message), { code: error.code });
    return result;
  }
}
