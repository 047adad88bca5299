import { maskAddress, maskSecrets } from '../../process/mask-secrets.ts';
import { messageChain, type SerializedError, serializeError } from '../../process/serialize-error.ts';

/** Why a Redis cannot be used, in words for whoever runs it. */
export class RedisTrouble extends Error {
  override readonly name = 'RedisTrouble';
  /** Waiting does not mend it: a wrong password, an unknown certificate, a server of another kind. */
  readonly isLasting: boolean;
  /** Completes "Redis at ADDRESS". */
  readonly reason: string;

  /** @param url its address; what is secret in it does not become part of the message. */
  constructor(url: string, { reason, isLasting }: Explanation, cause?: unknown) {
    super(`Redis at ${maskAddress(url).replace('***@', '')} ${reason}`, { cause });
    this.isLasting = isLasting;
    this.reason = reason;
  }
}

export interface Explanation {
  /** Completes "Redis at ADDRESS". */
  readonly reason: string;
  readonly isLasting: boolean;
}

/** What servers, sockets and TLS say, with what it means for REDIS_URL; `$1` is the pattern's group. */
const meanings: readonly [pattern: RegExp, reason: string, lasts: 'lasting' | 'passing'][] = [
  [
    /No such master with that name \((.*?)\)/,
    'is a Sentinel, which watches no master of the name at the end of REDIS_URL ($1)',
    'lasting',
  ],
  [
    /sentinel.*WRONGPASS/is,
    'is a Sentinel, which refuses REDIS_SENTINEL_USERNAME or REDIS_SENTINEL_PASSWORD (WRONGPASS)',
    'lasting',
  ],
  [
    /sentinel.*NOAUTH/is,
    'is a Sentinel that asks for a password: REDIS_SENTINEL_PASSWORD (NOAUTH)',
    'lasting',
  ],
  [/unknown command .sentinel/i, 'is no Sentinel: redis:// instead of redis+sentinel://', 'lasting'],
  [
    /cluster support disabled/,
    'is no node of a Redis Cluster: redis:// instead of redis+cluster://',
    'lasting',
  ],
  [
    /CLUSTERDOWN|MASTERDOWN/,
    'has no server for the queue now: the cluster is down or fails over (CLUSTERDOWN)',
    'passing',
  ],
  [
    /WRONGPASS|invalid password/,
    'refuses the user name or password of REDIS_URL (WRONGPASS): redis://USER:PASSWORD@host:port, what is no letter or digit percent-encoded',
    'lasting',
  ],
  [/NOAUTH/, 'asks for a password and REDIS_URL has none (NOAUTH): redis://:PASSWORD@host:port', 'lasting'],
  [/NOPERM/, 'does not let the user of REDIS_URL do what this service needs (NOPERM)', 'lasting'],
  [
    /DENIED/,
    'runs in protected mode and takes no connection from another machine (DENIED): set a password there',
    'lasting',
  ],
  [
    /DB index is out of range|invalid DB index/,
    'has no database of the number at the end of REDIS_URL (DB index is out of range)',
    'lasting',
  ],
  [
    /CERT_HAS_EXPIRED|certificate has expired/,
    'shows a certificate that has expired (CERT_HAS_EXPIRED)',
    'lasting',
  ],
  [
    /ALTNAME_INVALID/,
    "shows a certificate for another name than REDIS_URL's host (ERR_TLS_CERT_ALTNAME_INVALID)",
    'lasting',
  ],
  [
    /SELF_SIGNED|self.signed certificate|UNABLE_TO_(?:VERIFY|GET_ISSUER)|unable to (?:verify|get)/,
    'shows a certificate of an authority that is not known here: name its file in REDIS_TLS_CA',
    'lasting',
  ],
  [
    /CERTIFICATE_REQUIRED|certificate required/i,
    'asks for a certificate of the client: REDIS_TLS_CERT and REDIS_TLS_KEY',
    'lasting',
  ],
  [
    /wrong version number|WRONG_VERSION|packet length too long|unknown protocol/i,
    'does not speak TLS: redis:// instead of rediss://',
    'lasting',
  ],
  [/Unknown RESP type 21\b|got "\\u0015"/, 'speaks TLS: rediss:// instead of redis://', 'lasting'],
  [
    /Unknown RESP type|Protocol error, got/,
    'does not answer as a Redis does: is it another server?',
    'lasting',
  ],
  [/ECONNREFUSED/, 'cannot be reached: nothing listens there (ECONNREFUSED)', 'passing'],
  [/ENOTFOUND|EAI_AGAIN/, 'cannot be reached: its host name is not known (ENOTFOUND)', 'passing'],
  [/ENOENT/, 'cannot be reached: there is no such socket (ENOENT)', 'passing'],
  [/EACCES|EPERM/, 'cannot be reached: this user may not use that socket (EACCES)', 'passing'],
  [/ENOTSOCK|ENOTDIR/, 'cannot be reached: that file is no socket', 'lasting'],
  [
    /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN/,
    'cannot be reached: nothing answers at that host (ETIMEDOUT)',
    'passing',
  ],
  [/LOADING/, 'is still reading its data into memory (LOADING)', 'passing'],
  [/max number of clients/, 'has as many clients as it may have (maxclients)', 'passing'],
  [/READONLY/, 'is a replica that takes no writes (READONLY)', 'passing'],
];

/**
 * What an error of a connection means; undefined where it says no more than that the connection is gone, or
 * that no answer came.
 */
export function explain(error: unknown): Explanation | undefined {
  const said = textOf(serializeError(error));
  for (const [pattern, reason, lasts] of meanings) {
    const found = pattern.exec(said);
    if (found !== null)
      return { reason: reason.replace('$1', found[1] ?? ''), isLasting: lasts === 'lasting' };
  }
  const silence =
    /ECONNRESET|EPIPE|Connection is closed|Connection ended|socket hang up|Command timed out|Socket timeout/i;
  if (silence.test(said)) return undefined;
  return { reason: `gives an error: ${maskSecrets(messageChain(error))}`, isLasting: false };
}

function textOf({ message, code = '', cause, errors = [] }: SerializedError): string {
  return [message, code, ...errors.map(textOf), ...(cause === undefined ? [] : [textOf(cause)])].join(' ');
}
