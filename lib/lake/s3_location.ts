/** A lake in S3: the part of a bucket whose keys start with `prefix`. */
export interface S3Location {
  bucket: string;
  /** Empty, or names that end in `/`. */
  prefix: string;
  /** `s3://bucket/prefix`, for messages. */
  url: string;
}

/** Whether an address is one of S3, `s3://…`. */
export const isS3Url = (url: string) => url.startsWith("s3://");

/** Reads an address that `loadConfig` let pass. */
export function parseS3Url(url: string): S3Location {
  const [bucket = "", ...names] = url.slice("s3://".length).split("/").filter((name) => name !== "");
  const prefix = names.map((name) => `${name}/`).join("");
  return { bucket, prefix, url: ["s3:/", bucket, ...names].join("/") };
}
