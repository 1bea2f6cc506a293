import { describe, expect, test } from "bun:test";
import { type ErrorClass, type ErrorCode, errorTable } from "../../src/native/bindings.generated.ts";
import {
  ArgumentError,
  CapacityError,
  DeadlineError,
  DeviceError,
  ExistsError,
  FormatError,
  MillraceError,
  makeError,
  NotFoundError,
  StateError,
} from "../../src/native/error.ts";

const codes = Object.keys(errorTable) as ErrorCode[];
const classes: Record<ErrorClass, typeof MillraceError> = {
  argument: ArgumentError,
  state: StateError,
  not_found: NotFoundError,
  exists: ExistsError,
  capacity: CapacityError,
  deadline: DeadlineError,
  device: DeviceError,
  format: FormatError,
};

describe("the error table", () => {
  test.each(codes)("%s has a class, a meaning and a cure in whole sentences", (code) => {
    const { class: kind, meaning, cure } = errorTable[code];
    expect(Object.keys(classes)).toContain(kind);
    expect(code).toMatch(/^[a-z][a-z_]*$/);
    for (const sentence of [meaning, cure]) expect(sentence).toMatch(/^["`\p{L}].*\.$/u);
    expect(cure).not.toBe(meaning);
  });

  test("numbers every code once, from 1", () => {
    const numbers = codes.map((code) => errorTable[code].number);
    expect(new Set(numbers).size).toBe(codes.length);
    expect(Math.min(...numbers)).toBeGreaterThan(0);
  });

  test("keeps what may succeed later apart from what cannot", () => {
    const retryable = codes.filter((code) => errorTable[code].retryable).map((code) => errorTable[code].class);
    expect(retryable).not.toContain("argument");
    expect(retryable).not.toContain("format");
  });
});

describe("an error", () => {
  test.each(codes)("%s says what failed with which value, then the cure", (code) => {
    const { class: kind, cure, retryable } = errorTable[code];
    const error = makeError(code, { op: "Class.method", message: "5 is too much." });
    expect(error).toBeInstanceOf(MillraceError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(classes[kind].name);
    expect(error.constructor).toBe(classes[kind]);
    expect(error.message).toBe(`Class.method: 5 is too much. ${cure}`);
    expect(error).toMatchObject({ code, op: "Class.method", hint: cure, retryable });
  });

  test("without a message gives the code's meaning", () => {
    expect(makeError("closed", { op: "a" }).message).toBe(`a: ${errorTable.closed.meaning} ${errorTable.closed.cure}`);
  });

  test("takes a better cure and the cause from where it is thrown", () => {
    const cause = new Error("inner");
    const error = makeError("system", { op: "a", message: "b.", hint: "Do c.", cause });
    expect(error).toMatchObject({ message: "a: b. Do c.", hint: "Do c.", cause });
    expect("cause" in makeError("system", { op: "a" })).toBe(false);
  });
});
