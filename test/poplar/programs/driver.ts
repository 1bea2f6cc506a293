// What devices come from in this process, and what it says when an IPU is asked for.
import { DeviceManager } from "../../../src/device/index.ts";

const manager = new DeviceManager();
let message = "";
try {
  manager.getDevice(1);
} catch (error) {
  message = (error as Error).message;
}
using model = manager.createSmallIpuModelDevice(1);
console.log(
  JSON.stringify({ driver: manager.driver(), devices: manager.devices(), tiles: model.tilesPerIpu, message }),
);
