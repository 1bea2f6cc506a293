import type { Order, Reply } from "./partner.ts";
import { pinThisThread } from "./placement.ts";

/** Tells the other side to start, and lets the message leave before this thread blocks. */
export type Ready = () => Promise<void>;
// biome-ignore lint/suspicious/noExplicitAny: each handler knows what its own caller sends
export type Handler = (params: any, ready: Ready) => unknown;

/** The body of a partner process: handlers by name, run one after the other until the measuring side ends it. */
export function servePartner(handlers: Readonly<Record<string, Handler>>): void {
  const cpu = process.argv.indexOf("--cpu");
  if (cpu > 0) pinThisThread(Number(process.argv[cpu + 1]));
  const all: Readonly<Record<string, Handler>> = { "partner:hello": () => true, ...handlers };
  const send = (reply: Reply): void => {
    process.send?.(reply);
  };
  let last: Promise<void> = Promise.resolve();
  process.on("message", ({ id, name, params }: Order) => {
    const ready: Ready = async () => {
      send({ id, ready: true });
      await new Promise((resolve) => setImmediate(resolve));
    };
    last = last.then(async () => {
      try {
        const handler = all[name];
        if (handler === undefined) throw new Error(`the partner has no handler ${name}`);
        send({ id, result: await handler(params, ready) });
      } catch (error) {
        send({ id, error: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) });
      }
    });
  });
  // A measuring side that was killed leaves nobody to answer.
  process.on("disconnect", () => process.exit(0));
}
