/** Warnings of the API as people read them. Each begins with its field's name: `negative_prompt: ...`. */

interface Warning {
  readonly field: string | undefined;
  readonly text: string;
}

function partsOf(warning: string): Warning {
  const [, field, text] = /^(\w+): (.*)$/s.exec(warning) ?? [];
  return { field, text: text ?? warning };
}

export function sentenceOf(warning: string): string {
  const { field, text } = partsOf(warning);
  return field === undefined ? text : `${field.replaceAll('_', ' ')}: ${text}.`;
}

/** What is said of one field, without its name and without what follows from it. */
export function warningsOfField(warnings: readonly string[], field: string): string[] {
  return warnings
    .map(partsOf)
    .flatMap((parts) => (parts.field === field ? [`${parts.text.split('; ', 1)[0]}.`] : []));
}
