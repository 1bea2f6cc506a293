import type { Source } from "./form.ts";
import type { Half } from "./half.ts";

/** Elements on their way into a buffer, which may take them in pieces. */
export interface Intake {
  /** Elements that are left. */
  readonly left: number;
  /** Passes over the first `count` that are left. */
  skip(count: number): void;
  /** Writes the next `count` behind what `half` holds. */
  put(half: Half, count: number): void;
}

/** One tensor of several elements, or of one. */
export class BatchIntake implements Intake {
  readonly #source: Source;
  readonly #count: number;
  #next = 0;

  constructor(source: Source, count: number) {
    this.#source = source;
    this.#count = count;
  }

  get left(): number {
    return this.#count - this.#next;
  }

  skip(count: number): void {
    this.#next += count;
  }

  put(half: Half, count: number): void {
    half.reserve(count);
    half.write(0, this.#source, this.#next, count);
    half.count += count;
    this.#next += count;
  }
}

/** Tensors of one element each. */
export class ListIntake implements Intake {
  readonly #sources: readonly Source[];
  #next = 0;

  constructor(sources: readonly Source[]) {
    this.#sources = sources;
  }

  get left(): number {
    return this.#sources.length - this.#next;
  }

  skip(count: number): void {
    this.#next += count;
  }

  put(half: Half, count: number): void {
    half.reserve(count);
    for (let i = 0; i < count; i++) half.write(i, this.#sources[this.#next + i]!, 0, 1);
    half.count += count;
    this.#next += count;
  }
}
