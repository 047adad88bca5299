import path from 'node:path';
import { importPattern, type PreparedFiles } from './page-files.ts';

/** One of the server's pages: they share the modules and style sheets of src/playground. */
export interface Page {
  /** Where it is. */
  readonly path: string;
  readonly title: string;
  /** The module that begins it. */
  readonly entry: string;
  readonly styleSheets: readonly string[];
}

export const pages: readonly Page[] = [
  {
    path: '/',
    title: 'sdxl-server',
    entry: 'start.ts',
    styleSheets: [
      'parts/base.css',
      'parts/layout.css',
      'form/form.css',
      'form/choosers.css',
      'stage/stage.css',
      'parts/lists.css',
    ],
  },
  {
    path: '/admin',
    title: 'sdxl-server: administration',
    entry: 'admin/start.ts',
    styleSheets: ['parts/base.css', 'parts/layout.css', 'parts/lists.css', 'admin/admin.css'],
  },
];

/** Only files of this origin, nothing inline; pictures also as blobs that the page itself has made. */
export const pageSecurityHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

/** Modules import each other several levels deep; naming them here lets browsers fetch them all at once. */
export function documentOf({ title, entry, styleSheets, path }: Page, prepared: PreparedFiles): string {
  const folder = `${'../'.repeat(path.split('/').length - 2)}page/${prepared.version}`;
  const modules = modulesOf(entry, prepared);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" type="image/svg+xml" href="${folder}/parts/mark.svg">
${styleSheets.map((file) => `<link rel="stylesheet" href="${folder}/${file}">`).join('\n')}
${modules.map((file) => `<link rel="modulepreload" href="${folder}/${file}">`).join('\n')}
</head>
<body>
<div id="page"></div>
<noscript>This page needs JavaScript; the API does not: <a href="docs">docs</a></noscript>
<script type="module" src="${folder}/${entry}"></script>
</body>
</html>
`;
}

/** A module and all that it imports, directly or not. */
function modulesOf(entry: string, { files }: PreparedFiles): string[] {
  const found = new Set([entry]);
  for (const name of found) {
    const file = files.get(name);
    if (file === undefined) throw new Error(`the page has no ${name}`);
    const code = Buffer.from(file.bytes).toString('utf8');
    for (const [, , specifier] of code.matchAll(importPattern))
      found.add(path.posix.join(path.posix.dirname(name), specifier!));
  }
  return [...found];
}
