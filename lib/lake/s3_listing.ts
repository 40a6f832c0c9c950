import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { isKey } from "./object_key.ts";
import type { ObjectStat } from "./object_store.ts";
import type { S3Bucket } from "./s3_bucket.ts";

/** The objects of the lake whose key starts with `prefix`, sorted by key. */
export async function listObjects(
  bucket: S3Bucket,
  prefix: string,
  pageSize: number | undefined,
): Promise<ObjectStat[]> {
  // Other programs mark folders by empty objects; those and our own marks are not objects of the lake.
  return (await listAll(bucket, prefix, pageSize)).filter(({ key }) => isKey(key));
}

/** As {@linkcode listObjects}, with those whose keys are none of the lake. */
export async function listAll(
  bucket: S3Bucket,
  prefix: string,
  pageSize?: number,
): Promise<ObjectStat[]> {
  const found: ObjectStat[] = [];
  let token: string | undefined;
  do {
    const page = await bucket.request((client, { signal }) =>
      client.send(
        new ListObjectsV2Command({
          Bucket: bucket.location.bucket,
          Prefix: bucket.keyOf(prefix),
          ContinuationToken: token,
          MaxKeys: pageSize,
        }),
        { abortSignal: signal },
      )
    );
    for (const { Key, Size, LastModified } of page.Contents ?? []) {
      found.push({ key: Key!.slice(bucket.location.prefix.length), size: Size!, modified: LastModified! });
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
  return found.sort((a, b) => a.key < b.key ? -1 : 1);
}
