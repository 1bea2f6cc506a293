/** The usual way between two Bun processes: a Unix stream socket, through Bun's own API. */
import type { Socket } from "bun";
import { Partner } from "../partner.ts";
import { type Statistics, sampleAsync } from "../statistics.ts";
import type { Context } from "../suite.ts";
import { seedOf, writeWhole } from "../workload.ts";

/** What the receiving side does with a message once all of it lies in one buffer. */
export type Receipt = "echo" | "acknowledge" | "read and acknowledge";

interface Line {
  socket: Socket;
  /** Bytes of the answer that are still to come, and who waits for them. */
  due: number;
  answered: (() => void) | undefined;
  writable: (() => void) | undefined;
}

export interface SocketTimes {
  /** Half a round trip of a message and its echo, each after `idleMs` without any work. */
  ping(bytes: number, n: number, idleMs?: number): Promise<Statistics>;
  /** Write until the other side has all of it in one buffer and has said so; nothing is read. */
  carry(bytes: number, n: number): Promise<Statistics>;
  /** Filled here, sent, read whole there, acknowledged. */
  endToEnd(bytes: number, n: number): Promise<Statistics>;
}

/** Runs `measure` against a partner process that listens on a socket in the abstract namespace. */
export async function withSocket<T>(context: Context, measure: (times: SocketTimes) => Promise<T>): Promise<T> {
  await using partner = await Partner.start(context, `${import.meta.dir}/socket-partner.ts`);
  const unix = `\0millrace-bench-${process.pid}`;
  await partner.call("listen", unix);
  const line = await connect(unix);
  const prepare = (bytes: number, receipt: Receipt): Promise<void> => partner.call("expect", { bytes, receipt });
  try {
    return await measure({
      async ping(bytes, n, idleMs = 0) {
        await prepare(bytes, "echo");
        const message = new Uint8Array(bytes);
        return sampleAsync(n, warmup(n), async () => {
          if (idleMs > 0) await Bun.sleep(idleMs);
          const before = performance.now();
          await exchange(line, message, bytes);
          return ((performance.now() - before) * 1e6) / 2;
        });
      },
      async carry(bytes, n) {
        await prepare(bytes, "acknowledge");
        const message = new Uint8Array(bytes).fill(1);
        return sampleAsync(n, warmup(n), async () => {
          await exchange(line, message, 1);
          return undefined;
        });
      },
      async endToEnd(bytes, n) {
        await prepare(bytes, "read and acknowledge");
        const message = new Float64Array(bytes / 8);
        return sampleAsync(n, warmup(n), async (i) => {
          writeWhole(message, seedOf(i));
          await exchange(line, new Uint8Array(message.buffer), 1);
          return undefined;
        });
      },
    });
  } finally {
    line.socket.end();
  }
}

function warmup(n: number): number {
  return Math.max(3, Math.round(n / 10));
}

async function connect(unix: string): Promise<Line> {
  const line: Partial<Line> = { due: 0 };
  line.socket = await Bun.connect({
    unix,
    socket: {
      data(_socket, chunk) {
        line.due! -= chunk.byteLength;
        if (line.due === 0) line.answered?.();
      },
      drain() {
        line.writable?.();
      },
    },
  });
  return line as Line;
}

async function exchange(line: Line, message: Uint8Array, answerBytes: number): Promise<void> {
  line.due = answerBytes;
  const answered = new Promise<void>((resolve) => {
    line.answered = resolve;
  });
  let sent = line.socket.write(message);
  while (sent < message.byteLength) {
    await new Promise<void>((resolve) => {
      line.writable = resolve;
    });
    sent += line.socket.write(message.subarray(sent));
  }
  await answered;
}
