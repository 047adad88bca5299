import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { openSigning, requireSigning, type SigningLibrary } from './content-credentials.ts';
import { authority, certificate, key } from './testing/signing-files.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'signing-'));
after(() => rmSync(folder, { recursive: true }));
function fileOf(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}
const files = { certificate: fileOf('chain.pem', certificate + authority), key: fileOf('key.pem', key) };
const software = { name: 'sdxl-server', version: '1' };

const isInstalled = (() => {
  try {
    import.meta.resolve('@contentauth/c2pa-node');
    return true;
  } catch {
    return false;
  }
})();

test('a picture is signed with what made it and what kind of source that is, and nothing else', async () => {
  const seen: { manifest?: object; settings?: object; algorithm?: string; mimeTypes: string[] } = {
    mimeTypes: [],
  };
  const library: SigningLibrary = {
    Builder: {
      withJson: (manifest, settings) => {
        Object.assign(seen, { manifest, settings });
        return {
          sign: (signer, { buffer, mimeType }, signed) => {
            seen.mimeTypes.push(mimeType);
            signed.buffer = Buffer.concat([buffer, Buffer.from(`signed by ${signer}`)]);
          },
        };
      },
    },
    LocalSigner: {
      newSigner: (_, __, algorithm) => {
        seen.algorithm = algorithm;
        return 'the operator';
      },
    },
  };
  const sign = await openSigning(files, software, async () => library);
  assert.equal(sign(Buffer.from('picture '), 'webp').toString(), 'picture signed by the operator');
  assert.deepEqual([seen.algorithm, seen.mimeTypes], ['es256', ['image/png', 'image/webp']]);
  const digitalSourceType = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia';
  assert.deepEqual(seen.manifest, {
    claim_generator_info: [software],
    assertions: [
      {
        label: 'c2pa.actions.v2',
        data: { actions: [{ action: 'c2pa.created', digitalSourceType, softwareAgent: software }] },
      },
    ],
  });
});

test('certificates and keys that cannot sign are refused in a sentence', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
  const pem = other.export({ type: 'pkcs8', format: 'pem' }).toString();
  for (const [given, sentence] of [
    [{ ...files, key: fileOf('other.pem', pem) }, /is not the key of the first certificate/],
    [{ ...files, key: fileOf('none.pem', 'x') }, /C2PA_KEY=.*none\.pem": is no private key in PEM/],
    [{ ...files, certificate: fileOf('x.pem', 'x') }, /C2PA_CERTIFICATE=.*x\.pem": is no certificate in PEM/],
  ] as const)
    await assert.rejects(
      openSigning(given, software, () => Promise.reject(new Error('loaded'))),
      sentence,
    );
});

test('without the package the start ends with what is to be installed', { skip: isInstalled }, () => {
  assert.throws(
    () => requireSigning(files),
    /^Error: C2PA_CERTIFICATE is set, but the package @contentauth\/c2pa-node is not installed: npm install/,
  );
});

test("the library's own reader finds the statement valid, in every format", {
  skip: !isInstalled && 'the optional package @contentauth/c2pa-node is not installed',
}, async () => {
  requireSigning(files);
  const sign = await openSigning(files, software);
  const library: string = '@contentauth/c2pa-node';
  const { Reader } = (await import(library)) as {
    Reader: { fromAsset(asset: object): Promise<{ json(): Record<string, never> }> };
  };
  const create = { width: 64, height: 48, channels: 3, background: 'red' } as const;
  for (const format of ['jpeg', 'png', 'webp'] as const) {
    const plain = await sharp({ create }).toFormat(format).toBuffer();
    const buffer = sign(plain, format);
    const told = (await Reader.fromAsset({ buffer, mimeType: `image/${format}` })).json();
    assert.equal(told.validation_state, 'Valid', JSON.stringify(told.validation_status));
    assert.match(JSON.stringify(told), /trainedAlgorithmicMedia/);
    assert.deepEqual(await sharp(buffer).raw().toBuffer(), await sharp(plain).raw().toBuffer());
  }
});
