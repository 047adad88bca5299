import path from 'node:path';

/** What RESULTS names. */
export type ResultsPlace =
  | { readonly kind: 'redis' }
  | { readonly kind: 'dir'; readonly folder: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string };

/** Of general purpose buckets (docs.aws.amazon.com/AmazonS3, "General purpose bucket naming rules"). */
const bucketName = /^(?!\d+(?:\.\d+){3}$)[a-z0-9](?!.*\.\.)[a-z0-9.-]{1,61}[a-z0-9]$/;
/** Characters that need no encoding in an address; every part holds one that is no dot. */
const prefixPart = /^(?!\.+$)[\w.-]+$/;

/**
 * `redis`, `dir:PATH` or `s3://bucket/prefix`, the prefix without slashes around it; undefined for all else.
 */
export function parseResultsPlace(text: string): ResultsPlace | undefined {
  if (text === 'redis') return { kind: 'redis' };
  const folder = /^dir:(.+)$/.exec(text)?.[1];
  if (folder !== undefined) return { kind: 'dir', folder: path.resolve(folder.trim()) };
  const [, bucket = '', rest = ''] = /^s3:\/\/([^/]*)(?:\/(.*))?$/.exec(text) ?? [];
  const prefix = rest.replace(/\/$/, '');
  if (!bucketName.test(bucket)) return undefined;
  if (prefix !== '' && (prefix.length > 500 || !prefix.split('/').every((part) => prefixPart.test(part))))
    return undefined;
  return { kind: 's3', bucket, prefix };
}
