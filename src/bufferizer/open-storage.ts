import type { Stream } from "../cuda/index.ts";
import { off } from "../native/switches.ts";
import type { DType } from "../tensor/index.ts";
import { DeviceStorage } from "./device-storage.ts";
import type { Form } from "./form.ts";
import { HostStorage } from "./host-storage.ts";
import type { Storage } from "./storage.ts";

/** Zeroed memory for so many elements, on the stream's device or, without one, on the host. */
export function openStorage<D extends DType>(form: Form<D>, slots: number, stream: Stream | undefined): Storage<D> {
  const onHost = stream === undefined || off("bufferizer_stream");
  const storage = onHost ? new HostStorage(form, slots) : new DeviceStorage(form, slots, stream);
  if (off("buffer_zeroed")) storage.fill(1, slots);
  return storage;
}
