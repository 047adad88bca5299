import type { Config } from './config.ts';

/** Where certificate and key of the operator's signature are; undefined where pictures are not signed. */
export function signingFilesOf({
  c2paCertificate: certificate,
  c2paKey: key,
}: Partial<Pick<Config, 'c2paCertificate' | 'c2paKey'>>): { certificate: string; key: string } | undefined {
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}
