import type { Slot } from "./slot.ts";

/** Whether a slot takes the place of another one of its job, where the job's overlap policy is `replace`. */
export const replaces = (other: Slot, slot: Slot): boolean =>
  other.slot > slot.slot && isScheduled(other) && isScheduled(slot);

const isScheduled = ({ trigger }: Slot) => trigger === "schedule" || trigger === "snapshot";
