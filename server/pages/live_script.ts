import { createHash } from "node:crypto";
import LIVE_SCRIPT from "./assets/live.js" with { type: "text" };

export { LIVE_SCRIPT };

const hash = createHash("sha256").update(LIVE_SCRIPT).digest("base64");

/** Content security policy of pages that change while they are open or have forms: this one script, and requests and forms to this server. */
export const LIVE_POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "img-src data:",
  `script-src 'sha256-${hash}'`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");
