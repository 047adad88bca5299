import type { FastifyRequest } from 'fastify';

/**
 * The public base URL of this server, without a trailing slash: as configured, else as the client reached it
 * (through a trusted proxy, as that says).
 */
export function baseUrl(request: FastifyRequest, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return publicUrl;
  const { localAddress = '127.0.0.1', localPort } = request.socket;
  const reached = `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`;
  const host = /^[\w.:[\]-]+$/.test(request.host) ? request.host : reached;
  return `${request.protocol === 'https' ? 'https' : 'http'}://${host}`;
}
