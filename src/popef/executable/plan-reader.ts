const nameBytesMax = 1024;

type Members = { readonly [member: string]: unknown };

/** Takes JSON values apart, each with the words that name it in an error. */
export class PlanReader {
  /** Makes the error; the message begins with the name of a part of the plan. */
  readonly fail: (message: string) => Error;

  constructor(fail: (message: string) => Error) {
    this.fail = fail;
  }

  /** With these members and no others. */
  object(value: unknown, at: string, members: readonly string[]): Members {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw this.fail(`${at} is ${kindOf(value)}, not an object`);
    for (const member of Object.keys(value))
      if (!members.includes(member))
        throw this.fail(`${at} has ${JSON.stringify(member.slice(0, 64))}, which is unknown`);
    return value as Members;
  }

  array(value: unknown, at: string, most: number): readonly unknown[] {
    if (!Array.isArray(value)) throw this.fail(`${at} is ${kindOf(value)}, not an array`);
    if (value.length > most) throw this.fail(`${at} has ${value.length} elements, more than ${most}`);
    return value;
  }

  list<T>(value: unknown, at: string, most: number, read: (item: unknown, at: string, index: number) => T): T[] {
    return this.array(value, at, most).map((item, index) => read(item, `${at}[${index}]`, index));
  }

  text(value: unknown, at: string): string {
    // NUL ends a name in C.
    const usable = typeof value === "string" && value !== "" && !value.includes("\0");
    if (usable && Buffer.byteLength(value) <= nameBytesMax) return value;
    throw this.fail(`${at} is ${kindOf(value)}, not a name`);
  }

  flag(value: unknown, at: string): boolean {
    if (typeof value === "boolean") return value;
    throw this.fail(`${at} is ${kindOf(value)}, neither true nor false`);
  }

  integer(value: unknown, at: string, min: number, max: number): number {
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    throw this.fail(`${at} is ${kindOf(value)}, not an integer from ${min} to ${max}`);
  }

  number(value: unknown, at: string): number {
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw this.fail(`${at} is ${kindOf(value)}, not a number`);
  }

  index(value: unknown, at: string, of: readonly unknown[]): number {
    return this.integer(value, at, 0, of.length - 1);
  }

  distinct(values: readonly (string | number)[], what: string): void {
    const seen = new Set<string | number>();
    for (const value of values) {
      if (seen.has(value)) throw this.fail(`${what} hold ${JSON.stringify(value)} twice`);
      seen.add(value);
    }
  }
}

function kindOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 64));
  if (value === undefined) return "absent";
  return typeof value === "object" && value !== null
    ? Array.isArray(value)
      ? "an array"
      : "an object"
    : String(value);
}
