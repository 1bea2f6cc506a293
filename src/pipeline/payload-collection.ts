import { makeError } from "../native/error.ts";

/** Inputs or outputs of an operator: iterable in the order of the definition, and found by name. */
export class PayloadCollection<E extends { readonly name: string }> implements Iterable<E> {
  readonly #what: string;
  readonly #entries: ReadonlyMap<string, E>;

  /** `what` names the collection in messages: `input stream`. */
  constructor(what: string, entries: Iterable<E>) {
    this.#what = what;
    this.#entries = new Map(Array.from(entries, (entry) => [entry.name, entry]));
  }

  get size(): number {
    return this.#entries.size;
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** @throws `not_found` when the definition has no such entry. */
  get(name: string): E {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    const names = [...this.#entries.keys()].map((known) => JSON.stringify(known)).join(", ");
    throw makeError("not_found", {
      op: "Payload",
      message: `the operator has no ${this.#what} ${JSON.stringify(name)}.`,
      hint: names === "" ? `The pipeline definition gives it no ${this.#what}.` : `The definition gives it ${names}.`,
    });
  }

  [Symbol.iterator](): Iterator<E> {
    return this.#entries.values();
  }
}
