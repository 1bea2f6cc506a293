// Says what device driver this process chooses, and what it can do with it.
import { DeviceManager } from "../../../src/device/index.ts";
import { MillraceError, onLog } from "../../../src/index.ts";

const lines: string[] = [];
onLog(({ message }) => lines.push(message));
const manager = new DeviceManager();
try {
  const devices = manager.devices().length;
  using model = manager.createSmallIpuModelDevice(1);
  manager.devices();
  console.log(
    JSON.stringify({ devices, tiles: model.tilesPerIpu, lines: lines.filter((line) => line.startsWith("device")) }),
  );
} catch (error) {
  if (!(error instanceof MillraceError)) throw error;
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
