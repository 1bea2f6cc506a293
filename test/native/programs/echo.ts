// A Worker that is handed buffers: answers with a copy of the bytes, and keeps the buffer when told to.
declare const self: Worker;
let held: ArrayBuffer | undefined;

self.onmessage = ({ data }: MessageEvent<{ hold: boolean; buffer?: ArrayBuffer }>) => {
  const buffer = data.buffer ?? held;
  held = data.hold ? buffer : undefined;
  self.postMessage(new Uint8Array(buffer ?? new ArrayBuffer(0)).slice());
  Bun.gc(true);
};
