/** A right that is held for a while and renewed again and again. */
export interface Lease {
  /** From one renewal on, in milliseconds. */
  readonly leaseMs: number;
  /** Until when it surely holds, by `performance.now()`. */
  heldUntil(): number;
  /** Calls back whenever it was renewed. @returns what ends that. */
  onRenewal(renewed: () => void): () => void;
}
