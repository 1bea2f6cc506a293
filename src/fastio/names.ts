import { type Attributes, decodeAttributes, encodeAttributes } from "./metadata.ts";
import { writeName } from "./name.ts";
import { type Waiting, waitForName } from "./wait.ts";

interface Handle {
  readonly slot: number;
  readonly generation: number;
}

/** @internal What a context does for tensors that lie on devices, which have names in the job too. */
export class Names {
  readonly #handle: (op: string) => Handle;
  readonly #owner: { readonly closed: boolean };
  readonly #waiting: Set<Waiting>;

  constructor(handle: (op: string) => Handle, owner: { readonly closed: boolean }, waiting: Set<Waiting>) {
    this.#handle = handle;
    this.#owner = owner;
    this.#waiting = waiting;
  }

  get closed(): boolean {
    return this.#owner.closed;
  }

  /** @throws StateError `closed` */
  handle(op: string): Handle {
    return this.#handle(op);
  }

  write(name: string, op: string): number {
    return writeName(name, op);
  }

  encode(attributes: Attributes, op: string): string {
    return encodeAttributes(attributes, op);
  }

  decode(text: string, op: string): Attributes {
    return decodeAttributes(text, op);
  }

  /** Looks whenever publications have changed, until it finds something. Rejects with `closed` when the context is closed. */
  wait<T>(
    name: string,
    options: { readonly timeoutMs?: number | undefined; readonly signal?: AbortSignal | undefined },
    look: () => T | undefined,
    op: string,
  ): Promise<T> {
    const handle = this.#handle(op);
    return waitForName({ name, op, options, handle, waiting: this.#waiting, tryGet: look });
  }
}
