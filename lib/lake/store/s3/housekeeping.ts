import {
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
  type MultipartUpload,
} from "@aws-sdk/client-s3";
import type { UnfinishedWrite } from "../object_store.ts";
import type { S3Bucket } from "./client.ts";
import { describeFailure, isAbsent, required } from "./failures.ts";
import {
  abortUpload,
  headObject,
  markKey,
  putObject,
  removeMark,
  type Upload,
  uploadMarks,
} from "./write.ts";
import { LakeError } from "shopflow/errors/mod.ts";

/**
 * Uploads whose parts are there but were never put together: under way, or left by a process that was killed. Those
 * without a mark of this lake are other programs'.
 */
export async function unfinishedUploads(bucket: S3Bucket): Promise<UnfinishedWrite[]> {
  const found: UnfinishedWrite[] = [];
  const marks = await uploadMarks(bucket);
  for (const { Key, UploadId, Initiated } of await uploadsOf(bucket)) {
    const upload = {
      Bucket: bucket.location.bucket,
      Key: required(Key, "Key"),
      UploadId: required(UploadId, "UploadId"),
    };
    const size = await sizeOfParts(bucket, upload);
    // One that began meanwhile may have got its mark since the marks were listed.
    const ours = marks.delete(markKey(upload)) || await isMarked(bucket, upload);
    if (size === undefined) continue;
    found.push({
      name: `parts of ${upload.Key.slice(bucket.location.prefix.length)}`,
      size,
      modified: Initiated ?? new Date(0),
      ...(ours && { remove: () => abortUpload(bucket, upload) }),
    });
  }
  // What is left are marks of uploads that are over, whose process was killed before it could remove them.
  for (const { key, size, modified } of marks.values()) {
    found.push({ name: `mark ${key}`, size, modified, remove: () => removeMark(bucket, key) });
  }
  return found;
}

async function isMarked(bucket: S3Bucket, upload: Upload): Promise<boolean> {
  try {
    await headObject(bucket, markKey(upload));
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

async function uploadsOf(bucket: S3Bucket): Promise<MultipartUpload[]> {
  const { bucket: Bucket, prefix: Prefix } = bucket.location;
  const uploads: MultipartUpload[] = [];
  let from: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
  while (from !== undefined) {
    const list: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({ Bucket, Prefix, ...from });
    const page: ListMultipartUploadsCommandOutput = await bucket.request((client, { signal }) =>
      client.send(list, { abortSignal: signal })
    );
    uploads.push(...page.Uploads ?? []);
    from = page.IsTruncated
      ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
      : undefined;
  }
  return uploads;
}

/** Bytes of an upload's parts; undefined when it was completed or aborted since it was listed. */
async function sizeOfParts(bucket: S3Bucket, upload: Upload): Promise<number | undefined> {
  let size = 0;
  let marker: string | undefined;
  try {
    do {
      const list = new ListPartsCommand({ ...upload, PartNumberMarker: marker });
      const page = await bucket.request((client, { signal }) => client.send(list, { abortSignal: signal }));
      for (const part of page.Parts ?? []) size += part.Size ?? 0;
      marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
    } while (marker !== undefined);
    return size;
  } catch (error) {
    const { name, status } = describeFailure(error);
    if (name === "NoSuchUpload") return undefined;
    // Another program's upload may be nobody else's business.
    if (status === 403) return size;
    throw error;
  }
}

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
    expected: "writes that are refused if their condition does not hold",
    found: `a server that ignores ${ignored}`,
    remedy: "Use Amazon S3, MinIO, versitygw or another server with conditional writes; " +
      "without them two runs could overwrite each other's results.",
  });
}
