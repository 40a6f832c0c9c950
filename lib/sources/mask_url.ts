/** A database URL without its passwords, for messages and for what the lake records of its source. */
export function maskUrl(url: string): string {
  return url
    .replace(/(\/\/[^:@/]*:).*@/, "$1***@")
    .replace(/([?&](?:password|sslpassword)=)[^&]*/gi, "$1***");
}
