import type { SlotStatus } from "shopflow/jobs/mod.ts";
import { styleText } from "node:util";

export type Colour = "green" | "yellow" | "red" | "cyan" | "magenta" | "dim" | "bold";

/** Gives text a colour, where colours are seen. */
export type Paint = (colour: Colour, text: string) => string;

/** @param colours False leaves texts as they are. */
export function paintFor(colours: boolean): Paint {
  return colours ? (colour, text) => styleText(colour, text, { validateStream: false }) : (_, text) => text;
}

/** The colour of each status. */
export const STATUS_COLOURS: Record<SlotStatus, Colour> = {
  succeeded: "green",
  late: "yellow",
  failed: "red",
  skipped: "dim",
  replaced: "magenta",
  missed: "yellow",
  waiting: "cyan",
  queued: "cyan",
  running: "cyan",
};
