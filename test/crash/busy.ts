// Publishes, replaces, gets and frees the same few names without end. Every tensor is full of one byte, so that a reader
// can tell a torn one.
import { FastIOContext } from "../../src/fastio/index.ts";
import { fillFor, isWhole } from "./whole.ts";

const [, , dir, seed] = process.argv as string[] as [string, string, string, string];
const job = FastIOContext.open("busy", { dir, recycleBytesMax: 100_000 });
process.stdout.write("ready\n");

let state = Number(seed) || 1;
/** Park and Miller's generator: an integer below `limit`. */
function random(limit: number): number {
  state = (state * 48_271) % 0x7fff_ffff;
  return state % limit;
}

const held = [];
for (;;) {
  const name = `tensor ${random(6)}`;
  const choice = random(8);
  if (choice < 4) {
    using memory = job.create(1 + random(20_000), { uninitialized: true });
    const plain = choice < 2;
    const fill = plain ? fillFor(memory.sizeInBytes) : random(256);
    memory.map().fill(fill);
    memory.publish(name, { attributes: plain ? {} : { fill }, replace: true });
  } else if (choice < 7) {
    const got = job.tryGet(name);
    if (got === undefined) continue;
    if (!isWhole(got)) throw new Error(`${name} is torn`);
    if (choice === 4) held.push(got);
    else got.release();
  } else {
    job.tryGet(name)?.free();
    held.shift()?.release();
  }
}
