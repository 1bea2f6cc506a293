import { makeError } from "../../../native/error.ts";
import { describeValue } from "../../../tensor/typed-array.ts";

/** @throws ArgumentError `invalid_argument` for a value that the enumeration has not, which lists what it has */
export function checkMember<T extends string>(table: Readonly<Record<T, T>>, value: T, what: string, op: string): T {
  if (typeof value === "string" && Object.hasOwn(table, value)) return value;
  throw makeError("invalid_argument", {
    op,
    message: `${typeof value === "string" ? JSON.stringify(value) : describeValue(value)} is no ${what}.`,
    hint: `Use one of ${Object.keys(table).join(", ")}.`,
  });
}
