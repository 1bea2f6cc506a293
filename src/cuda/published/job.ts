/** A job whose processes find each other's tensors by name: a `FastIOContext`. */
export interface NamedJob {
  /** @internal */
  readonly names: JobNames;
}

/** What a job does for tensors that lie on devices; this folder knows no more of jobs. */
export interface JobNames {
  readonly closed: boolean;
  /** For native code. @throws StateError `closed` */
  handle(op: string): { readonly slot: number; readonly generation: number };
  /** Leaves a name at the start of the block's text; returns its bytes. @throws ArgumentError `invalid_name` */
  write(name: string, op: string): number;
  /** @throws ArgumentError `attributes_too_large`, `invalid_argument` */
  encode(attributes: { readonly [name: string]: unknown }, op: string): string;
  /** @throws FormatError `corrupt` */
  decode(text: string, op: string): { readonly [name: string]: unknown };
  /** Calls `look` whenever publications have changed, until it finds something. */
  wait<T>(name: string, options: NameWaitOptions, look: () => T | undefined, op: string): Promise<T>;
}

export interface NameWaitOptions {
  /** Gives up with `deadline`; default: never. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}
