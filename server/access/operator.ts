import type { Context } from "hono";
import { auth } from "hono/utils/basic-auth";
import { timingSafeEqual } from "hono/utils/buffer";
import { HttpProblem } from "../problems.ts";

/** Who may start, cancel and pause runs. */
export interface OperatorRules {
  /** When set, they need it. */
  operatorKey?: string;
  apiKey?: string;
  /** Only programs on this machine reach the server. */
  loopbackOnly: boolean;
}

/** Whether a request may act. */
export type Access =
  /** `by` is what the ledger says of the one who asks. */
  | { state: "allowed"; by: string }
  /** With the operator's key it may. */
  | { state: "key needed" }
  /** Nobody may; `remedy` says how that is changed. */
  | { state: "off"; remedy: string };

/**
 * With an operator's key set, those who send it may act. Without one only on a server that needs no key for anything
 * and is reached from its own machine: by its own address, so that neither a proxy nor a name that a foreign site
 * points to this machine opens it to others.
 */
export async function operatorAccess(c: Context, rules: OperatorRules): Promise<Access> {
  const { operatorKey, apiKey, loopbackOnly } = rules;
  if (operatorKey !== undefined) {
    const given = c.req.header("x-operator-key") ?? credentials(c)?.password ?? "";
    return await timingSafeEqual(operatorKey, given)
      ? { state: "allowed", by: nameOf(c) }
      : { state: "key needed" };
  }
  if (apiKey === undefined && loopbackOnly && isFromThisMachine(c)) {
    return { state: "allowed", by: nameOf(c) };
  }
  return {
    state: "off",
    remedy: "Start the server with SHOPFLOW_OPERATOR_KEY set to a long random text, which operators then " +
      "enter as their password.",
  };
}

/**
 * The one who acts.
 *
 * @param what What needs the key, as the beginning of a sentence.
 * @throws {HttpProblem} 401 without the operator's key, 403 when nobody may act.
 */
export async function requireOperator(
  c: Context,
  rules: OperatorRules,
  what = "Starting, cancelling and pausing runs",
): Promise<string> {
  const access = await operatorAccess(c, rules);
  if (access.state === "allowed") return access.by;
  if (access.state === "off") {
    throw new HttpProblem(
      403,
      "actions_off",
      `${what} is turned off on this server`,
      {
        remedy: access.remedy,
      },
    );
  }
  c.header("www-authenticate", `Basic realm="ShopFlow (password: the operator's key)", charset="UTF-8"`);
  throw new HttpProblem(401, "operator_key_needed", "The operator's key is missing or wrong", {
    expected: "the operator's key of this server, as password with your name as user, or in the header " +
      "x-operator-key",
    remedy: "Ask the operator of this server (its setting SHOPFLOW_OPERATOR_KEY).",
  });
}

/** Browsers that came through a proxy say its name in `Origin`, even where the proxy hides all else. */
function isFromThisMachine(c: Context): boolean {
  const proxied = ["forwarded", "x-forwarded-for", "x-forwarded-host"].some((name) => c.req.header(name));
  const origin = c.req.header("origin");
  const names = [c.req.url, ...origin === undefined ? [] : [origin]];
  return !proxied && names.every((name) => URL.canParse(name) && isThisMachine(new URL(name).hostname));
}

/** Whether a host, by name or address, is always the machine itself. */
export function isThisMachine(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

const MOST_NAME = 60;

/** A name for the ledger, as the browser or the program tells it: nothing is decided by it. */
function nameOf(c: Context): string {
  const name = (credentials(c)?.username ?? "").replace(/\p{C}/gu, "").trim().slice(0, MOST_NAME);
  return `${name || "operator"} (server)`;
}

const credentials = (c: Context) => auth(c.req.raw);
