import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileStep, filesIn, skillsIn } from './read-source.ts';
import type { ImportStep } from './step.ts';

/** What the Codex CLI keeps in its home: the files have the same form here. */
export function codexSteps(source: string): ImportStep[] {
  const has = (name: string) => existsSync(join(source, name));
  return [
    ...fileStep(join(source, 'config.toml'), 'config.toml'),
    ...fileStep(join(source, 'AGENTS.md'), 'AGENTS.md'),
    ...fileStep(join(source, 'AGENTS.override.md'), 'AGENTS.override.md'),
    ...filesIn(join(source, 'prompts'), '.md', 'prompts'),
    ...filesIn(join(source, 'rules'), '.rules', 'rules'),
    ...skillsIn(join(source, 'skills')),
    ...(has('auth.json') ? [left('auth.json', 'run `keel login` with an API key; keel knows no other login')] : []),
    ...(has('hooks.json') ? [left('hooks.json', 'keel reads it where it is: see `keel hooks`')] : []),
    ...(has('sessions')
      ? [
          left(
            'sessions',
            "threads stay where they are; keel reads those that are put below its home's sessions folder",
          ),
        ]
      : []),
  ];
}

function left(what: string, why: string): ImportStep {
  return { type: 'left', what, why };
}
