import { checkInteger } from "../native/check.ts";
import { elementTypes, Shape } from "../tensor/index.ts";
import type { ModelRunner } from "./model-runner.ts";
import type { Ports } from "./request-pool.ts";

/** Sends zeros of the model's own shape, each axis of unknown size being 1. */
export async function warmUp(runner: ModelRunner, ports: Ports, requests: number, op: string): Promise<void> {
  checkInteger(requests, "requests", op, 1);
  const inputs = Object.fromEntries(
    ports.inputs.map(({ desc: { name, dtype, shape: own } }) => {
      const shape = own.map((size) => (size === -1 ? 1 : size));
      return [name, { data: new elementTypes[dtype].arrayType(Shape.elementCount(shape)), dtype, shape }];
    }),
  );
  const replicas = runner.config().replicationFactor;
  for (let done = 0; done < requests; done++) {
    await Promise.all(Array.from({ length: replicas }, (_, replicaId) => runner.executeAsync(inputs, { replicaId })));
  }
}
