import { resolve } from 'node:path';
import type { FileUpdate } from '../../../foundation/protocol/index.ts';
import type { ParsedPatch } from '../language/parse.ts';
import type { Chunk, Section } from '../patch.ts';

/** The first line of a section, as far as it can be read without the rest. */
const SECTION = /^\*\*\* (Add|Update|Delete) File: (.*\S)/gm;

/**
 * What a patch that was not applied asked for, as people see it. The files were not compared with it, so the hunks of an
 * update have no line numbers: they start at line 0.
 */
export function attemptedUpdates({ sections }: Pick<ParsedPatch, 'sections'>, cwd: string): FileUpdate[] {
  return sections.map((section) => sectionUpdate(section, cwd));
}

/** The files that a text names which isn't a valid patch; it may be none. */
export function namedUpdates(text: string, cwd: string): FileUpdate[] {
  return [...text.matchAll(SECTION)].map(([, verb, name = '']): FileUpdate => {
    const path = resolve(cwd, name);
    if (verb === 'Update') return { path, kind: { type: 'update', movePath: null }, diff: '' };
    return { path, kind: { type: verb === 'Add' ? 'add' : 'delete' }, diff: '' };
  });
}

function sectionUpdate(section: Section, cwd: string): FileUpdate {
  const path = resolve(cwd, section.path);
  switch (section.type) {
    case 'add':
      return { path, kind: { type: 'add' }, diff: section.content };
    case 'delete':
      return { path, kind: { type: 'delete' }, diff: '' };
    case 'update': {
      const movePath = section.moveTo === null ? null : resolve(cwd, section.moveTo);
      return { path, kind: { type: 'update', movePath }, diff: section.chunks.map(hunkText).join('') };
    }
  }
}

function hunkText({ headers, rows }: Chunk): string {
  const signs = { keep: ' ', remove: '-', add: '+' } as const;
  const old = rows.filter(({ type }) => type !== 'add').length;
  const now = rows.filter(({ type }) => type !== 'remove').length;
  const head = [`@@ -0,${old} +0,${now} @@`, ...headers].join(' ');
  return [head, ...rows.map(({ type, text }) => signs[type] + text), ''].join('\n');
}
