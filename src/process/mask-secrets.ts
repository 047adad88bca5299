const hidden = '***';

/** Environment variables whose values are secrets as they stand. */
const secretVariables = [
  ...['WEBHOOK_SECRET', 'HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'REDIS_PASSWORD'],
  ...['REDIS_SENTINEL_PASSWORD', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'],
];

/** An address up to what cannot belong to one; a quote or a backslash ends it, so that JSON stays JSON. */
const addressPattern = /\b([a-z][a-z0-9+.-]*):\/\/[^\s"'`<>\\]+/gi;
/** Closing punctuation of the sentence around an address. */
const trailing = /[),.;:!\]}]+$/;

/** What is a secret by its form, wherever it stands; the kept part comes first. */
const secretForms: readonly RegExp[] = [
  // Our API keys, the keys of Standard Webhooks and the tokens of Hugging Face.
  /\b(SG_)[0-9a-f]{16}\b/g,
  /\b(whsec_)[A-Za-z0-9+/]{8,}={0,2}/g,
  /\b(hf_)[A-Za-z0-9]{8,}\b/g,
  // HTTP credentials, in text, in headers and in JSON.
  /\b((?:Bearer|Basic)\s+)[\w.~+/=-]{4,}/gi,
  /\b((?:x-api-key|authorization)\\?["']?\s*[:=]\s*\\?["']?)(?!Bearer|Basic|\*)[^\s"'\\,;]+/gi,
  /(?<![\w/.])((?:password|passwd|requirepass|secret|token|api[_-]?key)\\?["']?\s*[:=]\s*\\?["']?)(?!\*)[^\s"'\\,;)]+/gi,
  // Parameters of a signed address whose front was cut off.
  /([?&](?:X-Amz-[\w-]+|X-Goog-[\w-]+|AWSAccessKeyId|Signature|sig|se|sv|Policy|Key-Pair-Id)=)(?!\*)[^\s"'&\\]+/gi,
  // Redis repeats the arguments of a command that it does not know; it may have been AUTH.
  /(\bwith args beginning with: ).*?(?=\\n|"|$)/gm,
];

/**
 * A text without secrets, for every log line and every message: the user and password and the query of every
 * address, keys and tokens by their form, and the secrets of the environment wherever they stand. It may hide
 * too much, never too little. Applied to JSON it gives JSON; applied twice it gives the same.
 */
export function maskSecrets(
  text: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  let masked = text;
  for (const secret of knownSecrets(environment)) masked = masked.replaceAll(secret, hidden);
  masked = masked.replace(addressPattern, (address) => {
    const [tail = ''] = trailing.exec(address) ?? [];
    return maskAddress(address.slice(0, address.length - tail.length)) + tail;
  });
  for (const form of secretForms) masked = masked.replace(form, `$1${hidden}`);
  return masked;
}

/**
 * An address without user, password, query and fragment. Where somebody wrote `@`, `/` or `?` into a password
 * unencoded, the address is no valid one or means another host: then all up to its last `@` is hidden.
 */
export function maskAddress(address: string): string {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/is.exec(address) ?? [];
  if (scheme === '') return address;
  const isWeb = /^(?:https?|wss?):/i.test(scheme);
  const authorityEnd = isWeb && URL.canParse(address) ? rest.search(/[/?#]/) : -1;
  const authority = authorityEnd < 0 ? rest : rest.slice(0, authorityEnd);
  const at = authority.lastIndexOf('@');
  const shown = at < 0 ? rest : `${hidden}@${rest.slice(at + 1)}`;
  return scheme + shown.replace(/[?#].*$/s, (found) => `${found[0]}${hidden}`);
}

/**
 * The environment for a child that needs none of the secrets: what it computes, or its server, has no use.
 */
export function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const hiddenFrom = new Set([...secretVariables, 'REDIS_URL']);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !hiddenFrom.has(name)));
}

/** Longest first, so that none leaves a part of another; each also as it stands in an address and in JSON. */
function knownSecrets(environment: Readonly<Record<string, string | undefined>>): string[] {
  const values = secretVariables.map((name) => environment[name]?.trim() ?? '');
  values.push(environment.WEBHOOK_SECRET?.replace(/^whsec_/, '').trim() ?? '');
  values.push(passwordOf(environment.REDIS_URL?.trim() ?? ''));
  const forms = values.flatMap((value) => [value, decoded(value), encodeURIComponent(value)]);
  const escaped = forms.map((form) => JSON.stringify(form).slice(1, -1));
  // What is shorter would hide half of every sentence; addresses lose it by their form.
  return [...new Set([...forms, ...escaped])]
    .filter(({ length }) => length >= 6)
    .sort((one, other) => other.length - one.length);
}

function passwordOf(redisUrl: string): string {
  const [, credentials = ''] = /^rediss?(?:[+-]\w+)?:\/\/(.*)@/is.exec(redisUrl) ?? [];
  return credentials.slice(credentials.indexOf(':') + 1);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
