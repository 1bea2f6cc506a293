/** What brings a device back after a recoverable failure; `cause.recoveryAction` of a `device_recoverable` error. */
export const RecoveryAction = {
  /** Reset the IPU and load it again: what `reload` does. */
  IpuReset: "IPU_RESET",
  /** Train the links between IPUs again. */
  LinkReset: "LINK_RESET",
  PartitionReset: "PARTITION_RESET",
  /** Power off and on. */
  FullReset: "FULL_RESET",
} as const;
export type RecoveryAction = "IPU_RESET" | "LINK_RESET" | "PARTITION_RESET" | "FULL_RESET";

const numbers: readonly (RecoveryAction | undefined)[] = [
  undefined,
  RecoveryAction.IpuReset,
  RecoveryAction.LinkReset,
  RecoveryAction.PartitionReset,
  RecoveryAction.FullReset,
];

/** By its number in the driver's interface (`mrp_recovery_action`). */
export function recoveryActionOf(number: number): RecoveryAction | undefined {
  return numbers[number];
}
