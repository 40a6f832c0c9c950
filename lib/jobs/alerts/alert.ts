/** What an alert tells. */
export type AlertKind =
  /** A run failed for good. */
  | "failed"
  /** A slot has not succeeded within its job's SLA. */
  | "overdue"
  /** What the job failed at, or was late with, is over. */
  | "recovered";

/** Something that a channel is told, once. Times are ISO, UTC. */
export interface Alert {
  /** Unique among all alerts of a lake. */
  id: string;
  kind: AlertKind;
  job: string;
  owner: string;
  channel: string;
  /** The slot it is about: the newest that failed or is overdue, or the one that ended it. */
  slot: string;
  /** Why, in a sentence. */
  reason: string;
  /** When it was found. */
  at: string;
  /** What this one ends, or the one episode that it begins. */
  episodes: { kind: Exclude<AlertKind, "recovered">; since: string; slots: number }[];
}

/** An alert on its way. */
export interface Pending extends Alert {
  /** How often it was tried to be sent. */
  tries: number;
  /** Not to be tried before. */
  notBefore?: string;
  /** Who sends it; when that one is gone, another may from `until` on. */
  claim?: { by: string; until: string };
}

/** Trouble that lasts: from the first slot that has it until a slot shows that it is over. */
export interface Episode {
  /** When it began. */
  since: string;
  /** How many slots had it. */
  slots: number;
  /** The newest of them. */
  lastSlot: string;
}

/** One kind of trouble of a job. */
export interface Track {
  episode?: Episode;
  /** Slots that count already, sorted. */
  counted: string[];
  /** Slots up to this one count already, too. */
  countedUntil?: string;
}

/** What was told to whom about a job; changed by compare-and-swap, so that of several schedulers one tells it. */
export interface AlertState {
  failed: Track;
  overdue: Track;
  /** Alerts that are to be sent, the oldest first. */
  outbox: Pending[];
}
