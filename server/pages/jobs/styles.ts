import type { ShownStatus } from "shopflow/jobs/mod.ts";
import JOBS_STYLES from "../assets/jobs.css" with { type: "text" };

/**
 * Colours of statuses, ground and sign. Told apart with the common colour-blindnesses: blue-green against
 * orange-red, after Okabe and Ito (2008); what is not a plain success has a sign too.
 */
export const STATUS_COLOURS: Record<ShownStatus, { ground: string; sign: string }> = {
  succeeded: { ground: "#0b7a63", sign: "#ffffff" },
  "sla-missed": { ground: "#e6b325", sign: "#1b1f24" },
  failed: { ground: "#c8400a", sign: "#ffffff" },
  cancelled: { ground: "#6b5b4b", sign: "#ffffff" },
  retrying: { ground: "#f3d9a4", sign: "#4a2f00" },
  interrupted: { ground: "#b5467a", sign: "#ffffff" },
  skipped: { ground: "#d3d7db", sign: "#343b42" },
  superseded: { ground: "#8d4a91", sign: "#ffffff" },
  missed: { ground: "#3d444b", sign: "#ffffff" },
  running: { ground: "#2a6fb0", sign: "#ffffff" },
  queued: { ground: "#c6e2f5", sign: "#123a57" },
  waiting: { ground: "#e6f1f9", sign: "#123a57" },
};

const statusRules = Object.entries(STATUS_COLOURS)
  .map(([status, { ground, sign }]) => `.s-${status} { background: ${ground}; color: ${sign}; }`).join("\n");

/** What the pages of jobs have beyond the style of the site. */
export const JOB_STYLES = `${statusRules}\n${JOBS_STYLES}`;
