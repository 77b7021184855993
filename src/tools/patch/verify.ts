import type { PlaceJudge } from '../../foundation/files/index.ts';
import type { ParsedPatch } from './language/parse.ts';
import { computeText } from './match/compute.ts';
import { type NetChange, type Occupant, Overlay } from './overlay.ts';
import type { Section } from './patch.ts';

export interface VerifiedPatch {
  readonly patch: ParsedPatch;
  /** Absolute. */
  readonly cwd: string;
  /** One change per path, in the order of the patch. A path that ends as it was is left out. */
  readonly changes: readonly NetChange[];
  /** One line per section, as it is reported after success: `A path`, `M path`, `D path`. */
  readonly summary: readonly string[];
  /** What the author of the patch has to know about its effect; one sentence each. */
  readonly notes: readonly string[];
  /** Every path the patch names, absolute. */
  readonly paths: readonly string[];
  /** Decides which files may be read, now and when the patch is verified again. Absent: all. */
  readonly judge?: PlaceJudge;
}

/**
 * Computes what a patch would do, without doing it. Sections see the effect of earlier ones of the same patch.
 * @param texts count in place of what is on the disk, by real path
 * @throws PatchFailure; nothing is written in any case
 */
export function verifyPatch(
  patch: ParsedPatch,
  cwd: string,
  judge?: PlaceJudge,
  texts?: ReadonlyMap<string, string>,
): VerifiedPatch {
  const overlay = new Overlay(cwd, judge, texts);
  const notes = [...patch.notes, ...patch.sections.flatMap((section) => applySection(overlay, section))];
  return {
    patch,
    cwd,
    changes: overlay.changes(),
    summary: summaryOf(patch.sections),
    notes,
    paths: overlay.touched(),
    ...(judge === undefined ? {} : { judge }),
  };
}

/** @returns notes */
function applySection(overlay: Overlay, section: Section): readonly string[] {
  const { path } = section;
  switch (section.type) {
    case 'add': {
      const old = overlay.occupant(path);
      overlay.write(path, section.content);
      return replacementNotes(path, old, section.content);
    }
    case 'delete':
      overlay.read(path, 'Failed to delete file');
      overlay.remove(path);
      return [];
    case 'update': {
      const { moveTo, chunks } = section;
      const old = overlay.read(path, 'Failed to read file to update');
      const { text, notes } = computeText(old, chunks, path);
      if (moveTo === null || overlay.isSame(path, moveTo)) {
        overlay.write(path, text);
        return notes;
      }
      const replaced = overlay.occupant(moveTo);
      overlay.move(path, moveTo, text);
      // A move needs a row, so a row that changes nothing is on purpose.
      return [...(text === old ? [] : notes), ...replacementNotes(moveTo, replaced, null)];
    }
  }
}

/** The note about a file that already existed at the target path. */
function replacementNotes(path: string, old: Occupant | null, text: string | null): string[] {
  if (old === null) return [];
  if (old.text === text) return [`${path} existed with this very text: nothing changes.`];
  const what = old.text === null ? 'no UTF-8 text' : `${Buffer.byteLength(old.text)} bytes`;
  return [`${path} existed (${what}) and is replaced as a whole.`];
}

function summaryOf(sections: readonly Section[]): string[] {
  const letters = { add: 'A', update: 'M', delete: 'D' } as const;
  const pathOf = (section: Section) => (section.type === 'update' ? (section.moveTo ?? section.path) : section.path);
  return (['add', 'update', 'delete'] as const).flatMap((type) =>
    sections.filter((section) => section.type === type).map((section) => `${letters[type]} ${pathOf(section)}`),
  );
}
