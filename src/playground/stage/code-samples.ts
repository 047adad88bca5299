import type { Body, Slug } from '../parts/wire.ts';

/** A request as code that makes it again, to be pasted. */
export interface SampleRequest {
  readonly base: string;
  readonly key: string | undefined;
  readonly slug: Slug;
  readonly body: Body;
  /** Name of a picture file beside the code; an address of a picture stands in the body. */
  readonly file?: string;
}

export type Language = 'curl' | 'Python' | 'JavaScript';
export const languages: readonly Language[] = ['curl', 'Python', 'JavaScript'];

export function codeOf(language: Language, request: SampleRequest): string {
  return { curl, Python: python, JavaScript: javaScript }[language](request);
}

const extensions: Readonly<Record<string, string>> = { jpeg: 'jpg', png: 'png', webp: 'webp' };
function outputName({ output_format: format = 'jpeg' }: Body): string {
  return `picture.${extensions[String(format)]}`;
}

/** A word of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function curl({ base, key, slug, body, file }: SampleRequest): string {
  const auth = key === undefined ? '' : ` \\\n  -H ${quoted(`x-api-key: ${key}`)}`;
  // --form-string, because -F gives a leading @ or < a meaning.
  const fields = Object.entries(body).map(
    ([name, value]) =>
      `--form-string ${quoted(`${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`)}`,
  );
  const picture = file === undefined ? [] : [`-F ${quoted(`image=@"${file.replaceAll(/["\\]/g, '\\$&')}"`)}`];
  const content =
    file === undefined
      ? ` \\\n  -H 'content-type: application/json' \\\n  -d ${quoted(JSON.stringify(body))}`
      : ` \\\n  ${[...picture, ...fields].join(' \\\n  ')}`;
  return `curl -X POST ${quoted(`${base}/v1/${slug}`)}${auth}${content} \\\n  -o ${outputName(body)}`;
}

function python({ base, key, slug, body, file }: SampleRequest): string {
  const headers = { ...(key !== undefined && { 'x-api-key': key }), 'content-type': 'application/json' };
  const lines = Object.entries(body).map(
    ([name, value]) => `    ${JSON.stringify(name)}: ${pythonValue(value)},`,
  );
  if (file !== undefined)
    lines.push(`    "image": base64.b64encode(open(${JSON.stringify(file)}, "rb").read()).decode(),`);
  return `import ${file === undefined ? '' : 'base64, '}json, urllib.request

body = {
${lines.join('\n')}
}
request = urllib.request.Request(
    ${JSON.stringify(`${base}/v1/${slug}`)},
    json.dumps(body).encode(),
    ${JSON.stringify(headers)},
)
with urllib.request.urlopen(request) as answer, open("${outputName(body)}", "wb") as file:
    file.write(answer.read())
`;
}

/** JSON's strings and numbers are Python's too; its truth values are not. */
function pythonValue(value: Body[string]): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return JSON.stringify(value);
}

function javaScript({ base, key, slug, body, file }: SampleRequest): string {
  const headers = [
    ...(key === undefined ? [] : [`    'x-api-key': ${JSON.stringify(key)},`]),
    "    'content-type': 'application/json',",
  ];
  const lines = Object.entries(body).map(([name, value]) => `    ${name}: ${JSON.stringify(value)},`);
  if (file !== undefined)
    lines.push(`    image: (await readFile(${JSON.stringify(file)})).toString('base64'),`);
  return `import { ${file === undefined ? '' : 'readFile, '}writeFile } from 'node:fs/promises';

const answer = await fetch(${JSON.stringify(`${base}/v1/${slug}`)}, {
  method: 'POST',
  headers: {
${headers.join('\n')}
  },
  body: JSON.stringify({
${lines.join('\n')}
  }),
});
if (!answer.ok) throw new Error(await answer.text());
await writeFile('${outputName(body)}', Buffer.from(await answer.arrayBuffer()));
`;
}
