import { describe, expect, it } from 'vitest';
import { toolName } from '../../../../src/models/prompt/index.ts';
import { builtinTools } from '../../../../src/tools/index.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { ToolTurn } from '../support.ts';
import { allSpecs, functionSpecs, offeredSets, specsOf, textsOf } from './support.ts';

const named = allSpecs.map((spec) => [`${toolName(spec)} (${spec.type})`, spec] as const);
const functions = functionSpecs.map((spec) => [spec.name, spec] as const);

interface Schema {
  readonly type?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: unknown;
}

/** The schema with all schemas inside it, each with its depth: 0 for the parameters themselves. */
function withInner(schema: Schema, depth = 0): { readonly schema: Schema; readonly depth: number }[] {
  const inner = [...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : [])];
  return [{ schema, depth }, ...inner.flatMap((each) => withInner(each, depth + (schema.properties ? 1 : 0)))];
}

function parametersOf(spec: (typeof functionSpecs)[number]): Schema {
  return spec.parameters;
}

describe('must-hold 34: the words', () => {
  it.each(named)('P8: of %s are calm', (_, spec) => {
    for (const text of textsOf(spec)) {
      expect(text).not.toMatch(/\b(?:MUST|NEVER|ALWAYS|CRITICAL|IMPORTANT)\b/);
      expect(text.replaceAll(/\b(?:JSON|JPEG|WebP|REST|PATH)\b/g, '')).not.toMatch(/[A-Z]{4,}/);
      expect(text).not.toMatch(/!|\bplease\b/i);
    }
  });

  it.each(named)('P11: of %s are plain ASCII without trailing blanks', (_, spec) => {
    for (const text of textsOf(spec)) expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    for (const text of textsOf(spec)) expect(text).not.toMatch(/ $/m);
  });

  it.each(functions)('9.1: of %s have no headings, and an example only where one is needed', (name, spec) => {
    expect(spec.description).not.toMatch(/^#/m);
    if (name !== 'apply_patch') expect(spec.description).not.toContain('Example');
  });

  it.each(named)('8: of %s say nothing of policies or how a sandbox is made', (_, spec) => {
    for (const text of textsOf(spec)) {
      expect(text).not.toMatch(
        /on-request|on-failure|untrusted|read-only|workspace-write|execvp|bwrap|landlock|seccomp/i,
      );
    }
  });
});

describe('P5: the names', () => {
  it.each(offeredSets)('in the texts of $name are tools and parameters of that list', (set) => {
    const specs = specsOf(set);
    const known = new Set(specs.map(toolName));
    for (const spec of specs) {
      const own = spec.type === 'function' ? Object.keys(parametersOf(spec).properties ?? {}) : [];
      const words = textsOf(spec).flatMap((text) =>
        [...text.matchAll(/`([a-z]+(?:_[a-z]+)*)`/g)].map((each) => each[1] ?? ''),
      );
      expect(words.filter((word) => !known.has(word) && !own.includes(word))).toEqual([]);
    }
  });

  it('of an older runner are in no text', () => {
    for (const spec of allSpecs) expect(JSON.stringify(spec)).not.toMatch(/local_shell|container\.exec/);
  });
});

describe('P9: the schemas', () => {
  it.each(functions)('of %s have their keys in the one order, required ones first', (_, spec) => {
    expect(Object.keys(spec)).toEqual(['type', 'name', 'description', 'strict', 'parameters']);
    for (const { schema } of withInner(parametersOf(spec))) {
      if (!schema.properties) continue;
      expect(Object.keys(schema)).toEqual(['type', 'required', 'properties', 'additionalProperties']);
      expect(schema.additionalProperties).toBe(false);
      const required = schema.required ?? [];
      expect(Object.keys(schema.properties).slice(0, required.length)).toEqual(required);
    }
  });

  it.each(functions)('of %s are flat and of plain types', (name, spec) => {
    for (const { schema, depth } of withInner(parametersOf(spec))) {
      expect(['object', 'array', 'string', 'number', 'boolean']).toContain(schema.type);
      for (const word of ['anyOf', 'oneOf', 'allOf', '$ref', 'enum']) expect(schema).not.toHaveProperty(word);
      expect(depth).toBeLessThanOrEqual(2);
      if (schema.type === 'object' && depth > 0) expect(name).toBe('update_plan');
    }
  });

  it.each(functions)('of %s leave out what models hardly ever need', (_, spec) => {
    for (const name of ['login', 'shell', 'max_output_tokens', 'mode', 'indentation']) {
      expect(parametersOf(spec).properties).not.toHaveProperty(name);
    }
  });

  /** The answer of a tool to these arguments. */
  async function answerTo(name: string, args: Readonly<Record<string, unknown>>): Promise<string> {
    using dir = tempDir();
    const handler = builtinTools().handler(name);
    if (!handler) throw new Error(`no handler for ${name}`);
    const output = await new ToolTurn(dir.path).call(handler, args);
    return String(output.body);
  }

  /** Arguments that a tool accepts, as far as their types go. */
  function fitting(schema: Schema): Record<string, unknown> {
    const values: Readonly<Record<string, unknown>> = { string: 'x', number: 1, boolean: false, array: [] };
    return Object.fromEntries(
      (schema.required ?? []).map((name) => [name, values[String(schema.properties?.[name]?.type)]]),
    );
  }

  const parameters = functionSpecs.flatMap((spec) =>
    Object.keys(parametersOf(spec).properties ?? {}).map(
      (parameter) => [spec.name, parameter, parametersOf(spec)] as const,
    ),
  );

  it.each(parameters)('of %s name %s as its handler reads it', async (name, parameter, schema) => {
    const answer = await answerTo(name, { ...fitting(schema), [parameter]: { not: 'this' } });
    expect(answer).toMatch(new RegExp(`^failed to parse .*arguments: .*\\b${parameter}\\b`));
  });

  it.each(parameters.filter(([, parameter, schema]) => schema.required?.includes(parameter)))(
    'of %s require %s as its handler does',
    async (name, parameter, schema) => {
      const { [parameter]: _, ...rest } = fitting(schema);
      const answer = await answerTo(name, rest);
      expect(answer).toContain(`missing field \`${parameter}\``);
      expect(answer).toContain('Required: ');
    },
  );

  it.each(functions)('of %s require no more and no less than its handler', async (name, spec) => {
    const required = parametersOf(spec).required ?? [];
    expect(await answerTo(name, {})).toContain(`Required: ${required.join(', ')}.`);
  });

  it('offer the fields that ask for approval with every runner', () => {
    for (const spec of functionSpecs.filter(({ name }) => ['shell', 'shell_command', 'exec_command'].includes(name))) {
      expect(parametersOf(spec).properties).toMatchObject({
        with_escalated_permissions: { type: 'boolean' },
        justification: { type: 'string' },
      });
    }
  });
});

describe('P10: the numbers', () => {
  /** What the numbers in a tool's texts have to be; the patch example aside. */
  const numbersIn: Readonly<Record<string, readonly number[]>> = {
    shell: [10_240, 10_000],
    shell_command: [10_240, 10_000],
    exec_command: [10_240, 10_000, 30_000],
    write_stdin: [300_000],
    read_file: [10_240, 1, 2_000],
    grep_files: [100],
    list_dir: [1, 25, 2],
  };

  it.each(functions)('in the texts of %s are its defaults and limits', (name, spec) => {
    const numbers = textsOf(spec).flatMap((text) =>
      [...text.matchAll(/(?<!\\u)\b\d+\b/g)].map(([number]) => Number(number)),
    );
    expect(numbers).toEqual(numbersIn[name] ?? []);
  });
});
