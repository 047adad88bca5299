import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { ApiError } from '../../contract/errors.ts';
import { ownCommand } from '../../process/own-command.ts';
import { packageRoot } from '../../process/package-root.ts';
import { refuseOtherMethods } from '../http/errors.ts';
import { lastingAnswer } from '../http/lasting-answer.ts';

const report = path.join(packageRoot, 'docs/lab/report.html');

/** Whether the report that belongs to a checkout is there. */
export function hasLabReport(): boolean {
  return existsSync(report);
}

/**
 * The report holds its scripts and pictures itself. In a sandbox without an origin it can read nothing of
 * this server's pages, and it may load nothing.
 */
const contentSecurityPolicy = [
  'sandbox allow-scripts allow-popups',
  "default-src 'none'",
  "script-src 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  'img-src data:',
].join('; ');

/** `GET /lab`: the charts of the scheduler lab, one HTML page; no key needed. */
export function labRoutes(app: FastifyInstance): void {
  app.get(
    '/lab',
    lastingAnswer(async () => {
      if (!hasLabReport())
        throw new ApiError(
          'notFound',
          `This server has no report of the lab: ${ownCommand('lab')} makes one`,
        );
      return {
        contentType: 'text/html; charset=utf-8',
        text: await readFile(report, 'utf8'),
        cacheControl: 'no-cache',
        headers: {
          'content-security-policy': contentSecurityPolicy,
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
        },
      };
    }),
  );
  refuseOtherMethods(app, '/lab', ['GET', 'HEAD']);
}
