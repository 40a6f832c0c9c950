import { LakeError } from "shopflow/errors/mod.ts";
import type { S3Bucket } from "./s3_bucket.ts";
import { putObject } from "./s3_put.ts";

/** Never listed: no key of the lake starts with a dot. */
const PROBE = ".conditional_writes";
const PROBE_BODY = new TextEncoder().encode(
  "Here ShopFlow checks that the server honours conditional writes.\n",
);
/** The tag of no object: an MD5 hash is hardly ever all zeros. */
const NO_TAG = `"${"0".repeat(32)}"`;

/**
 * Checks that the server refuses writes whose condition does not hold: leases and published snapshots depend on it.
 *
 * @throws {LakeError} when it ignores conditions.
 */
export async function requireConditionalWrites(bucket: S3Bucket): Promise<void> {
  // The object stays: the next process that checks finds it, and the first write is refused at once.
  const first = await putObject(bucket, PROBE, PROBE_BODY, { IfNoneMatch: "*" });
  const ignored = first !== undefined && await putObject(bucket, PROBE, PROBE_BODY, { IfNoneMatch: "*" })
    ? "If-None-Match"
    : await putObject(bucket, PROBE, PROBE_BODY, { IfMatch: NO_TAG })
    ? "If-Match"
    : undefined;
  if (ignored === undefined) return;
  throw new LakeError(`The S3 server of the lake ${bucket.location.url} cannot hold a lake`, {
    expected: "writes whose condition does not hold to be refused",
    found: `that it ignores ${ignored}`,
    remedy: "Use Amazon S3, MinIO, versitygw or another server with conditional writes; " +
      "without them two runs could overwrite each other's results.",
  });
}
