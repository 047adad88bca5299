import { createHash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import { assertSafePath, type ResultStore, StoreError } from './result-store.ts';

export interface S3Options {
  readonly bucket: string;
  /** Without slashes around it; may be empty. */
  readonly prefix: string;
  /** Of a server that speaks S3's protocol; undefined for AWS itself. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken: string | undefined;
  /** After which a call has failed. */
  readonly timeoutMs?: number;
}

/**
 * Objects of a bucket, `<prefix>/<request id>/<token>-0.jpg`. An object is there whole or not at all: S3
 * takes a PUT once its last byte has come, and refuses bytes that do not have the SHA-256 they are sent with.
 */
export function s3Store(options: S3Options): ResultStore {
  const { bucket, prefix, region, timeoutMs = 10_000 } = options;
  const base = baseOf(options);
  const urlOf = (path: string): string => {
    assertSafePath(path);
    return `${base}/${prefix === '' ? '' : `${prefix}/`}${path}`;
  };
  const { accessKeyId, secretAccessKey, sessionToken } = options;
  const cache = new Map<string, ArrayBuffer>();
  const signerOf = (method: string, url: string, rest: { headers?: Record<string, string>; query?: true }) =>
    new AwsV4Signer({
      ...{ method, url, region, accessKeyId, secretAccessKey, cache, service: 's3' },
      ...(sessionToken && { sessionToken }),
      ...(rest.headers && { headers: rest.headers }),
      ...(rest.query && { signQuery: true }),
    });

  /** @returns undefined for a 404 of an object. */
  const call = async (
    method: string,
    path: string,
    bytes: Uint8Array<ArrayBuffer> | undefined = undefined,
    headers: Record<string, string> = {},
  ): Promise<Buffer | undefined> => {
    const url = urlOf(path);
    const sha256 = createHash('sha256')
      .update(bytes ?? '')
      .digest('hex');
    const signer = signerOf(method, url, { headers: { ...headers, 'x-amz-content-sha256': sha256 } });
    try {
      const signed = await signer.sign();
      const answer = await fetch(url, {
        ...{ method, headers: signed.headers, redirect: 'manual' },
        ...(bytes && { body: bytes }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const body = Buffer.from(await answer.arrayBuffer());
      if (answer.ok) return body;
      const code = /<Code>(\w{1,60})<\/Code>/.exec(body.toString('utf8', 0, 4096))?.[1] ?? '';
      if (answer.status === 404 && code !== 'NoSuchBucket') return undefined;
      throw new StoreError(`${method} of a result was answered ${`${answer.status} ${code}`.trim()}`);
    } catch (cause) {
      if (cause instanceof StoreError) throw cause;
      throw new StoreError(`${method} of a result: ${new URL(base).host} did not answer`, { cause });
    }
  };

  return {
    name: `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`,
    put: async (path, bytes, contentType) => {
      const own = new Uint8Array(bytes);
      const answer = await call('PUT', path, own, { 'content-type': contentType });
      if (answer === undefined) throw new StoreError('PUT of a result was answered 404');
    },
    get: (path) => call('GET', path),
    delete: async (path) => void (await call('DELETE', path)),
    link: async (path, seconds) => {
      const url = new URL(urlOf(path));
      url.searchParams.set('X-Amz-Expires', String(Math.max(1, Math.floor(seconds))));
      return String((await signerOf('GET', url.href, { query: true }).sign()).url);
    },
  };
}

/**
 * Where the bucket's objects stand. AWS wants the bucket in the name of the host, but where it has a dot,
 * which its certificate does not cover; other servers understand it in the path, and need no names of their
 * own so.
 */
function baseOf({ bucket, endpoint, region }: S3Options): string {
  if (endpoint !== undefined) return `${endpoint}/${bucket}`;
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return bucket.includes('.')
    ? `https://s3.${region}.${domain}/${bucket}`
    : `https://${bucket}.s3.${region}.${domain}`;
}
