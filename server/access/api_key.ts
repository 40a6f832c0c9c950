import type { MiddlewareHandler } from "hono";
import { auth } from "hono/utils/basic-auth";
import { createHash, timingSafeEqual } from "node:crypto";
import { HttpProblem } from "../problems.ts";

/** Lets requests pass that carry the key in `x-api-key`; all of them when no key is set. */
export function requireApiKey(apiKey: string | undefined): MiddlewareHandler {
  const isApiKey = keyCheck(apiKey);
  return async (c, next) => {
    if (apiKey !== undefined && !isApiKey(c.req.header("x-api-key"))) {
      throw new HttpProblem(401, "unauthorized", "The API key is missing or wrong", {
        expected: "the header x-api-key with the key of this server (its setting SHOPFLOW_API_KEY)",
        found: c.req.header("x-api-key") === undefined ? "no such header" : "another key",
        remedy: "Ask the operator of this server for the key.",
      });
    }
    await next();
  };
}

/** Keys that let a reader in. */
interface ReaderKeys {
  apiKey?: string;
  /** Who may act may read: a browser has one password for all pages. */
  operatorKey?: string;
}

/**
 * As {@linkcode requireApiKey}, for pages: browsers may also give the key as the password they ask for, and programs
 * that collect metrics as a bearer token.
 */
export function requireReader({ apiKey, operatorKey }: ReaderKeys): MiddlewareHandler {
  const isApiKey = keyCheck(apiKey);
  const isOperatorKey = keyCheck(operatorKey);
  return async (c, next) => {
    const password = auth(c.req.raw)?.password;
    const bearer = c.req.header("authorization")?.match(/^Bearer +(.+)$/i)?.[1];
    const isReader = apiKey === undefined ||
      isApiKey(c.req.header("x-api-key") ?? password ?? bearer) ||
      isOperatorKey(c.req.header("x-operator-key") ?? password);
    if (!isReader) {
      c.header("www-authenticate", 'Basic realm="ShopFlow (password: the API key)", charset="UTF-8"');
      throw new HttpProblem(401, "unauthorized", "The pages of this server are protected", {
        expected: "the API key of this server, as password (any user name) or in the header x-api-key",
        remedy: "Ask the operator of this server for the key, then reload the page.",
      });
    }
    await next();
  };
}

/**
 * A check of what is given against a key; nothing passes where there is no key. It compares hashes in constant time, so
 * that answer times tell nothing about the key. Web Crypto, as Hono uses it for this, takes half the time of a scoring
 * request.
 */
function keyCheck(key: string | undefined): (given: string | undefined) => boolean {
  if (key === undefined) return () => false;
  const expected = sha256(key);
  return (given) => given !== undefined && timingSafeEqual(sha256(given), expected);
}

const sha256 = (text: string) => createHash("sha256").update(text).digest();
