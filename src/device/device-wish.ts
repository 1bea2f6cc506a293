import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import type { Wanted } from "./acquire.ts";
import type { DeviceConstraints, DeviceConstraintsOptions } from "./device-constraints.ts";
import type { DeviceOptions } from "./device-options.ts";
import { type DeviceWait, type ResolvedWait, resolveWait } from "./device-wait.ts";

/** What a device is chosen by: a `Model` of `millrace/popef`, for instance. */
export interface DeviceModel {
  readonly metadata: {
    readonly numIpus: number;
    readonly ipuVersion: number;
    readonly deviceOptions: DeviceOptions;
  };
}

interface Waiting {
  /** What to do while the device has another owner. Default: fail at once. */
  readonly wait?: DeviceWait | undefined;
}

/** What `getDevice` may be told beside the number of IPUs. A model brings its own options. */
export interface DeviceWish extends Waiting {
  readonly deviceOptions?: DeviceOptions | undefined;
  readonly constraints?: DeviceConstraints | DeviceConstraintsOptions | undefined;
}

/** What `getSpecificDevice` may be told beside the id: options, or a model that brings them. */
export interface SpecificDeviceWish extends Waiting {
  readonly deviceOptions?: DeviceOptions | undefined;
  readonly model?: DeviceModel | undefined;
}

export interface Cancellable {
  /** Gives up waiting: rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface Wish {
  readonly wanted: Wanted;
  readonly wait: ResolvedWait;
}

const numberMax = 0xffff_ffff;

/** @throws ArgumentError `invalid_argument` */
export function wishByNumber(which: number | DeviceModel, wish: DeviceWish, op: string): Wish {
  const metadata = typeof which === "object" ? metadataOf(which, op) : undefined;
  const fromModel = metadata !== undefined && !off("device_options_of_model");
  return {
    wanted: {
      byId: false,
      number: checkIpus(which, metadata, op),
      remoteBuffers: (wish.constraints?.requiresRemoteBuffersSupport ?? false) && !off("device_constraints"),
      options: fromModel ? metadata.deviceOptions : given(wish),
    },
    wait: resolveWait(wish.wait, op),
  };
}

/** @throws ArgumentError `invalid_argument` */
export function wishById(id: number, wish: SpecificDeviceWish, op: string): Wish {
  if (wish.model !== undefined && wish.deviceOptions !== undefined) {
    throw makeError("invalid_argument", {
      op,
      message: "deviceOptions and model are both given; a model has options.",
    });
  }
  const fromModel = wish.model !== undefined && !off("device_options_of_model");
  return {
    wanted: {
      byId: true,
      number: checkInteger(id, "the device id", op, 0, numberMax),
      remoteBuffers: false,
      options: fromModel ? metadataOf(wish.model, op).deviceOptions : given(wish),
    },
    wait: resolveWait(wish.wait, op),
  };
}

function given(wish: DeviceWish | SpecificDeviceWish): DeviceOptions | undefined {
  return off("device_options") ? undefined : wish.deviceOptions;
}

/** The number of IPUs, or a model's. @throws ArgumentError `invalid_argument` */
export function checkIpus(
  which: number | DeviceModel,
  metadata: DeviceModel["metadata"] | undefined,
  op: string,
): number {
  const number = off("device_ipus_of_model") && metadata !== undefined ? 1 : (metadata?.numIpus ?? which);
  return checkInteger(number, "numIpus", op, 1, numberMax);
}

/** @throws ArgumentError `invalid_argument` */
export function metadataOf(model: DeviceModel | undefined, op: string): DeviceModel["metadata"] {
  const metadata = model?.metadata;
  if (typeof metadata === "object" && metadata !== null) return metadata;
  throw makeError("invalid_argument", {
    op,
    message: `${String(model)} is neither a number nor a model with metadata.`,
  });
}
