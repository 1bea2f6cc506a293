import { DeviceManager } from "../../src/device/index.ts";
import type { InputQueue, OutputQueue } from "../../src/queue/index.ts";
import { Session } from "../../src/session/index.ts";
import { copyModel } from "../../test/queue/copy-model.ts";

/** Elements of a row, float32: 256 bytes. */
export const rowLength = 64;
export const batchSize = 64;

/** A session whose program only copies its input to its output, on this machine's processor. */
export function openSession(): { readonly session: Session; readonly close: () => Promise<void> } {
  const model = copyModel([{ name: "a", shape: [batchSize, rowLength] }]);
  const device = new DeviceManager().createCpuDevice();
  const session = new Session(model);
  session.bindToDevice(device);
  const close = async () => {
    await session.close();
    device.close();
    model.close();
  };
  return { session, close };
}

export interface Flow {
  readonly input: InputQueue;
  readonly output: OutputQueue;
}

/** Seconds that `send` takes while the program runs natively, until its promise has settled. */
export async function timeFlow(send: (flow: Flow) => Promise<void>): Promise<number> {
  const { session, close } = openSession();
  const queues = session.createQueueManager({ ringSizeMultiplier: 8 });
  const running = session.runMainProgramsAsync({ repeat: "untilStopped" });
  const flow = { input: queues.inputQueue("a"), output: queues.outputQueue("a_out") };
  await send(flow);
  const started = performance.now();
  await send(flow);
  const seconds = (performance.now() - started) / 1000;
  queues.disconnectAll();
  session.stop();
  await running;
  await close();
  return seconds;
}

/** Seconds that as many batches take with a JavaScript callback for each end. */
export async function timeCallbacks(batches: number): Promise<number> {
  const { session, close } = openSession();
  const [from, to] = [new Float32Array(batchSize * rowLength), new Float32Array(batchSize * rowLength)];
  session.setUserInputHandler(() => (view) => view.as("float32").set(from));
  session.setUserOutputHandler(() => (view) => to.set(view.as("float32")));
  session.runMainPrograms({ repeat: Math.ceil(batches / 10) });
  const started = performance.now();
  session.runMainPrograms({ repeat: batches });
  const seconds = (performance.now() - started) / 1000;
  await close();
  return seconds;
}
