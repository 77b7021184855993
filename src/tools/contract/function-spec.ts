import type { FunctionToolSpec, ToolSpec } from '../../models/prompt/index.ts';

type Parameters = FunctionToolSpec['parameters'];

export interface FunctionText {
  readonly name: string;
  readonly description: string;
  /** Required ones first, in this order. */
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A function tool in the key order of every request: `required` comes before `properties`. */
export function functionSpec({ name, description, required, properties }: FunctionText): FunctionToolSpec {
  const parameters: Parameters = { type: 'object', required: [...required], properties, additionalProperties: false };
  return { type: 'function', name, description, strict: false, parameters };
}

export const textSchema = { type: 'string' } as const;
export const numberSchema = { type: 'number' } as const;
export const booleanSchema = { type: 'boolean' } as const;

export function described<T extends object>(schema: T, description: string): T & { readonly description: string } {
  return { ...schema, description };
}

/** The fields by which a call asks for approval. The environment context says whether asking is possible now. */
export const escalation = {
  with_escalated_permissions: described(
    booleanSchema,
    'Ask to run this outside the sandbox, where asking is possible.',
  ),
  justification: described(textSchema, 'Why, in one sentence, when asking.'),
} as const;

/** The spec for a thread in which nothing can be asked. A spec without these fields is returned as it is. */
export function withoutEscalation(spec: ToolSpec): ToolSpec {
  if (spec.type !== 'function') return spec;
  const { properties } = spec.parameters;
  if (typeof properties !== 'object' || properties === null || !('with_escalated_permissions' in properties))
    return spec;
  const kept = Object.entries(properties).filter(([name]) => !(name in escalation));
  return { ...spec, parameters: { ...spec.parameters, properties: Object.fromEntries(kept) } };
}
