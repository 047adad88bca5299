import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { OutputFormat } from './output-formats.ts';

/**
 * Content credentials (C2PA specification 2): a signed statement in a picture's file of what made it. The
 * library that signs is an optional peer dependency, 68 MB of native code, and is loaded where it is wanted.
 */

const library = '@contentauth/c2pa-node';

/** Files of the operator's own, in PEM. */
export interface SigningFiles {
  /** The certificate and those above it, its own first. */
  readonly certificate: string;
  /** Its private key, PKCS #8. */
  readonly key: string;
}

/** What of the library is used. */
export interface SigningLibrary {
  readonly Builder: {
    withJson(manifest: object, settings: object): SigningBuilder;
  };
  readonly LocalSigner: {
    newSigner(certificate: Buffer, key: Buffer, algorithm: string): unknown;
  };
}

interface SigningBuilder {
  sign(
    signer: unknown,
    picture: { readonly buffer: Buffer; readonly mimeType: string },
    signed: { buffer: Buffer | null },
  ): unknown;
}

/** The same picture with a statement in its file; no pixel is touched. */
export type SignPicture = (bytes: Buffer, format: OutputFormat) => Buffer;

/**
 * Checks what can be checked without loading the library.
 * @throws Error in a sentence for the operator.
 */
export function requireSigning(files: SigningFiles): void {
  try {
    import.meta.resolve(library);
  } catch (cause) {
    throw new Error(
      `C2PA_CERTIFICATE is set, but the package ${library} is not installed: npm install --no-save ${library}`,
      { cause },
    );
  }
  readSigner(files);
}

async function loadLibrary(): Promise<SigningLibrary> {
  // By a name that compilers do not follow: it need not be there.
  return (await import(library)) as unknown as SigningLibrary;
}

/**
 * @param software what made the pictures, with its version.
 * @throws Error where certificate or key cannot be used.
 */
export async function openSigning(
  files: SigningFiles,
  software: { readonly name: string; readonly version: string },
  load: () => Promise<SigningLibrary> = loadLibrary,
): Promise<SignPicture> {
  const { certificate, key, algorithm } = readSigner(files);
  const { Builder, LocalSigner } = await load();
  const signer = LocalSigner.newSigner(certificate, key, algorithm);
  const manifest = {
    claim_generator_info: [software],
    assertions: [
      {
        label: 'c2pa.actions.v2',
        data: {
          actions: [{ action: 'c2pa.created', digitalSourceType: generated, softwareAgent: software }],
        },
      },
    ],
  };
  const sign: SignPicture = (buffer, format) => {
    const signed: { buffer: Buffer | null } = { buffer: null };
    Builder.withJson(manifest, withoutThumbnail).sign(
      signer,
      { buffer, mimeType: `image/${format}` },
      signed,
    );
    if (signed.buffer === null) throw new Error('The picture was not signed');
    return signed.buffer;
  };
  // A chain that the library refuses is told now and not with the first picture.
  sign(Buffer.from(onePixel, 'base64'), 'png');
  return sign;
}

/** IPTC NewsCodes, digital source type; as in the XMP of pictures. */
const generated = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia';
const withoutThumbnail = { builder: { thumbnail: { enabled: false } } };
const onePixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

function readSigner(files: SigningFiles): { certificate: Buffer; key: Buffer; algorithm: string } {
  const certificate = readFileSync(files.certificate);
  const key = readFileSync(files.key);
  const [own, ofKey] = [certificateIn(certificate, files.certificate), keyIn(key, files.key)];
  if (!own.checkPrivateKey(ofKey))
    throw new Error(`C2PA_KEY=${JSON.stringify(files.key)}: is not the key of the first certificate`);
  if (own.checkIssued(own))
    throw new Error(
      `C2PA_CERTIFICATE=${JSON.stringify(files.certificate)}: the first certificate is signed by itself, which C2PA forbids`,
    );
  return { certificate, key, algorithm: algorithmOf(ofKey, files.key) };
}

function certificateIn(text: Buffer, file: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw new Error(`C2PA_CERTIFICATE=${JSON.stringify(file)}: is no certificate in PEM`, { cause });
  }
}

function keyIn(text: Buffer, file: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw new Error(`C2PA_KEY=${JSON.stringify(file)}: is no private key in PEM without a password`, {
      cause,
    });
  }
}

/** The algorithms of C2PA (section 13.2), by curve. */
const curves: Readonly<Record<string, string>> = {
  prime256v1: 'es256',
  secp384r1: 'es384',
  secp521r1: 'es512',
};

function algorithmOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject, file: string) {
  if (type === 'ed25519') return 'ed25519';
  if (type === 'rsa' || type === 'rsa-pss') return 'ps256';
  const found = type === 'ec' ? curves[details?.namedCurve ?? ''] : undefined;
  if (found !== undefined) return found;
  throw new Error(
    `C2PA_KEY=${JSON.stringify(file)}: must be of P-256, P-384, P-521, Ed25519 or RSA, is ${details?.namedCurve ?? type}`,
  );
}
