/** A response after its redirects, with what the first server said about the file. */
export interface Followed {
  readonly response: Response;
  /** SHA-256 from `x-linked-etag`, which Hugging Face sends with the redirect to a large file. */
  readonly sha256: string | undefined;
}

const mostRedirects = 5;

/**
 * GET through redirects, so that the headers of the redirect itself can be read, which fetch's own following
 * hides. Authorization goes to the first host only.
 */
export async function getFollowing(
  url: string,
  headers: Readonly<Record<string, string>>,
  authorization: string | undefined,
): Promise<Followed> {
  let at = new URL(url);
  let sha256: string | undefined;
  for (let hops = 0; hops <= mostRedirects; hops++) {
    const isFirstHost = at.origin === new URL(url).origin;
    const response = await fetch(at, {
      redirect: 'manual',
      headers: { ...headers, ...(isFirstHost && authorization !== undefined && { authorization }) },
    });
    sha256 ??= /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(response.headers.get('x-linked-etag') ?? '')?.[1];
    const location = response.headers.get('location');
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null)
      return { response, sha256 };
    await response.body?.cancel();
    at = new URL(location, at);
    if (!/^https?:$/.test(at.protocol)) throw new Error(`${url}: redirected to ${at.protocol} address`);
  }
  throw new Error(`${url}: more than ${mostRedirects} redirects`);
}
