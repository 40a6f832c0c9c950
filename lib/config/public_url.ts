import { ConfigError } from "shopflow/errors/mod.ts";

/**
 * Where people reach the server, without a slash at its end; undefined when it is not said.
 *
 * @throws {ConfigError} when it is no such address.
 */
export function publicUrl(value: string | undefined): string | undefined {
  if (!value) return undefined;
  const url = URL.parse(value);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username + url.search + url.hash === "") {
    return url.href.replace(/\/+$/, "");
  }
  throw new ConfigError("SHOPFLOW_PUBLIC_URL is not the address of a server", {
    expected: "http:// or https:// with a host and perhaps a path, e.g. https://shopflow.example.com",
    found: JSON.stringify(value.replace(/\/\/.*@/, "//***@").replace(/\?.*/s, "?***")),
  });
}
