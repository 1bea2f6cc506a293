import { unpinned } from "./placement.ts";
import type { Context } from "./suite.ts";

export type Reply = { id: number; ready: true } | { id: number; result: unknown } | { id: number; error: string };
export interface Order {
  readonly id: number;
  readonly name: string;
  readonly params: unknown;
}

interface Waiting {
  ready(): void;
  result(value: unknown): void;
  fail(error: Error): void;
}

/** The second process of a measurement. Control messages go over Bun's IPC; what is measured never does. */
export class Partner implements AsyncDisposable {
  readonly #child: Bun.Subprocess;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  private constructor(file: string, args: readonly string[]) {
    this.#child = Bun.spawn(unpinned([process.execPath, file, ...args]), {
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
      serialization: "advanced",
      ipc: (message: Reply) => this.#receive(message),
      onExit: (_child, code, signal) => this.#failAll(new Error(`${file} ended early: ${signal ?? `exit ${code}`}`)),
    });
  }

  /** Starts `file`, a module that calls `servePartner`, and pins it to the placement's second CPU when asked. */
  static async start(context: Context, file: string): Promise<Partner> {
    const partner = new Partner(file, context.pin ? ["--cpu", String(context.placement.cpus[1])] : []);
    await partner.call("partner:hello", null);
    return partner;
  }

  /** Runs a handler to its end. */
  async call<T>(name: string, params: unknown): Promise<T> {
    return (await this.begin<T>(name, params, false)).done;
  }

  /** Resolves when the handler says that it is ready, or with `untilReady` false at once; `done` is its result. */
  async begin<T>(name: string, params: unknown, untilReady = true): Promise<{ readonly done: Promise<T> }> {
    const id = this.#nextId++;
    const ready = Promise.withResolvers<void>();
    const done = Promise.withResolvers<unknown>();
    this.#waiting.set(id, {
      ready: ready.resolve,
      result: done.resolve,
      fail: (error) => {
        ready.reject(error);
        done.reject(error);
      },
    });
    // Whichever of the two nobody waits for must not count as unhandled.
    ready.promise.catch(() => {});
    done.promise.catch(() => {});
    this.#child.send({ id, name, params } satisfies Order);
    if (untilReady) await ready.promise;
    return { done: done.promise as Promise<T> };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#waiting.clear();
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  #receive(message: Reply): void {
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    if ("ready" in message) return waiting.ready();
    this.#waiting.delete(message.id);
    if ("error" in message) waiting.fail(new Error(message.error));
    else waiting.result(message.result);
  }

  #failAll(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.fail(error);
    this.#waiting.clear();
  }
}
