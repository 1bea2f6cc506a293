import { resolve } from "node:path";
import { type ContextStats, FastIOContext } from "../fastio/index.ts";
import type { OperatorDefinition, PipelineDefinition } from "./definition.ts";
import { publicationOf } from "./publication.ts";

/** The shared memory of one run: its context, what the definition lets it allocate, and what nobody needs any more. */
export class JobMemory implements Disposable {
  readonly #context: FastIOContext;
  /** By publication: the operators that have not ended and write or read it. */
  readonly #users = new Map<string, Set<string>>();

  private constructor(context: FastIOContext) {
    this.#context = context;
  }

  /** Opens the context and allocates every output of fixed shape. @throws as `FastIOContext.open` and `create` */
  static async create(definition: PipelineDefinition, name: string, dir: string | undefined): Promise<JobMemory> {
    const memory = new JobMemory(FastIOContext.open(name, { dir }));
    try {
      for (const operator of definition.operators) {
        for (const publication of publicationsOf(operator)) memory.#use(publication, operator.name);
        for (const { name: output, type } of operator.outputs) {
          if (type.kind === "stream" || type.kind === "string" || type.shape.includes(-1)) continue;
          const { elementType: dtype, shape } = type;
          using allocation = await memory.#context.createAsync({ dtype, shape });
          allocation.publish(publicationOf(operator.name, output));
        }
      }
      return memory;
    } catch (error) {
      memory[Symbol.dispose]();
      throw error;
    }
  }

  get context(): string {
    return this.#context.name;
  }

  /** Absolute: operators run in another directory than this process. */
  get dir(): string {
    return resolve(this.#context.dir);
  }

  get stats(): ContextStats {
    return this.#context.stats();
  }

  /** Bytes behind an operator's inputs, as far as they are allocated. */
  bytesIn({ inputs }: OperatorDefinition): number {
    return this.#bytes(
      inputs.filter(({ from }) => from !== undefined).map((input) => publicationOf(input.from!, input.name)),
    );
  }

  /** Bytes behind an operator's outputs, as far as they are allocated. */
  bytesOut({ name, outputs }: OperatorDefinition): number {
    return this.#bytes(outputs.map((output) => publicationOf(name, output.name)));
  }

  /** Frees what only this operator still wrote or read, and what its process held if it was killed. */
  ended(operator: OperatorDefinition): void {
    this.#context.reap();
    for (const publication of publicationsOf(operator)) {
      const users = this.#users.get(publication);
      users?.delete(operator.name);
      if (users?.size === 0) this.#context.tryGet(publication)?.free();
    }
  }

  [Symbol.dispose](): void {
    this.#context.close();
  }

  #use(publication: string, operator: string): void {
    const users = this.#users.get(publication);
    if (users === undefined) this.#users.set(publication, new Set([operator]));
    else users.add(operator);
  }

  #bytes(publications: readonly string[]): number {
    let bytes = 0;
    for (const publication of publications) {
      using allocation = this.#context.tryGet(publication);
      bytes += allocation?.byteLength ?? 0;
    }
    return bytes;
  }
}

/** Everything in shared memory that an operator may write or read; a stream has no publication of that name. */
function publicationsOf({ name, inputs, outputs }: OperatorDefinition): readonly string[] {
  const read = inputs.flatMap((input) => (input.from === undefined ? [] : [publicationOf(input.from, input.name)]));
  return [...read, ...outputs.map((output) => publicationOf(name, output.name))];
}
