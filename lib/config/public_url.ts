import { ConfigError } from "shopflow/errors/mod.ts";
import { schemeOf } from "./connection_url.ts";

/**
 * Where people reach the server, without a slash at its end; undefined when it is not said.
 *
 * @throws {ConfigError} when it is no such address.
 */
export function publicUrl(value: string | undefined): string | undefined {
  if (!value) return undefined;
  const url = URL.parse(value);
  const isPlain = /^https?:\/\/[^@?#\s]+$/i.test(value);
  if (url !== null && isPlain && /^https?:$/.test(url.protocol)) {
    return url.href.replace(/\/+$/, "");
  }
  throw new ConfigError("SHOPFLOW_PUBLIC_URL is not the address of a server", {
    expected: "http:// or https:// with a host and perhaps a path, e.g. https://shopflow.example.com",
    found: schemeOf(value),
    remedy: "It has neither user nor password, parameters or a #. The value is not shown here.",
  });
}
