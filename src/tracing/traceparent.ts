/** W3C Trace Context, level 1, section 3.2: version 00, ids that are not all zeros. */
export function isTraceparent(text: string): boolean {
  const [, trace, span] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(text) ?? [];
  return trace !== undefined && !/^0+$/.test(trace) && !/^0+$/.test(span!);
}
