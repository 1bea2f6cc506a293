import type { Socket } from "bun";
import { servePartner } from "../partner-side.ts";
import { readWhole, seedOf } from "../workload.ts";
import type { Receipt } from "./socket.ts";

const acknowledgement = new Uint8Array(1);
let expected = { bytes: 0, receipt: "acknowledge" as Receipt };
let tensor = new Float64Array(0);
let memory = new Uint8Array(0);
let arrived = 0;
let messages = 0;
let answer = new Uint8Array(0);

function receive(socket: Socket, chunk: Uint8Array): void {
  // Gathered in one buffer, as anybody who wants a tensor must.
  memory.set(chunk, arrived);
  arrived += chunk.byteLength;
  if (arrived < expected.bytes) return;
  arrived = 0;
  if (expected.receipt === "read and acknowledge") readWhole(tensor, seedOf(messages));
  messages++;
  answer = expected.receipt === "echo" ? memory : acknowledgement;
  flush(socket);
}

function flush(socket: Socket): void {
  while (answer.byteLength > 0) {
    const sent = socket.write(answer);
    answer = answer.subarray(Math.max(0, sent));
    if (sent <= 0) return;
  }
}

servePartner({
  listen(unix: string) {
    Bun.listen({ unix, socket: { data: receive, drain: flush } });
  },
  expect(next: typeof expected) {
    expected = next;
    tensor = new Float64Array(Math.ceil(next.bytes / 8));
    memory = new Uint8Array(tensor.buffer, 0, next.bytes);
    memory.fill(0);
    arrived = 0;
    messages = 0;
  },
});
