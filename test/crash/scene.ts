import { expect } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type FastIOAllocation, FastIOContext } from "../../src/fastio/index.ts";

/** Bytes of what is published under each name. */
export const sizes = {
  kept: 10_000,
  replaced: 4_096,
  freed: 2_000,
  first: 5_000,
  second: 4_500,
  big: 1_000_000,
  plain: 4_096,
  plainer: 9_000,
};

const fills: Readonly<Record<string, readonly number[]>> = {
  kept: [3],
  replaced: [1, 2],
  freed: [4],
  first: [7],
  second: [8],
  big: [9],
  "big again": [9],
};

/** A job that this process holds open while another one dies in it. */
export class Scene implements Disposable {
  readonly dir = mkdtempSync("/dev/shm/millrace-crash-");
  readonly job = FastIOContext.open("shared", { dir: this.dir, recycleBytesMax: 0 });

  constructor() {
    this.#publish("kept", sizes.kept, 3);
    this.#publish("replaced", sizes.replaced, 1);
    this.#publish("freed", sizes.freed, 4);
    using plain = this.job.create(sizes.plain);
    plain.map().fill(sizes.plain >> 8);
    plain.publish("plain");
  }

  #publish(name: string, size: number, fill: number): void {
    using memory = this.job.create(size);
    memory.map().fill(fill);
    memory.publish(name, { attributes: { fill }, replace: true });
  }

  /** Files of the job whose names begin so: `s` segments, `p` processes, `c` control. */
  files(kind: string): string[] {
    const [folder] = readdirSync(this.dir);
    return readdirSync(join(this.dir, folder!)).filter((name) => name.startsWith(kind));
  }

  /** The survivor goes on as if nothing had been; nothing of the dead is left; what was published is whole. */
  expectSurvived(): void {
    const { job } = this;
    // Without the lock, so before anything is repaired: what a reader got is its own, whatever repair decides.
    using early = job.get("plain");
    using earlier = job.get("replaced");
    for (const name of job.list()) this.#expectWhole(name);
    expect(job.list()).toContain("kept");
    expect(job.list()).toContain("replaced");

    this.#publish("after", 6_000, 5);
    this.#publish("replaced", sizes.replaced, 1);
    expect(job.has("after")).toBe(true);
    job.get("after").free();
    expect(job.has("after")).toBe(false);

    job.reap();
    expectPlain(early);
    expect(earlier.getBytes().every((byte) => byte === earlier.attributes["fill"])).toBe(true);
    early.release();
    earlier.release();
    FastIOContext.reap({ dir: this.dir });
    expect(readdirSync(this.dir).length).toBe(1);
    const names = job.list();
    // Two names show one segment.
    const segments = names.filter((name) => name !== "big again" || !names.includes("big")).length;
    expect(job.stats()).toMatchObject({
      publications: names.length,
      allocations: segments,
      recyclable: 0,
      processes: 1,
    });
    expect(this.files("s").length).toBe(segments);
    expect(this.files("p").length).toBe(1);
    expect(this.files("c")).toEqual(["control"]);

    for (const name of names) job.tryGet(name)?.free();
    expect(this.files("s")).toEqual([]);
    job.close();
    expect(readdirSync(this.dir)).toEqual([]);
  }

  #expectWhole(name: string): void {
    using got = this.job.get(name);
    if (name === "plain") return expectPlain(got);
    const fill = got.attributes["fill"] as number;
    expect(fills[name]).toContain(fill);
    expect(got.getBytes().every((byte) => byte === fill)).toBe(true);
  }

  [Symbol.dispose](): void {
    this.job.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Without attributes the head of the record is all there is, and is rewritten in place: size, shape and bytes agree. */
function expectPlain(got: FastIOAllocation): void {
  expect([sizes.plain, sizes.plainer]).toContain(got.sizeInBytes);
  expect(got.shape).toEqual([got.sizeInBytes]);
  expect(got.getBytes().every((byte) => byte === got.sizeInBytes >> 8)).toBe(true);
}
