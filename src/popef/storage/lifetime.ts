import { makeError } from "../../native/error.ts";
import type { Source } from "./source.ts";

/** What is open on behalf of one reader or model: its sources, and the memory that its data was mapped to. */
export class Lifetime {
  /** Who it belongs to, for messages. */
  readonly #owner: string;
  readonly #sources = new Set<Source>();
  readonly #open = new Set<Disposable>();
  #closed = false;

  constructor(owner: string) {
    this.#owner = owner;
  }

  get closed(): boolean {
    return this.#closed;
  }

  requireOpen(op: string): void {
    if (this.#closed) throw makeError("closed", { op, message: `the ${this.#owner} was closed.` });
  }

  /** Takes over the caller's reference. */
  own(source: Source): void {
    this.#sources.add(source);
  }

  /** Holds a source that belongs to others too. */
  share(source: Source): void {
    if (!this.#sources.has(source)) this.#sources.add(source.retain());
  }

  opened(resource: Disposable): void {
    this.#open.add(resource);
  }

  forget(resource: Disposable): void {
    this.#open.delete(resource);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const resource of [...this.#open]) resource[Symbol.dispose]();
    for (const source of this.#sources) source.release();
    this.#sources.clear();
  }
}
