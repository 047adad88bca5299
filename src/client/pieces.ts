/**
 * Pieces of a text that comes as a stream, each ended by the separator; what is cut off at the end is none.
 */
export async function* piecesOf(
  stream: ReadableStream<Uint8Array>,
  separator: string,
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const pieces = text.split(separator);
      text = pieces.pop()!;
      yield* pieces;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
