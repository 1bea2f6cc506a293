// Gets an IPU of a system that another process knows, says so, and keeps it until it is killed or told to go on.
import { DeviceManager } from "../../../src/device/index.ts";
import { simulate } from "../../../src/testing/index.ts";

simulate({ ipus: 2, system: process.argv[2]! });
const device = new DeviceManager().getSpecificDevice(Number(process.argv[3]));
console.log(device.id);
for await (const _ of Bun.stdin.stream()) device.close();
