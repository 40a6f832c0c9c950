import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { mapConcurrently } from "shopflow/runtime/mod.ts";
import { createHash, randomUUID } from "node:crypto";
import { encodeJson } from "../json_object.ts";
import type { ObjectStat } from "../object_store.ts";
import { listAll, type S3Bucket } from "./client.ts";
import { describeFailure, isAbsent, isPreconditionFailed, required } from "./failures.ts";
import { open } from "node:fs/promises";
import type { LocalFile } from "../local_file.ts";

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
async function markUpload(bucket: S3Bucket, upload: Upload): Promise<void> {
  const { Key, UploadId } = upload;
  await putObject(bucket, markKey(upload), encodeJson({ key: Key, uploadId: UploadId }));
}

/** Removes the mark of an upload that is over; one that is gone is no error. */
async function unmarkUpload(bucket: S3Bucket, upload: Pick<Upload, "UploadId">): Promise<void> {
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

/** The state of the object that a write asks for; none: whichever it is. */
type PutCondition = { IfNoneMatch: "*" } | { IfMatch: string } | Record<never, never>;

/** What our objects carry beside their content. */
interface ObjectMetadata {
  [name: string]: string;
  /** Hash of the content; a multipart object's ETag is not one. */
  sha256: string;
  /** Of this write and no other, so that a writer whose answer got lost can tell whether it was the one. */
  write: string;
}

/**
 * Metadata of a write that has not been made yet, with a mark of its own.
 *
 * @param sha256 Of the content, hexadecimal.
 */
const newMetadata = (sha256: string): ObjectMetadata => ({ sha256, write: randomUUID() });

/**
 * Writes an object if `condition` holds; undefined when it does not.
 *
 * When an answer is lost, the next attempt finds its own object and is refused; the object's `write` mark tells that
 * from losing to another writer. Only if another replaced our object already, the answer is "not written".
 */
export async function putObject(
  bucket: S3Bucket,
  key: string,
  body: Uint8Array,
  condition: PutCondition = {},
): Promise<{ etag: string } | undefined> {
  const metadata = newMetadata(createHash("sha256").update(body).digest("hex"));
  const Key = bucket.keyOf(key);
  const Bucket = bucket.location.bucket;
  let attempts = 0;
  try {
    const { ETag } = await bucket.request((client, { signal, failures }) => {
      attempts = failures + 1;
      const put = new PutObjectCommand({ Bucket, Key, Body: body, Metadata: metadata, ...condition });
      return client.send(put, { abortSignal: signal });
    }, { sends: body.length });
    return { etag: required(ETag, "ETag") };
  } catch (error) {
    const refused = isPreconditionFailed(error) || ("IfMatch" in condition && isAbsent(error));
    if (!refused) throw error;
    return attempts > 1 ? await writtenAs(bucket, key, metadata.write) : undefined;
  }
}

/** What the server says of an object without its content. */
export function headObject(bucket: S3Bucket, key: string): Promise<HeadObjectCommandOutput> {
  return bucket.request((client, { signal }) =>
    client.send(new HeadObjectCommand({ Bucket: bucket.location.bucket, Key: bucket.keyOf(key) }), {
      abortSignal: signal,
    })
  );
}

/** The object's tag if it is the one that the write marked `mark` made. */
async function writtenAs(
  bucket: S3Bucket,
  key: string,
  mark: string,
): Promise<{ etag: string } | undefined> {
  try {
    const { ETag, Metadata } = await headObject(bucket, key);
    return Metadata?.write === mark ? { etag: required(ETag, "ETag") } : undefined;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

interface UploadOptions {
  /** Size of a part, in bytes: S3 wants 5 MiB at least, in all but the last. */
  partBytes: number;
  /** Parts on their way at the same time; each is in memory. */
  concurrency?: number;
}

/** S3 takes no more parts than this. */
const MOST_PARTS = 10_000;

/** Writes a large file as an object. Nothing is visible until every part is there; a failure removes the parts. */
export async function uploadInParts(
  bucket: S3Bucket,
  key: string,
  file: LocalFile,
  { partBytes, concurrency = 4 }: UploadOptions,
): Promise<void> {
  const metadata = newMetadata(file.sha256);
  const target = { Bucket: bucket.location.bucket, Key: bucket.keyOf(key) };
  const { UploadId } = await bucket.request((client, { signal }) =>
    client.send(new CreateMultipartUploadCommand({ ...target, Metadata: metadata }), { abortSignal: signal })
  );
  const upload = { ...target, UploadId: required(UploadId, "UploadId") };
  try {
    await markUpload(bucket, upload);
    const bytes = Math.max(partBytes, Math.ceil(file.size / MOST_PARTS));
    const tags = await sendParts(bucket, upload, file, bytes, concurrency);
    await complete(bucket, key, upload, tags, metadata);
  } catch (error) {
    // The upload's own failure is the one to hear of; parts that stay are found by the garbage collection.
    await abortUpload(bucket, upload).catch(() => {});
    throw error;
  }
  // The object is there; a mark that stays is found by the garbage collection, too.
  await unmarkUpload(bucket, upload).catch(() => {});
}

/** Sends the file's parts, some at a time; the first failure stops the rest. Returns their tags in order. */
async function sendParts(
  bucket: S3Bucket,
  upload: Upload,
  file: LocalFile,
  partBytes: number,
  concurrency: number,
): Promise<string[]> {
  const parts = Array.from({ length: Math.ceil(file.size / partBytes) }, (_, part) => part * partBytes);
  await using handle = await open(file.path);
  return await mapConcurrently(parts, concurrency, async (from, part) => {
    const body = new Uint8Array(Math.min(partBytes, file.size - from));
    await readFully(handle, body, from);
    return await sendPart(bucket, upload, part + 1, body);
  });
}

async function sendPart(bucket: S3Bucket, upload: Upload, number: number, body: Uint8Array): Promise<string> {
  const part = { ...upload, PartNumber: number, Body: body };
  const { ETag } = await bucket.request(
    (client, { signal }) => client.send(new UploadPartCommand(part), { abortSignal: signal }),
    { sends: body.length },
  );
  return required(ETag, "ETag");
}

async function readFully(
  handle: Awaited<ReturnType<typeof open>>,
  buffer: Uint8Array,
  position: number,
): Promise<void> {
  for (let read = 0; read < buffer.length;) {
    const { bytesRead } = await handle.read(buffer, read, buffer.length - read, position + read);
    if (bytesRead === 0) throw new Error("the file became shorter while it was uploaded");
    read += bytesRead;
  }
}

async function complete(
  bucket: S3Bucket,
  key: string,
  upload: Upload,
  tags: string[],
  metadata: ObjectMetadata,
): Promise<void> {
  const Parts = tags.map((ETag, part) => ({ ETag, PartNumber: part + 1 }));
  let attempts = 0;
  try {
    await bucket.request((client, { signal, failures }) => {
      attempts = failures + 1;
      const command = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } });
      return client.send(command, { abortSignal: signal });
    });
  } catch (error) {
    // An attempt whose answer got lost may have completed the upload; then there is none of that id any more.
    const gone = describeFailure(error).name === "NoSuchUpload";
    if (gone && attempts > 1 && await writtenAs(bucket, key, metadata.write)) return;
    throw error;
  }
}

/** Removes an upload's parts and its mark; one that is gone is no error. */
export async function abortUpload(bucket: S3Bucket, upload: Upload): Promise<void> {
  try {
    await bucket.request((client, { signal }) =>
      client.send(new AbortMultipartUploadCommand(upload), { abortSignal: signal })
    );
  } catch (error) {
    if (describeFailure(error).name !== "NoSuchUpload") throw error;
  }
  await unmarkUpload(bucket, upload);
}
