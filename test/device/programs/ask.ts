// Asks for IPUs without a simulation, and says what came of it.
import { DeviceManager } from "../../../src/device/index.ts";
import { MillraceError } from "../../../src/index.ts";

const manager = new DeviceManager();
const errors = await Promise.all(
  [() => manager.getDevice(1), () => manager.getDeviceAsync(1), () => manager.getSpecificDevice(0)].map(async (get) => {
    try {
      await get();
      return undefined;
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      return { code: error.code, message: error.message };
    }
  }),
);
console.log(JSON.stringify({ driver: manager.driver(), errors, tried: manager.tryGetDevice(1) ?? null }));
