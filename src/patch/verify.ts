import type { PlaceJudge } from '../files/index.ts';
import { computeText } from './compute.ts';
import { type NetChange, Overlay } from './overlay.ts';
import type { ParsedPatch } from './parse.ts';
import type { Section } from './patch.ts';

export interface VerifiedPatch {
  readonly patch: ParsedPatch;
  /** Absolute. */
  readonly cwd: string;
  /** One a path, in the order of the patch. A path that ends as it began is left out. */
  readonly changes: readonly NetChange[];
  /** One line a section, as it is told after success: `A path`, `M path`, `D path`. */
  readonly summary: readonly string[];
  /** Every path the patch names, absolute. */
  readonly paths: readonly string[];
  /** What files it may read, now and when it is worked out again. Absent: all. */
  readonly judge?: PlaceJudge;
}

/**
 * Works out what a patch would do, without doing it. Sections see what earlier ones of the same patch did.
 * @throws PatchFailure; nothing is written in any case
 */
export function verifyPatch(patch: ParsedPatch, cwd: string, judge?: PlaceJudge): VerifiedPatch {
  const overlay = new Overlay(cwd, judge);
  for (const section of patch.sections) applySection(overlay, section);
  return {
    patch,
    cwd,
    changes: overlay.changes(),
    summary: summaryOf(patch.sections),
    paths: overlay.touched(),
    ...(judge === undefined ? {} : { judge }),
  };
}

function applySection(overlay: Overlay, section: Section): void {
  switch (section.type) {
    case 'add':
      return overlay.write(section.path, section.content);
    case 'delete':
      overlay.read(section.path, 'Failed to delete file');
      return overlay.remove(section.path);
    case 'update': {
      const { path, moveTo, chunks } = section;
      const old = overlay.read(path, 'Failed to read file to update');
      const text = computeText(old, chunks, path);
      return moveTo === null ? overlay.write(path, text) : overlay.move(path, moveTo, text);
    }
  }
}

function summaryOf(sections: readonly Section[]): string[] {
  const letters = { add: 'A', update: 'M', delete: 'D' } as const;
  const pathOf = (section: Section) => (section.type === 'update' ? (section.moveTo ?? section.path) : section.path);
  return (['add', 'update', 'delete'] as const).flatMap((type) =>
    sections.filter((section) => section.type === type).map((section) => `${letters[type]} ${pathOf(section)}`),
  );
}
