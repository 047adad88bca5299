/**
 * An address of the API as its routes have it: without a slash at its end or two in a row, which come of a
 * base address that ends with one. FastAPI redirects such addresses; clients of POST do not follow that.
 */
export function tidyAddress(url: string): string {
  const [path = '', ...query] = url.split('?');
  const single = path.replace(/\/{2,}/g, '/');
  if (!/^\/(?:v\d+|sdapi)\//.test(single)) return url;
  return [single.replace(/(?<=\w)\/$/, ''), ...query].join('?');
}
