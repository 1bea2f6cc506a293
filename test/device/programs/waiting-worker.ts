// Waits for a device, blocking its thread, and says what came of it.
import { DeviceManager } from "../../../src/device/index.ts";

postMessage("waiting");
const wait = { strategy: "waitForever", sleepTimeMs: Number(process.env["SLEEP_MS"] ?? 5) } as const;
const device = new DeviceManager().getDevice(1, { wait });
postMessage(`got ${device.id}`);
// Until it is terminated.
setInterval(() => {}, 60_000);
