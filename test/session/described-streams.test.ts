import { expect, test } from "bun:test";
import { describedStreams } from "../../src/session/described-streams.ts";
import { type CopyOptions, copyModel } from "./copy-model.ts";

const handles = { h2d_image: true, d2h_echo: false, h2d_w: true, d2h_w: false };
/** As Poplar lists them: by name alone. */
const named = Object.entries(handles).map(([handle, toDevice]) => ({ handle, toDevice, size: 0, replicas: 0 }));
const poplar = (bytes: Uint8Array) => bytes.set(new TextEncoder().encode("GC_EXE_3"));

const cases: [string, CopyOptions, readonly [number, number][]][] = [
  [
    "an executable of ours have what its plan says",
    {},
    [
      [16, 1],
      [16, 1],
      [16, 1],
      [16, 1],
    ],
  ],
  [
    "one with replicas have it for each, weights for all",
    { replicas: 3 },
    [
      [16, 3],
      [16, 3],
      [16, 1],
      [16, 1],
    ],
  ],
  [
    "Poplar's have what the anchors say",
    { damage: poplar },
    [
      [16, 1],
      [16, 1],
      [16, 1],
      [16, 1],
    ],
  ],
  [
    "Poplar's with replicas have a part each",
    { damage: poplar, replicas: 3 },
    [
      [16, 3],
      [16, 3],
      [16, 1],
      [16, 1],
    ],
  ],
  [
    "an executable of ours do not believe the anchors",
    { noWeight: true, anchors: (anchors) => anchors.map((anchor) => ({ ...anchor, tensorInfo: { shape: [7] } })) },
    [
      [16, 1],
      [16, 1],
      [16, 1],
      [16, 1],
    ],
  ],
];

test.each(cases)("streams of which the driver knows the names, of %s", (_, options, extents) => {
  using model = copyModel(options);
  const expected = named.map((info, index) => ({ ...info, size: extents[index]![0], replicas: extents[index]![1] }));
  expect(describedStreams(named, model, "test")).toEqual(expected);
});

test("streams that nothing describes are left out, and what the driver knows stays", () => {
  using model = copyModel({ damage: poplar });
  const known = { handle: "h2d_image", toDevice: true, size: 64, replicas: 2 };
  const internal = { handle: "__counter", toDevice: false, size: 0, replicas: 0 };
  expect(describedStreams([known, internal, named[1]!], model, "test")).toEqual([
    known,
    { ...named[1]!, size: 16, replicas: 1 },
  ]);
  expect(describedStreams([known], model, "test")).toEqual([known]);
});
