import { Metadata, type TensorInfoOptions, TensorType } from "../../src/popef/index.ts";
import { type QueueHost, QueueManager, type QueueManagerArguments } from "../../src/queue/index.ts";
import { closeQueues } from "../../src/queue/queue-manager.ts";

export interface AnchorSpec {
  readonly name: string;
  readonly handle?: string;
  readonly tensorInfo?: TensorInfoOptions;
  readonly output?: boolean;
  readonly programs?: readonly number[];
}

/** Load program 0, main program 1, save program 2. */
export function metadataOf(anchors: readonly AnchorSpec[], replicationFactor = 1): Metadata {
  return new Metadata({
    executable: "fake",
    replicationFactor,
    programFlow: { load: [0], main: [1], save: [2] },
    anchors: anchors.map(({ name, handle, tensorInfo, output, programs }) => ({
      name,
      handle: handle ?? `stream_${name}`,
      tensorInfo: tensorInfo ?? { shape: [4, 2] },
      type: output ? TensorType.Output : TensorType.Input,
      programs: programs ?? [1],
    })),
  });
}

/** A session without a device: nothing that is put into its queues is ever read. */
export class FakeHost implements QueueHost {
  readonly model: { readonly metadata: Metadata };
  readonly connected: string[] = [];
  readonly empty: string[] = [];

  constructor(anchors: readonly AnchorSpec[], replicationFactor = 1) {
    this.model = { metadata: metadataOf(anchors, replicationFactor) };
  }

  connect(anchor: { readonly name: string }): void {
    this.connected.push(anchor.name);
  }

  connectEmpty(anchor: { readonly name: string }): void {
    this.empty.push(anchor.name);
  }

  needsUser(anchor: { readonly name: string }): boolean {
    return !anchor.name.startsWith("stored");
  }
}

export const imageAndLogits: readonly AnchorSpec[] = [
  { name: "image", tensorInfo: { shape: [4, 2] } },
  { name: "logits", tensorInfo: { shape: [4, 3] }, output: true },
];

/** A manager over a fake session, closed at the end of the block. */
export function queuesOf(
  anchors: readonly AnchorSpec[],
  ...args: QueueManagerArguments
): { readonly queues: QueueManager; readonly host: FakeHost } & Disposable {
  const host = new FakeHost(anchors);
  const queues = new QueueManager(host, ...args);
  return { queues, host, [Symbol.dispose]: () => queues[closeQueues]() };
}
