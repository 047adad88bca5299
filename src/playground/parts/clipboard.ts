/**
 * Copies text. Without a secure context (plain http in a local network) browsers have no clipboard; selecting
 * still works.
 */
export async function copyText(text: string): Promise<boolean> {
  if (isSecureContext)
    return await navigator.clipboard.writeText(text).then(
      () => true,
      () => copySelected(text),
    );
  return copySelected(text);
}

function copySelected(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  // Inside an open dialog: what lies behind one cannot be selected.
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  return isCopied;
}
