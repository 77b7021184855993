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

/** The field by which a command outlives the run. Only for commands with the user's own rights: others end with their sandbox. */
export const keepRunning = {
  keep_running: described(booleanSchema, 'Let it outlive the run, in the background; its output goes to a file.'),
} as const;

/** The spec for a thread in which nothing can be asked. A spec without these fields is returned as it is. */
export function withoutEscalation(spec: ToolSpec): ToolSpec {
  return withoutFields(spec, Object.keys(escalation));
}

/** A spec without some of its optional fields. One that has none of them is returned as it is. */
export function withoutFields(spec: ToolSpec, names: readonly string[]): ToolSpec {
  if (spec.type !== 'function') return spec;
  const { properties } = spec.parameters;
  if (typeof properties !== 'object' || properties === null || !names.some((name) => name in properties)) return spec;
  const kept = Object.entries(properties).filter(([name]) => !names.includes(name));
  return { ...spec, parameters: { ...spec.parameters, properties: Object.fromEntries(kept) } };
}
