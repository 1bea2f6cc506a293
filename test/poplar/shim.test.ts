import { describe, expect, test } from "bun:test";
import { endedWell, runChild } from "../native/child.ts";
import { lookAlikes } from "./look-alike.ts";

const cases = await lookAlikes();

describe.each(cases)("the Poplar shim over SDK $shape", ({ path }) => {
  const environment = { MILLRACE_SIMULATOR: path, MILLRACE_POPLAR: undefined };

  test("makes a status of every exception, with its message and recovery action", async () => {
    const ended = await runChild("../poplar/programs/exceptions.ts", environment);
    expect(ended).toMatchObject(endedWell);
    const text = expect.any(String);
    expect(JSON.parse(ended.stdout)).toEqual({
      application: { status: "application", recoveryAction: 0, message: "x" },
      recoverable: { status: "recoverable", recoveryAction: 3, message: "x" },
      unrecoverable: { status: "unrecoverable", recoveryAction: 0, message: "x" },
      unknown: { status: "unknown", recoveryAction: 0, message: "x" },
      bad_alloc: { status: "out_of_memory", recoveryAction: 0, message: text },
      logic_error: { status: "invalid_executable", recoveryAction: 0, message: "a logic error" },
      number: { status: "unknown", recoveryAction: 0, message: text },
      option: { status: "invalid_option", recoveryAction: 0, message: expect.stringContaining("no.such") },
      stream: { status: "stream", recoveryAction: 0, message: expect.stringContaining("nowhere") },
      memory: { status: "out_of_memory", recoveryAction: 0, message: "full" },
    });
  });

  test("leads callbacks of Poplar's threads to JavaScript's own thread, and stops what they do", async () => {
    const ended = await runChild("../poplar/programs/threads.ts", environment);
    expect(ended).toMatchObject(endedWell);
    expect(JSON.parse(ended.stdout)).toEqual({ seen: [1, 2, 3, 4, 5, 6], more: 7 });
  });
});
