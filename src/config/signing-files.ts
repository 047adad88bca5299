import { type Config, ConfigError } from './config.ts';

/**
 * Where certificate and key of the operator's signature are; undefined where pictures are not signed.
 * @throws ConfigError where only one of the two is set.
 */
export function signingFilesOf({
  c2paCertificate: certificate,
  c2paKey: key,
}: Partial<Pick<Config, 'c2paCertificate' | 'c2paKey'>>): { certificate: string; key: string } | undefined {
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  if (certificate === undefined && key === undefined) return undefined;
  const [set, unset] =
    key === undefined ? ['C2PA_CERTIFICATE', 'C2PA_KEY'] : ['C2PA_KEY', 'C2PA_CERTIFICATE'];
  throw new ConfigError(
    `Bad configuration: ${set} is set and ${unset} is not; pictures are signed with both`,
  );
}
