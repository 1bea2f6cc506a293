// Does to every exposed buffer what a user may do, closes its owner in the midst of it, and looks at the data. Prints
// what went wrong, and what is still mapped once all is let go.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { block, native } from "../../../src/native/library.ts";
import { type Exposed, exposed, patternOf } from "./exposed.ts";

const worker = new Worker(join(import.meta.dir, "echo.ts"));
const wrong: string[] = [];
let subject = "";
let perishable = false;
let closed = false;

function same(what: string, actual: Uint8Array, expected: Uint8Array): void {
  if (actual.length !== expected.length) wrong.push(`${subject}: ${what} has ${actual.length} bytes`);
  // Read all of it, whether or not it can be known.
  const equal = Buffer.compare(actual, expected) === 0;
  if (!equal && !(perishable && closed)) wrong.push(`${subject}: ${what}`);
}

/** The right data, or none. */
function sameOrGone(what: string, actual: Uint8Array, expected: Uint8Array): void {
  if (actual.length > 0) same(what, actual, expected);
}

/** Sends a message that the Worker answers with bytes of its own. */
function echo(message: { hold: boolean; buffer?: ArrayBuffer }, transfer: ArrayBuffer[]): Promise<Uint8Array> {
  return new Promise((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<Uint8Array>) => resolve(data);
    worker.postMessage(message, transfer);
  });
}

/** Begins to use the view; what it returns looks at the outcome after the owner was closed. */
type Abuse = (view: Uint8Array<ArrayBuffer>, expected: Uint8Array) => () => void | Promise<void>;

function moved(move: (buffer: ArrayBuffer) => ArrayBuffer): Abuse {
  return (view, expected) => {
    const { byteOffset, length } = view;
    const taken = new Uint8Array(move(view.buffer), byteOffset, length);
    if (view.length !== 0) wrong.push(`${subject}: the view of a moved buffer has ${view.length} bytes`);
    return () => same("moved data", taken, expected);
  };
}

function inFlight(begin: (view: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>): Abuse {
  return (view, expected) => {
    const outcome = begin(view);
    return async () => same("data in flight", await outcome, expected);
  };
}

const file = join(process.env["MILLRACE_SHM_DIR"]!, "file");

const abuses: Record<string, Abuse> = {
  "nothing at all": () => () => {},
  transfer: moved((buffer) => buffer.transfer()),
  transferToFixedLength: moved((buffer) => buffer.transferToFixedLength()),
  "grow by transfer": moved((buffer) => buffer.transfer(buffer.byteLength * 2)),
  "structuredClone with transfer": moved((buffer) => structuredClone(buffer, { transfer: [buffer] })),
  "structuredClone of the view with transfer": moved(
    (buffer) => structuredClone(new Uint8Array(buffer), { transfer: [buffer] }).buffer,
  ),
  structuredClone: (view, expected) => {
    const clone = structuredClone(view);
    return () => same("cloned data", clone, expected);
  },
  "shrink by transfer": (view, expected) => {
    const taken = new Uint8Array(view.buffer.transfer(view.byteOffset + 10));
    return () => same("shrunk data", taken.subarray(-10), expected.subarray(0, 10));
  },
  resize: (view) => {
    try {
      view.buffer.resize(10);
      wrong.push(`${subject}: resize was allowed`);
    } catch {}
    return () => {};
  },
  "postMessage, a copy": (view, expected) => {
    const answer = echo({ hold: false, buffer: view.buffer }, []);
    const { byteOffset, length } = view;
    return async () => same("posted data", (await answer).subarray(byteOffset, byteOffset + length), expected);
  },
  "postMessage with transfer": (view, expected) => {
    const { byteOffset, length } = view;
    const answer = echo({ hold: true, buffer: view.buffer }, [view.buffer]);
    return async () => {
      same("posted data", (await answer).subarray(byteOffset, byteOffset + length), expected);
      // The Worker holds the buffer itself, beyond the owner's end.
      same(
        "data held by a Worker",
        (await echo({ hold: true }, [])).subarray(byteOffset, byteOffset + length),
        expected,
      );
      await echo({ hold: false }, []);
    };
  },
  gzip: inFlight(async (view) => promisify(gunzip)(await promisify(gzip)(view))),
  writeFile: inFlight(async (view) => {
    await writeFile(file, view);
    return readFile(file);
  }),
  "Bun.write": inFlight(async (view) => {
    await Bun.write(file, view);
    return readFile(file);
  }),
  "a digest": (view, expected) => {
    const outcome = crypto.subtle.digest("SHA-256", view);
    return async () => {
      const own = new Bun.CryptoHasher("sha256").update(expected).digest();
      same("digest", new Uint8Array(await outcome), own);
    };
  },
  "a Blob": inFlight((view) => new Blob([view]).bytes()),
  "a Response": inFlight((view) => new Response(view).bytes()),
  "a subarray that is kept": (view, expected) => {
    const kept = view.subarray(1, 100);
    return () => sameOrGone("kept data", kept, expected.subarray(1, 100));
  },
};

/** How the buffer's owner is closed relative to its use: before a turn of the loop, after one, after the use, twice. */
const moments: Record<string, (one: Exposed, look: () => void | Promise<void>) => Promise<void>> = {
  "closed at once": async ({ close }, look) => {
    closed = true;
    await close();
    await look();
  },
  "closed a turn later": async ({ close }, look) => {
    await Bun.sleep(0);
    closed = true;
    await close();
    Bun.gc(true);
    await look();
  },
  "closed afterwards, twice": async ({ close }, look) => {
    await look();
    closed = true;
    await close();
    await close();
  },
};

for (const [what, make] of Object.entries(exposed)) {
  for (const [how, abuse] of Object.entries(abuses)) {
    for (const [when, moment] of Object.entries(moments)) {
      subject = `${what}, ${how}, ${when}`;
      try {
        const one = await make();
        const expected = patternOf(one.view.length);
        perishable = one.perishable === true;
        closed = false;
        const look = abuse(one.view, expected);
        await moment(one, look);
        sameOrGone("the view", one.view, expected);
        one.end?.();
      } catch (error) {
        wrong.push(`${subject}: ${error}`);
      }
    }
  }
}

worker.terminate();
const live = () => {
  Bun.gc(true);
  return [native.mr_boundary_live(), block.results[0]!];
};
for (let i = 0; i < 200 && live().some((count) => count > 0); i++) await Bun.sleep(10);
console.log(JSON.stringify({ wrong, live: live() }));
