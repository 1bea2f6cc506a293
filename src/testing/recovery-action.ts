/** What brings a device back after a recoverable fault, as Poplar names it. */
export const RecoveryAction = {
  /** Reset the IPU and load it again: what `autoReset` does. */
  IpuReset: "IPU_RESET",
  /** Train the links between IPUs again. */
  LinkReset: "LINK_RESET",
  PartitionReset: "PARTITION_RESET",
  /** Power off and on. */
  FullReset: "FULL_RESET",
} as const;
export type RecoveryAction = (typeof RecoveryAction)[keyof typeof RecoveryAction];

/** Its number in the driver's interface (`mrp_recovery_action`); undefined when there is no such action. */
export function recoveryNumber(action: RecoveryAction | undefined): number | undefined {
  const number = Object.values(RecoveryAction).indexOf(action ?? RecoveryAction.IpuReset);
  return number < 0 ? undefined : number + 1;
}
