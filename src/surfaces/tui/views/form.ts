import * as z from 'zod/mini';
import type { FormValue } from '../../../foundation/protocol/index.ts';

type Kind = 'text' | 'number' | 'integer' | 'boolean' | 'list';

/** A field of the form that a server asks the user to fill in. */
export interface FormField {
  readonly name: string;
  readonly title: string;
  readonly description: string | null;
  readonly kind: Kind;
  /** The values there are; null: any. */
  readonly choices: readonly string[] | null;
  /** What an empty answer means; null: nothing. */
  readonly fallback: FormValue | null;
  readonly isRequired: boolean;
}

export type FieldAnswer =
  | { readonly type: 'value'; readonly value: FormValue }
  | { readonly type: 'skipped' }
  | { readonly type: 'wrong'; readonly message: string };

const optionalText = z.catch(z.optional(z.string()), undefined);
const Titled = z.array(z.looseObject({ const: z.string() }));
const Options = z.looseObject({
  enum: z.optional(z.array(z.string())),
  oneOf: z.optional(Titled),
  anyOf: z.optional(Titled),
});
const Property = z.looseObject({
  type: optionalText,
  title: optionalText,
  description: optionalText,
  enum: z.catch(z.optional(z.array(z.string())), undefined),
  oneOf: z.catch(z.optional(Titled), undefined),
  items: z.catch(z.optional(Options), undefined),
  default: z.catch(z.optional(z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])), undefined),
});
const Schema = z.looseObject({
  properties: z.catch(z.record(z.string(), Property), {}),
  required: z.catch(z.array(z.string()), []),
});

/** The fields of a form in their order; none for a plain question, and for what is no form. */
export function formFields(schema: unknown): readonly FormField[] {
  const { data } = Schema.safeParse(schema);
  return Object.entries(data?.properties ?? {}).map(([name, property]) => {
    const options = property.items ?? property;
    const titled = options.oneOf ?? property.items?.anyOf;
    return {
      name,
      title: property.title ?? name,
      description: property.description ?? null,
      kind: kindOf(property.type),
      choices: options.enum ?? titled?.map((option) => option.const) ?? null,
      fallback: property.default ?? null,
      isRequired: data?.required.includes(name) ?? false,
    };
  });
}

function kindOf(type: string | undefined): Kind {
  if (type === 'number' || type === 'integer' || type === 'boolean') return type;
  return type === 'array' ? 'list' : 'text';
}

/** What the user typed, as the field takes it. */
export function fieldAnswer({ kind, choices, fallback, isRequired }: FormField, typed: string): FieldAnswer {
  const text = typed.trim();
  if (text === '') {
    if (fallback !== null) return { type: 'value', value: fallback };
    return isRequired ? { type: 'wrong', message: 'an answer is needed' } : { type: 'skipped' };
  }
  switch (kind) {
    case 'boolean':
      if (/^(?:y|yes|true)$/i.test(text)) return { type: 'value', value: true };
      return /^(?:n|no|false)$/i.test(text)
        ? { type: 'value', value: false }
        : { type: 'wrong', message: 'answer yes or no' };
    case 'number':
    case 'integer': {
      const value = Number(text);
      const fits = Number.isFinite(value) && (kind === 'number' || Number.isInteger(value));
      return fits ? { type: 'value', value } : { type: 'wrong', message: `it must be a ${kind}` };
    }
    case 'list': {
      const values = text.split(',').map((part) => chosen(choices, part.trim()));
      return values.every((value) => value !== null)
        ? { type: 'value', value: values }
        : { type: 'wrong', message: `choose of ${choices?.join(', ')}` };
    }
    case 'text': {
      const value = chosen(choices, text);
      return value === null ? { type: 'wrong', message: `choose of ${choices?.join(', ')}` } : { type: 'value', value };
    }
  }
}

/** One of the choices, by itself or its number; any text where there are none. */
function chosen(choices: readonly string[] | null, text: string): string | null {
  if (choices === null || choices.includes(text)) return text;
  return /^\d+$/.test(text) ? (choices[Number(text) - 1] ?? null) : null;
}
