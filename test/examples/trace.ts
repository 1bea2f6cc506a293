import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Run, run } from "./demo.ts";

/** Calls that carry bytes in their arguments. */
const writing = ["write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg", "sendmmsg"];
/** Calls that move bytes which the trace does not show. */
const hidden = [
  ...["splice", "tee", "vmsplice", "sendfile", "copy_file_range"],
  ...["process_vm_readv", "process_vm_writev", "io_uring_setup", "io_submit"],
];

/** Bytes that some process of a traced tree wrote. */
export interface Write {
  readonly call: string;
  /** What the descriptor stands for: `socket:[123]`, `pipe:[123]`, a path. */
  readonly target: string;
  readonly bytes: Buffer;
}

export interface Trace {
  readonly run: Run;
  /** The first arguments of every program that was started, as `bun scan.ts`. */
  readonly programs: readonly string[];
  readonly writes: readonly Write[];
  /** Names of calls whose bytes cannot be seen. */
  readonly hidden: readonly string[];
}

/** Why nothing can be traced here, or undefined. */
export const obstacle: string | undefined = findObstacle();

function findObstacle(): string | undefined {
  if (Bun.which("strace") === null) return "strace is not installed";
  const { exitCode } = Bun.spawnSync(["strace", "-f", "-o", "/dev/null", "true"], { stderr: "ignore" });
  return exitCode === 0 ? undefined : "this machine does not let strace trace";
}

/** Runs a command under strace, with all processes and threads that come from it. */
export async function trace(command: string[], env: Record<string, string | undefined>): Promise<Trace> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-trace-"));
  try {
    const file = join(dir, "calls");
    const calls = ["execve", ...writing, ...hidden].join(",");
    const options = [
      "-f",
      "-qq",
      "-y",
      "-xx",
      "-s",
      "16777216",
      "-e",
      "signal=none",
      "-e",
      `trace=${calls}`,
      "-o",
      file,
    ];
    const ended = await run(["strace", ...options, "--", ...command], env);
    return { run: ended, ...readTrace(await Bun.file(file).text()) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** What strace wrote with `-f -y -xx`, as data. */
export function readTrace(text: string): Omit<Trace, "run"> {
  const programs: string[] = [];
  const writes: Write[] = [];
  const unseen: string[] = [];
  for (const line of text.split("\n")) {
    // `123 write(4<\x73…>, "\x01…", 8) = 8`. Of a call that was interrupted the first half has all we need.
    const [, call, rest] = line.match(/^\d+ +(\w+)\((.*)$/) ?? [];
    if (call === undefined || rest === undefined) continue;
    const strings = rest
      .matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)
      .map(([, hex]) => bytesOf(hex!))
      .toArray();
    if (call === "execve") programs.push(strings.slice(1).join(" "));
    else if (hidden.includes(call)) unseen.push(call);
    else
      writes.push({
        call,
        target: bytesOf(rest.match(/^\d+<([^>]*)>/)?.[1] ?? "").toString(),
        bytes: Buffer.concat(strings),
      });
  }
  return { programs, writes, hidden: unseen };
}

/** `\x61\x62` as bytes. */
function bytesOf(escaped: string): Buffer {
  return Buffer.from(escaped.replaceAll("\\x", ""), "hex");
}
