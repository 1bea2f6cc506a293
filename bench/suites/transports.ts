/** What moving a tensor costs without Millrace: sockets, postMessage, iceoryx2. Other suites compare with these rows. */
import { measureIceoryx2 } from "../peers/iceoryx2.ts";
import { measureWriteAndRead } from "../peers/memory.ts";
import { withWorker } from "../peers/message.ts";
import { withSocket } from "../peers/socket.ts";
import { size } from "../quantity.ts";
import { makeRow, type Row } from "../row.ts";
import type { Statistics } from "../statistics.ts";
import type { Context } from "../suite.ts";

const MiB = 1024 * 1024;
const sizes = [64, 4096, 65_536, MiB, 64 * MiB] as const;

export async function run(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  const add = (name: string, statistics: Statistics, note: string): void =>
    void rows.push(makeRow({ name, statistics, note }));
  const sockets = await measureSockets(context);
  const messages = await measureMessages(context);
  for (const bytes of sizes) {
    add(
      `Unix socket, one way: ${size(bytes)}`,
      sockets.get(bytes)!.ping,
      "half a round trip of a message and its echo between two Bun processes; not written or read beyond gathering it in one buffer",
    );
    add(
      `postMessage clone, one way: ${size(bytes)}`,
      messages.get(bytes)!.clone,
      "half a round trip between two threads of one Bun process; nothing written or read",
    );
    add(
      `postMessage transfer, one way: ${size(bytes)}`,
      messages.get(bytes)!.transfer,
      "half a round trip of the same buffer; the sender loses it",
    );
  }
  for (const bytes of [MiB, 64 * MiB]) {
    const floor = await measureWriteAndRead(context, bytes, samplesFor(context, bytes));
    const peer = { name: "write and read in one process", value: floor.p50 };
    const ways = [
      ["Unix socket", sockets.get(bytes)!.endToEnd],
      ["postMessage clone", messages.get(bytes)!.cloneEndToEnd],
      ["postMessage transfer", messages.get(bytes)!.transferEndToEnd],
    ] as const;
    for (const [name, statistics] of ways) {
      rows.push(
        makeRow({
          name: `${name}, written and read whole: ${size(bytes)}`,
          statistics,
          peer,
          note: "until the acknowledgement; float64 filled by one side and summed by the other",
        }),
      );
    }
  }
  return [...rows, ...(await iceoryx2(context))];
}

interface SocketFigures {
  readonly ping: Statistics;
  readonly carry: Statistics;
  readonly endToEnd: Statistics;
}

/** By size in bytes. */
export function measureSockets(context: Context): Promise<ReadonlyMap<number, SocketFigures>> {
  return context.once("sockets", () =>
    withSocket(context, async (times) => {
      const figures = new Map<number, SocketFigures>();
      for (const bytes of sizes) {
        context.log(`Unix socket, ${size(bytes)}`);
        const n = samplesFor(context, bytes);
        figures.set(bytes, {
          ping: await times.ping(bytes, n),
          carry: await times.carry(bytes, n),
          endToEnd: await times.endToEnd(bytes, n),
        });
      }
      return figures;
    }),
  );
}

interface MessageFigures {
  readonly clone: Statistics;
  readonly transfer: Statistics;
  readonly cloneEndToEnd: Statistics;
  readonly transferEndToEnd: Statistics;
}

/** By size in bytes. */
export function measureMessages(context: Context): Promise<ReadonlyMap<number, MessageFigures>> {
  return context.once("messages", () =>
    withWorker(async (times) => {
      const figures = new Map<number, MessageFigures>();
      for (const bytes of sizes) {
        context.log(`postMessage, ${size(bytes)}`);
        const n = samplesFor(context, bytes);
        figures.set(bytes, {
          clone: await times.ping(bytes, "clone", n),
          transfer: await times.ping(bytes, "transfer", n),
          cloneEndToEnd: await times.endToEnd(bytes, "clone", n),
          transferEndToEnd: await times.endToEnd(bytes, "transfer", n),
        });
      }
      return figures;
    }),
  );
}

function samplesFor(context: Context, bytes: number): number {
  return context.samples(bytes > MiB ? 20 : bytes === MiB ? 300 : 10_000, 5);
}

async function iceoryx2(context: Context): Promise<Row[]> {
  const measured = await measureIceoryx2(context);
  const name = "iceoryx2 publish-subscribe, 64 B, one way";
  if ("absent" in measured) {
    return [makeRow({ name, note: "not measured", peer: { name: "iceoryx2", absent: measured.absent } })];
  }
  return [
    makeRow({
      name,
      statistics: measured.written,
      note: "half a round trip; two native processes busy wait; 64 B written and read; samples loaned ahead",
    }),
    makeRow({
      name: `${name}, payload untouched`,
      statistics: measured.untouched,
      note: "the same, only a sequence number in the loaned sample",
    }),
  ];
}
