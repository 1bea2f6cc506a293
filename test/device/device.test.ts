import { describe, expect, test } from "bun:test";
import { type Device, DeviceManager, type DeviceSession } from "../../src/device/index.ts";
import { simulate } from "../../src/testing/index.ts";

const manager = new DeviceManager();

class Session implements DeviceSession {
  unbound = 0;
  unbindDevice(): void {
    this.unbound++;
  }
}

describe("a device", () => {
  test("says its architecture", () => {
    using _sim = simulate({ ipus: 1, ipuVersion: 21 });
    using device = manager.getDevice(1);
    expect(device.ipuVersion()).toBe(21);
    expect([device.id, device.target, device.numIpus, device.tilesPerIpu]).toEqual([0, "ipu", 1, 1472]);
  });

  test("is given back when it is closed, which may be done twice", () => {
    using _sim = simulate({ ipus: 1 });
    const device = manager.getDevice(1);
    device.close();
    device[Symbol.dispose]();
    expect([device.closed, device.attached]).toEqual([true, false]);
    using _again = manager.getDevice(1);
  });

  test("that was closed says so, and what it was", () => {
    const device = manager.createSmallIpuModelDevice(1);
    device.close();
    const closed = expect.objectContaining({ code: "closed" });
    expect(() => device.reset()).toThrow(closed);
    expect(() => device.bindToSession(new Session())).toThrow(closed);
    expect(device.tilesPerIpu).toBe(4);
  });

  test("is reset", () => {
    using device = manager.createSmallIpuModelDevice(1);
    device.reset();
    expect(device.attached).toBe(true);
  });
});

describe("the session of a device", () => {
  let device: Device;
  const withDevice = (what: () => void) => () => {
    device = manager.createSmallIpuModelDevice(1);
    what();
    device.close();
  };

  test(
    "is the one that it was bound to",
    withDevice(() => {
      const [first, second] = [new Session(), new Session()];
      expect(device.isActiveSession(first)).toBe(false);
      device.bindToSession(first);
      device.bindToSession(first);
      expect([device.isActiveSession(first), device.isActiveSession(second)]).toEqual([true, false]);
      expect(first.unbound).toBe(0);
    }),
  );

  test(
    "is told to unbind before another is bound",
    withDevice(() => {
      const [first, second] = [new Session(), new Session()];
      device.bindToSession(first);
      device.bindToSession(second);
      expect([first.unbound, second.unbound]).toEqual([1, 0]);
      expect([device.isActiveSession(first), device.isActiveSession(second)]).toEqual([false, true]);
    }),
  );

  test(
    "is told to unbind once, and is its session no longer",
    withDevice(() => {
      const session = new Session();
      device.bindToSession(session);
      device.unbindSession();
      device.unbindSession();
      expect([session.unbound, device.isActiveSession(session)]).toEqual([1, false]);
    }),
  );

  test(
    "is told to unbind when the device is closed",
    withDevice(() => {
      const session = new Session();
      device.bindToSession(session);
      device.close();
      expect([session.unbound, device.isActiveSession(session)]).toEqual([1, false]);
    }),
  );

  test(
    "that fails to unbind is its session no longer, and the other is not bound",
    withDevice(() => {
      const stubborn = { unbindDevice: () => expect.unreachable("no") };
      device.bindToSession(stubborn);
      const other = new Session();
      expect(() => device.bindToSession(other)).toThrow();
      expect([device.isActiveSession(stubborn), device.isActiveSession(other)]).toEqual([false, false]);
    }),
  );
});
