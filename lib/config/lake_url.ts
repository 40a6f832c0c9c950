import { ConfigError } from "shopflow/errors/mod.ts";
import { resolve } from "node:path";
import { schemeOf } from "./connection_url.ts";
import { pathSetting } from "./setting_value.ts";

/**
 * The lake's address as the programs use it: an absolute folder, or `s3://bucket/prefix` without a slash at its end.
 *
 * @throws {ConfigError} when it is neither; its message shows no secret.
 */
export function lakeUrl(value: string, cwd: string): string {
  const [, scheme] = value.match(/^([A-Za-z][A-Za-z0-9+.-]+):\/\//) ?? [];
  if (scheme === undefined) return resolve(cwd, pathSetting("SHOPFLOW_LAKE", value)!);
  const [bucket = "", ...prefix] = value.slice(`${scheme}://`.length).replace(/\/$/, "").split("/");
  const named = prefix.every((name) => /^[^.\s?#\\@:][^\s?#\\@:]*$/.test(name));
  if (scheme === "s3" && /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) && named) {
    return ["s3:/", bucket, ...prefix].join("/");
  }
  // Secret keys of AWS have slashes, so that a piece of one may look like a bucket or prefix.
  const isHarmless = scheme === "s3" && !/[@:?#=+%]/.test(value.slice("s3://".length));
  throw new ConfigError("SHOPFLOW_LAKE is not a place for a lake", {
    expected: "a folder, or s3://bucket or s3://bucket/prefix",
    found: isHarmless ? JSON.stringify(value) : schemeOf(value),
    remedy: "Credentials and endpoint of S3 come from AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL and the like.",
  });
}
