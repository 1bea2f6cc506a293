import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { readDigits } from "../../examples/digits/digits-file.ts";

const root = join(import.meta.dir, "../..");
const digits = await readDigits(join(root, "examples/digits/heldout.bin"));
const scan = (index: number) => digits.pixels.slice(index * 64, index * 64 + 64);
const started: Bun.Subprocess[] = [];

afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill("SIGKILL");
    await child.exited;
  }
});

/** The example, on a free port of the loopback. */
async function serve(env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, "examples/serve/serve.ts", "0"], {
    cwd: root,
    env: { ...process.env, MILLRACE_BUILD: "debug", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  started.push(child);
  const reader = child.stdout.getReader();
  let said = "";
  while (!said.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`it ended: ${await new Response(child.stderr).text()}`);
    said += new TextDecoder().decode(value);
  }
  const url = said.match(/listening on (\S+)\//)![1]!;
  const classify = (body: Uint8Array<ArrayBuffer>, init: RequestInit = {}) =>
    fetch(`${url}/classify`, { method: "POST", body, ...init });
  return { child, url, classify };
}

test("scans are classified, one or many a request, also of many clients at a time", async () => {
  const { classify } = await serve();
  const all = (await (await classify(digits.pixels.slice())).json()) as { digits: number[] };
  const right = all.digits.filter((digit, index) => digit === digits.labels[index]).length;
  expect(right).toBe(448);
  const single = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const { digits } = (await (await classify(scan(index))).json()) as { digits: number[] };
      return digits[0]!;
    }),
  );
  expect(single).toEqual(all.digits.slice(0, 100));
});

test("what is no scan is refused, and a deadline that is over is told", async () => {
  const { classify } = await serve();
  expect((await classify(new Uint8Array(63))).status).toBe(400);
  expect((await classify(new Uint8Array(0))).status).toBe(400);
  const late = await classify(scan(0), { headers: { "x-deadline-ms": "0" } });
  expect([late.status, await late.text()]).toEqual([504, expect.stringContaining("0 ms")]);
  expect((await classify(scan(0), { headers: { "x-deadline-ms": "soon" } })).status).toBe(400);
});

test("a full queue answers 503 and says when to come again; the others are served", async () => {
  const { classify, url } = await serve({ QUEUE: "1" });
  const counts = new Map<number, number>();
  for (let round = 0; round < 50 && !counts.has(503); round++) {
    const answers = await Promise.all(Array.from({ length: 64 }, (_, index) => classify(scan(index))));
    for (const answer of answers) {
      counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
      if (answer.status === 503) expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    }
  }
  expect([...counts.keys()].sort()).toEqual([200, 503]);
  const health = (await (await fetch(`${url}/health`)).json()) as { rejected: number; pending: number };
  expect(health).toMatchObject({ rejected: counts.get(503)!, pending: 0 });
});

test("the requests of clients that hang up are given up", async () => {
  const { classify, url } = await serve();
  const health = async () => (await (await fetch(`${url}/health`)).json()) as { pending: number; aborted: number };
  // 450 scans a request: of some rounds one at least has clients that leave before their turn.
  for (let round = 0; round < 50 && (await health()).aborted === 0; round++) {
    const hangUps = Array.from({ length: 50 }, (_, index) => {
      const controller = new AbortController();
      const answer = classify(digits.pixels.slice(), { signal: controller.signal }).catch(() => "hung up");
      setTimeout(() => controller.abort(), index % 5);
      return answer;
    });
    await Promise.all(hangUps);
  }
  expect((await classify(scan(0))).status).toBe(200);
  const { aborted, ...rest } = await health();
  expect(aborted).toBeGreaterThan(0);
  expect(rest).toMatchObject({ pending: 0, draining: false });
});

test("SIGTERM lets those be served who are inside, then ends with exit code 0", async () => {
  const { child, classify } = await serve();
  const inside = Array.from({ length: 20 }, () => classify(digits.pixels.slice()));
  await classify(scan(0));
  child.kill("SIGTERM");
  const statuses = await Promise.all(inside.map(async (answer) => (await answer).status));
  expect(statuses).toEqual(Array(20).fill(200));
  expect(await child.exited).toBe(0);
  expect(classify(scan(0))).rejects.toThrow();
});
