import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import { encodeJson } from "./json_object.ts";
import type { ObjectStat } from "./object_store.ts";
import type { S3Bucket } from "./s3_bucket.ts";
import { isAbsent } from "./s3_failures.ts";
import { listAll } from "./s3_listing.ts";
import { putObject } from "./s3_put.ts";

/** Which upload of which object. */
export interface Upload {
  Bucket: string;
  Key: string;
  UploadId: string;
}

/** Beneath it each upload under way has an object. Never listed: no key of the lake starts with a dot. */
const MARKS = ".shopflow_uploads/";

/**
 * Key of the mark that an upload is this lake's. A server lists uploads of all programs beneath a prefix and does not say
 * who began them.
 */
export const markKey = ({ UploadId }: Pick<Upload, "UploadId">) =>
  MARKS + createHash("sha256").update(UploadId).digest("hex");

/** Marks an upload before its first part is sent. */
export async function markUpload(bucket: S3Bucket, upload: Upload): Promise<void> {
  const { Key, UploadId } = upload;
  await putObject(bucket, markKey(upload), encodeJson({ key: Key, uploadId: UploadId }));
}

/** Removes the mark of an upload that is over; one that is gone is no error. */
export async function unmarkUpload(bucket: S3Bucket, upload: Pick<Upload, "UploadId">): Promise<void> {
  await removeMark(bucket, markKey(upload));
}

/** Removes a mark by its key. */
export async function removeMark(bucket: S3Bucket, key: string): Promise<void> {
  const target = { Bucket: bucket.location.bucket, Key: bucket.keyOf(key) };
  try {
    await bucket.request((client, { signal }) =>
      client.send(new DeleteObjectCommand(target), { abortSignal: signal })
    );
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

/** The marks by their keys. */
export async function uploadMarks(bucket: S3Bucket): Promise<Map<string, ObjectStat>> {
  const marks = await listAll(bucket, MARKS);
  return new Map(
    marks.filter(({ key }) => /^[0-9a-f]{64}$/.test(key.slice(MARKS.length))).map((mark) => [mark.key, mark]),
  );
}
