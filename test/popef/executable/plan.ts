import type { Plan } from "../../../src/popef/executable/index.ts";

/** The plan of `docs/executable.md`, with a remote buffer and a kernel beside: every kind of step is in it. */
export const plan: Plan = {
  replicas: 1,
  tensors: [
    { name: "image", type: 1, shape: [16, 1, 28, 28] },
    { name: "w", type: 1, shape: [10, 64] },
    { name: "logits", type: 1, shape: [16, 10] },
  ],
  streams: [
    { handle: "h2d_image", tensor: 0, toDevice: true, depth: 2, prefetch: true },
    { handle: "h2d_w", tensor: 1, toDevice: true, depth: 1, prefetch: false },
    { handle: "anchor_d2h_logits", tensor: 2, toDevice: false, depth: 1, prefetch: false },
    { handle: "weight_d2h_w", tensor: 1, toDevice: false, depth: 1, prefetch: false },
  ],
  remoteBuffers: [{ handle: "remote_w", size: 2560, repeats: 2 }],
  graph: { inputs: [0], outputs: [2], weights: [1] },
  programs: [
    { name: "load", steps: [["sync"], ["toTensor", 1], ["tensorToRemote", 1, 0]] },
    { name: "main", steps: [["repeat", 4, [["sync"], ["toTensor", 0], ["graph"], ["sync"], ["toStream", 2]]]] },
    {
      name: "save",
      steps: [
        ["remoteToTensor", 0, 1],
        [
          "kernel",
          "scale",
          [
            { tensor: 2, offset: 0, shape: [16, 10], strides: [10, 1] },
            { tensor: 1, offset: 2556, shape: [640], strides: [-1] },
          ],
          [0.5, -1],
        ],
        ["sync"],
        ["toStream", 3],
      ],
    },
  ],
};

/** A plan that differs from `plan` in what `change` does to a copy of it. */
// biome-ignore lint/suspicious/noExplicitAny: changes make what no plan may be.
export function changed(change: (copy: any) => void): Plan {
  const copy = structuredClone(plan);
  change(copy);
  return copy;
}
