import { expect, test } from "bun:test";
import { Place } from "./job.ts";

test("changes moves with every publication that appears, is replaced or goes, and with nothing else", () => {
  using place = new Place();
  const job = place.open();
  const seen = new Set([job.changes]);
  const moved = (): boolean => {
    const { size } = seen;
    return seen.add(job.changes).size > size;
  };
  const tensor = job.create(100);
  expect(moved()).toBe(false);
  tensor.publish("x");
  expect(moved()).toBe(true);
  tensor.publish("x", { replace: true });
  expect(moved()).toBe(true);
  tensor.publish("x", { replace: true, attributes: { a: 1 } });
  expect(moved()).toBe(true);
  job.get("x").release();
  expect(moved()).toBe(false);
  tensor.free();
  expect(moved()).toBe(true);
  job.close();
  expect(() => job.changes).toThrow(expect.objectContaining({ code: "closed" }));
});
