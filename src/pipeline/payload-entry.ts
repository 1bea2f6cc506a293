/** A stream of the payload: data in files below one directory. */
export interface PayloadEntry {
  /** Name from the pipeline definition; empty for an unnamed input. */
  readonly name: string;
  /** Absolute path of the directory (or, for the pipeline's own payload, possibly a file). Valid only inside `execute`. */
  readonly path: string;
}
