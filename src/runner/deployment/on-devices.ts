import { type Device, DeviceManager } from "../../device/index.ts";
import { findEngineLibrary } from "../../native/engine-library.ts";
import { off } from "../../native/switches.ts";
import type { Anchor } from "../../popef/index.ts";
import { Session } from "../../session/index.ts";
import { type ChosenDevice, giveDevicesBack, isOnCpu } from "./choose-devices.ts";
import type { Deployment } from "./deployment.ts";
import { heldByRunners } from "./held.ts";
import { loadParts, type StreamPart } from "./load-parts.ts";
import { describeAnchors, typeCode } from "./model-anchors.ts";
import type { Plan } from "./on-cpu.ts";
import { streamShape } from "./stream-shape.ts";

/** Binds a session to each replica's device, brings the weights, and leaves the sessions to the replicas' threads. */
export async function onDevices(plan: Plan, chosen: readonly ChosenDevice[], op: string): Promise<Deployment> {
  const { model, anchors, config, signal } = plan;
  const opened: { session: Session; device: Device }[] = [];
  const cpus: Device[] = [];
  const giveBack = async () => {
    const closings = await Promise.allSettled(opened.map(({ session }) => session.close()));
    for (const cpu of cpus) cpu.close();
    giveDevicesBack(chosen);
    for (const closing of closings) if (closing.status === "rejected") throw closing.reason;
  };
  try {
    for (const one of chosen) {
      signal?.throwIfAborted();
      const device = one.device ?? new DeviceManager().createCpuDevice();
      if (one.device === undefined) cpus.push(device);
      opened.push({ session: await openSession(plan, device, op), device });
    }
    const streams = (list: readonly Anchor[]) =>
      list.map((anchor): StreamPart => {
        const { replicas } = Session.life(opened[0]!.session).streams!.of(anchor, op);
        const shape = streamShape(anchor, replicas, config.batchingDim ?? 0);
        return { name: anchor.name, handle: anchor.handle, type: typeCode(anchor), shape };
      });
    const { load, main } = model.metadata.programFlow;
    const devices = {
      sessions: opened.map(({ session }) => handleOf(session)),
      main,
      load,
      inputs: streams(anchors.inputs),
      outputs: streams(anchors.outputs),
      autoReset: config.autoReset && !off("auto_reset"),
    };
    const options = { wholeBatches: !off("whole_batches"), signal };
    // No engine of this process's runs it; the path is never looked at.
    const { loaded } = await loadParts(new Uint8Array(0), { devices }, "none", config, options, op);
    hold(chosen, 1);
    return {
      model: loaded,
      otherInputs: describeAnchors(model, [...anchors.constants, ...anchors.load]),
      otherOutputs: describeAnchors(model, anchors.save),
      close: async () => {
        try {
          if (config.runSavePrograms && !off("run_save_programs")) {
            for (const [replica, { session }] of opened.entries()) await save(session, replica, plan);
          }
        } finally {
          for (const { session } of opened) Session.life(session).discard();
          hold(chosen, -1);
          await giveBack();
        }
      },
    };
  } catch (error) {
    await giveBack().catch(() => undefined);
    throw error;
  }
}

async function openSession({ model, anchors, frozen, given }: Plan, device: Device, op: string): Promise<Session> {
  const session = new Session(model, {
    checkPackageHash: given.checkPackageHash,
    maxLookAhead: off("runner_look_ahead") ? undefined : given.maxLookAhead,
    engine: { path: given.engine && findEngineLibrary(given.engine.path, op), threads: given.engine?.threads },
  });
  try {
    await session.bindToDeviceAsync(device);
    const { streams } = Session.life(session);
    for (const anchor of [...anchors.load, ...anchors.constants]) {
      const own = frozen.get(anchor.name);
      if (own === undefined || off("frozen_inputs")) continue;
      const { slot, generation } = own.memory;
      streams!.connectStored(anchor, { slot, generation, byteOffset: 0 }, own.byteLength, op);
    }
    if (model.metadata.programFlow.load.length > 0) await session.runLoadProgramsAsync();
    return session;
  } catch (error) {
    Session.life(session).discard();
    await session.close().catch(() => undefined);
    throw error;
  }
}

function hold(chosen: readonly ChosenDevice[], count: 1 | -1): void {
  for (const one of chosen) {
    if (isOnCpu(one)) continue;
    if (one.owned) heldByRunners.devices += count;
    heldByRunners.executables += count;
    heldByRunners.engines += count;
  }
}

/** Outputs that nobody wants are dropped. */
async function save(session: Session, replica: number, { model, anchors, saved }: Plan): Promise<void> {
  if (model.metadata.programFlow.save.length === 0) return;
  session.setUserOutputHandler(({ anchor, replicaId }) => {
    if (!anchors.save.includes(anchor)) return null;
    return (view) => {
      if (off("save_programs_outputs")) return;
      const part = view.as("uint8") as unknown as Uint8Array;
      const target = saved.find(replica, anchor.name);
      const at = anchor.isPerReplica ? replicaId * part.byteLength : 0;
      target?.subarray(at, at + part.byteLength).set(part);
    };
  });
  await session.runSaveProgramsAsync();
}

function handleOf(session: Session): readonly [number, number] {
  const { slot, generation } = Session.life(session).native;
  return [slot, generation];
}
