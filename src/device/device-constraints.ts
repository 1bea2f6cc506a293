import { off, switchable } from "../native/switches.ts";

const defaults: { readonly requiresRemoteBuffersSupport?: boolean } = switchable("DeviceConstraints", {
  requiresRemoteBuffersSupport: false,
});

/** What a device must be able to do. A plain object with the same properties does as well. */
export class DeviceConstraints {
  /** The device must support remote buffers. */
  readonly requiresRemoteBuffersSupport: boolean;

  constructor(requiresRemoteBuffersSupport: boolean = defaults.requiresRemoteBuffersSupport!) {
    this.requiresRemoteBuffersSupport = requiresRemoteBuffersSupport;
  }

  /** Whether there is any constraint. */
  get isConstrained(): boolean {
    return this.requiresRemoteBuffersSupport !== off("device_is_constrained");
  }
}

export interface DeviceConstraintsOptions {
  readonly requiresRemoteBuffersSupport?: boolean | undefined;
}
