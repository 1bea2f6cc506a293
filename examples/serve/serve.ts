// Digits over HTTP: `bun examples/serve/serve.ts [port]`. POST /classify takes scans of 8x8 bytes, 0 to 16 each.
import { CapacityError, MillraceError } from "millrace";
import { ModelRunner } from "millrace/runner";

const model = await ModelRunner.load(new URL("../digits/digits.onnx", import.meta.url), {
  expect: { inputs: { image: "float32" }, outputs: { logits: "float32" } },
  batchingDim: 0, // requests of different clients run together
  maxQueueSize: Number(process.env["QUEUE"] ?? 256),
});
await model.warmup();
let draining = false;

async function classify(request: Request): Promise<Response> {
  const scans = await request.bytes();
  if (scans.length === 0 || scans.length % 64 !== 0) return new Response("not 64 bytes a scan\n", { status: 400 });
  const image = Float32Array.from(scans, (ink) => ink / 16);
  const deadlineMs = Number(request.headers.get("x-deadline-ms") ?? 1000);
  const { logits } = await model.executeAsync({ image }, { signal: request.signal, deadlineMs });
  const rows = Array.from({ length: scans.length / 64 }, (_, row) => logits.data.subarray(row * 10, row * 10 + 10));
  return Response.json({ digits: rows.map((scores) => scores.indexOf(Math.max(...scores))) });
}

/** Tells the client what to do about it: come again in so many seconds, or never. */
function refuse(error: unknown): Response {
  if (!(error instanceof MillraceError)) return new Response("the request was given up\n", { status: 499 });
  const seconds = Math.ceil((error instanceof CapacityError ? (error.retryAfterMs ?? 1000) : 1000) / 1000);
  const status = error.code === "deadline" ? 504 : error.retryable || error.code === "closed" ? 503 : 400;
  return new Response(`${error.message}\n`, { status, headers: status === 503 ? { "retry-after": `${seconds}` } : {} });
}

const server = Bun.serve({
  port: Number(process.argv[2] ?? 8080),
  routes: {
    "/classify": { POST: (request) => classify(request).catch(refuse) },
    "/health": () => Response.json({ draining, ...model.stats() }, { status: draining ? 503 : 200 }),
  },
});
console.log(`listening on ${server.url}`);

process.once("SIGTERM", async () => {
  draining = true; // seen at /health by who is connected; new connections are refused
  await server.stop();
  await model.close();
});
