import { FastIOContext, FastIOEntry, IOAccess } from "../fastio/index.ts";
import { makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import type { AssignedEntry, Assignment } from "./assignment.ts";
import { EntryCollection } from "./entry-collection.ts";
import { PayloadCollection } from "./payload-collection.ts";
import { declarationOf, publicationOf } from "./publication.ts";

/** A stream of the payload: data in files below one directory. */
export interface PayloadEntry {
  /** Name from the pipeline definition; empty for an unnamed input. */
  readonly name: string;
  /** Absolute path of the directory; for the pipeline's own payload possibly of a file. */
  readonly path: string;
}

interface Contents {
  readonly inputEntries: PayloadCollection<PayloadEntry>;
  readonly outputEntries: PayloadCollection<PayloadEntry>;
  readonly fastioInputs: EntryCollection;
  readonly fastioOutputs: EntryCollection;
  readonly fastioContext: FastIOContext;
}

/**
 * What an operator works on. Owned by the driver and valid inside `execute` only: afterwards every member throws
 * `payload_expired`, and views of the entries have length 0.
 */
export class Payload {
  #contents: Contents | undefined;

  /** @internal */
  constructor(contents: Contents) {
    this.#contents = contents;
  }

  /** Streams to read. */
  get inputEntries(): PayloadCollection<PayloadEntry> {
    return this.#get("inputEntries");
  }

  /** Streams to write: each directory exists; it is empty unless `streamsDir` kept something in it. */
  get outputEntries(): PayloadCollection<PayloadEntry> {
    return this.#get("outputEntries");
  }

  /** Entries in shared memory to read. */
  get fastioInputs(): EntryCollection {
    return this.#get("fastioInputs");
  }

  /** Entries in shared memory to write. */
  get fastioOutputs(): EntryCollection {
    return this.#get("fastioOutputs");
  }

  /** The job's context, for allocations beyond the declared entries. Closed by the driver. */
  get fastioContext(): FastIOContext {
    return this.#get("fastioContext");
  }

  /** @internal */
  expire(): void {
    if (off("payload_expires")) return;
    this.#contents?.fastioContext.close();
    this.#contents = undefined;
  }

  #get<K extends keyof Contents>(member: K): Contents[K] {
    if (this.#contents !== undefined) return this.#contents[member];
    throw makeError("payload_expired", { op: `Payload.${member}`, message: "the execute handler has ended." });
  }
}

/** The payload of an assignment, open until it is disposed of. @throws as `FastIOContext.open` */
export function openPayload({ context, dir, inputs, outputs }: Assignment): Disposable & { readonly payload: Payload } {
  const fastioContext = FastIOContext.open(context, { dir });
  const entries = (what: string, assigned: readonly AssignedEntry[], access: IOAccess): EntryCollection =>
    new EntryCollection(
      what,
      assigned
        .filter(({ type }) => type.kind !== "stream")
        .map(({ name, operator, type }) => {
          // Only a stream can come from no operator.
          const publication = publicationOf(operator!, name);
          return new FastIOEntry(fastioContext, declarationOf(name, type), { access, publication });
        }),
    );
  const payload = new Payload({
    inputEntries: streams("input stream", inputs),
    outputEntries: streams("output stream", outputs),
    fastioInputs: entries("input", inputs, IOAccess.ReadOnly),
    fastioOutputs: entries("output", outputs, IOAccess.ReadWrite),
    fastioContext,
  });
  return { payload, [Symbol.dispose]: () => payload.expire() };
}

function streams(what: string, assigned: readonly AssignedEntry[]): PayloadCollection<PayloadEntry> {
  const entries = assigned.filter(({ path }) => path !== undefined).map(({ name, path }) => ({ name, path: path! }));
  return new PayloadCollection(what, entries);
}
