import { check } from "../native/check.ts";
import { native } from "../native/library.ts";
import type { Client } from "./client.ts";
import type { Results } from "./collect.ts";
import type { FlushData } from "./config.ts";
import { checkOutputs } from "./inputs.ts";
import { Pending } from "./pending.ts";
import type { Handle } from "./port.ts";
import type { Ports } from "./request-pool.ts";

/** Behind everything that waits: it fills up what they leave. */
const lowestPriority = 0x8000_0000;
const op = "ModelRunner flushCallback";

/** Asks `callback` for rows whenever a compiled batch has waited long enough, and lets it run. */
export function serveFlushes(
  client: Client,
  model: Handle,
  ports: Ports,
  callback: (tensorId: string) => FlushData | undefined,
): void {
  client.onHungry = (replica) => {
    try {
      const data = callback(ports.inputs[0]?.desc.name ?? "");
      if (data !== undefined) fill(client, ports, data, replica);
    } catch (error) {
      // Nobody waits for it: it is the process's to report.
      void Promise.reject(error);
    } finally {
      check(native.mr_replica_flush(model.slot, model.generation, replica), op);
    }
  };
}

function fill(client: Client, ports: Ports, { inputs, outputs }: FlushData, replica: number): void {
  const given = outputs && checkOutputs(outputs, ports.outputs, op);
  const prepared = client.pool.prepare(inputs, given, op);
  client.submit(new Pending<Results>(), prepared, (lowestPriority | (replica + 1)) >>> 0, op);
}
