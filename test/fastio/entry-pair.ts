import { type EntryDeclaration, FastIOEntry, IOAccess } from "../../src/fastio/index.ts";
import { Place } from "./job.ts";

/** Those whose elements are numbers in JavaScript: what nearly every test declares. */
type NumberEntry = FastIOEntry<"uint8" | "int32" | "float32">;

/** An output and the input that reads it, as two operators of a pipeline have them, in two contexts of one job. */
export class EntryPair implements Disposable {
  readonly place = new Place();
  readonly producerJob = this.place.open();
  readonly consumerJob = this.place.open();
  readonly output: NumberEntry;
  readonly input: NumberEntry;

  constructor(declaration: Partial<EntryDeclaration>, expected: Partial<EntryDeclaration> = declaration) {
    const publication = "producer/x";
    const declare = (given: Partial<EntryDeclaration>) => ({ name: "x", type: "array", ...given });
    this.output = new FastIOEntry(this.producerJob, declare(declaration), { access: IOAccess.ReadWrite, publication });
    this.input = new FastIOEntry(this.consumerJob, declare(expected), { access: IOAccess.ReadOnly, publication });
  }

  [Symbol.dispose](): void {
    this.place[Symbol.dispose]();
  }
}

export const array = (elementType: string, shape: readonly number[]) => ({ type: "array", elementType, shape });
