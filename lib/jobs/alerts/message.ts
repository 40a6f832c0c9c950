import { countOf, escapeHtml, formatDuration, formatTime } from "shopflow/runtime/mod.ts";
import { createHash } from "node:crypto";
import { formatRunName, type RunName, shortTime } from "../run.ts";
import type { Alert } from "./incidents.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { readRunLog } from "../execution/read_log.ts";

/** An alert as channels send it. */
export interface AlertMessage {
  /** The same for every attempt. */
  id: string;
  title: string;
  text: string;
  html: string;
  /** Slack's Block Kit. */
  blocks: unknown[];
}

const TITLES: Record<Alert["kind"], (run: string) => string> = {
  failed: (run) => `Failed: ${run}`,
  overdue: (run) => `SLA missed: ${run}`,
  recovered: (run) => `Recovered: ${run}`,
};

const HEADLINES: Record<Alert["kind"], string> = {
  failed: "alert: failed",
  overdue: "alert: SLA missed",
  recovered: "alert: recovered",
};

/** An alert in a line of a log. */
export const headline = (alert: Alert): string => `${formatRunName(alert)}: ${HEADLINES[alert.kind]}`;

/** Slack takes 150 characters in a header and 3,000 in a section. */
const LONGEST_TITLE = 150;
const LONGEST_REASON = 600;
const LONGEST_LINE = 300;
const LONGEST_SECTION = 2900;

/**
 * The text of an alert: what, why, since when, whose, and what to do.
 *
 * @param logTail Last lines of the run's log, where they are known.
 */
export function alertMessage(
  alert: Alert,
  { publicUrl, logTail = [] }: { publicUrl?: string | undefined; logTail?: string[] },
): AlertMessage {
  const run = formatRunName(alert);
  const title = shortened(TITLES[alert.kind](run), LONGEST_TITLE);
  const facts = [
    ["job", alert.job],
    ["run", run],
    ["due", formatTime(alert.scheduledFor)],
    ["reason", shortened(alert.reason, LONGEST_REASON)],
    ...alert.incidents.map((incident) => ["since", sinceText(alert, incident)]),
    ["owner", alert.owner],
    ...(publicUrl === undefined
      ? []
      : [["page", `${publicUrl}/jobs/${alert.job}/runs/${shortTime(alert.scheduledFor)}`]]),
  ] as [string, string][];
  const commands = alert.kind === "recovered"
    ? []
    : [`deno task jobs show ${run}`, `deno task jobs logs ${run}`];
  // Its end says why it failed.
  const log = logTail.map((line) => shortened(line, LONGEST_LINE)).join("\n").slice(-LONGEST_SECTION);
  return messageOf(alert.id, title, { facts, log, commands });
}

/** What a message says besides its title. */
interface MessageParts {
  /** Names with values. */
  facts: [string, string][];
  /** Last lines of a log. */
  log?: string;
  commands: string[];
}

/**
 * A message in all the forms that channels send.
 *
 * @param key The same for every attempt to send it.
 */
export function messageOf(
  key: string,
  title: string,
  { facts, log = "", commands }: MessageParts,
): AlertMessage {
  const text = [
    ...facts.map(([name, value]) => `${name}: ${value}`),
    ...(log === "" ? [] : ["", "last lines of the log:", log]),
    ...(commands.length === 0 ? [] : ["", "what to do:", ...commands]),
  ].join("\n");
  const id = createHash("sha256").update(key).digest("hex").slice(0, 32);
  return {
    id,
    title,
    text,
    html: html(title, facts, log, commands),
    blocks: blocks(title, facts, log, commands),
  };
}

function sinceText({ kind, at }: Alert, incident: Alert["incidents"][number]): string {
  const { since, runs } = incident;
  const what = incident.kind === "failed"
    ? `${countOf(runs, "run")} failed`
    : `${countOf(runs, "run")} missed the SLA`;
  if (kind !== "recovered") return runs === 1 ? formatTime(since) : `${formatTime(since)}, ${what}`;
  return `${formatTime(since)} until now, ${formatDuration(Date.parse(at) - Date.parse(since))}; ${what}`;
}

function blocks(title: string, facts: [string, string][], log: string, commands: string[]): unknown[] {
  const section = (text: string) => ({
    type: "section",
    text: { type: "mrkdwn", text: shortened(text, LONGEST_SECTION) },
  });
  const fenced = (text: string) => section(`\`\`\`${text}\`\`\``);
  return [
    { type: "header", text: { type: "plain_text", text: title } },
    section(facts.map(([name, value]) => `*${name}*: ${escapeForSlack(value)}`).join("\n")),
    ...(log === "" ? [] : [fenced(escapedEnd(log, LONGEST_SECTION - 6))]),
    ...(commands.length === 0 ? [] : [fenced(escapeForSlack(commands.join("\n")))]),
  ];
}

function html(title: string, facts: [string, string][], log: string, commands: string[]): string {
  const value = (text: string) =>
    /^https?:\/\/\S+$/.test(text)
      ? `<a href="${escapeHtml(text)}">${escapeHtml(text)}</a>`
      : escapeHtml(text);
  const rows = facts.map(([name, text]) => `<tr><th align="left">${name}</th><td>${value(text)}</td></tr>`);
  const pre = (text: string) => text === "" ? "" : `<pre>${escapeHtml(text)}</pre>`;
  return `<h2>${escapeHtml(title)}</h2><table cellpadding="4">${rows.join("")}</table>${pre(log)}${
    pre(commands.join("\n"))
  }`;
}

/** Escapes the three characters that Slack reads as markup; it shows other entities as they are. */
export const escapeForSlack = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** The end of a text that is at most so long when it is escaped. */
function escapedEnd(text: string, longest: number): string {
  let end = text;
  while (escapeForSlack(end).length > longest) end = end.slice(Math.ceil(end.length / 10));
  return escapeForSlack(end);
}

const shortened = (text: string, longest: number) =>
  text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;

/** Lines of a log that an alert shows. */
const LINES = 15;

/** Reads the last lines of the log of a run's last attempt; secrets were masked when it was written. */
export function logTail(store: ObjectStore): (run: RunName) => Promise<string[]> {
  return async ({ job, scheduledFor }) => {
    const last: string[] = [];
    for await (const line of readRunLog(store, { job, scheduledFor })) {
      last.push(line);
      if (last.length > LINES) last.shift();
    }
    return last;
  };
}
