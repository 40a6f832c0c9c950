import { createHash } from "node:crypto";

/**
 * Keeps a page up to date: it asks for the page again and takes over the parts that say `data-live`. Without scripts
 * browsers load the whole page again, see `LivePage`. What somebody is typing in is left alone.
 */
export const LIVE_SCRIPT = `
const root = document.documentElement;
const isAtEnd = (log) => log.scrollHeight - log.scrollTop - log.clientHeight < 40;
const toEnd = (log) => { log.scrollTop = log.scrollHeight; };
document.querySelectorAll("[data-tail]").forEach(toEnd);
function take(old, fresh) {
  if (old.innerHTML === fresh.innerHTML) return;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  if (focused && focused.matches("input, select, textarea")) return;
  const logs = [...old.querySelectorAll("[data-tail]")].map((log) => isAtEnd(log) ? null : log.scrollTop);
  const scrolls = [...old.querySelectorAll(".scroll")].map((part) => part.scrollLeft);
  old.replaceChildren(...fresh.childNodes);
  old.querySelectorAll("[data-tail]").forEach((log, i) => { if (logs[i] == null) toEnd(log); else log.scrollTop = logs[i]; });
  old.querySelectorAll(".scroll").forEach((part, i) => { part.scrollLeft = scrolls[i] ?? 0; });
  if (focused && focused.getAttribute("href")) {
    [...old.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused.getAttribute("href"))?.focus();
  }
}
async function look() {
  try {
    if (document.hidden) return;
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-live]")) {
      const fresh = next.getElementById(old.id);
      if (fresh) take(old, fresh);
    }
    root.dataset.every = next.documentElement.dataset.every ?? "";
  } catch {
    // The server is away: the next look may find it.
  } finally {
    plan();
  }
}
function plan() {
  const seconds = Number(root.dataset.every);
  if (seconds > 0) setTimeout(look, seconds * 1000);
}
plan();
`;

const hash = createHash("sha256").update(LIVE_SCRIPT).digest("base64");

/** What pages of jobs may do: the one script above, questions and forms to this server, nothing else. */
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
