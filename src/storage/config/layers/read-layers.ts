import { dirname, join } from 'node:path';
import { readObeyedFile, UntrustedFile } from '../../../foundation/files/index.ts';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { decodeText, isInside, ownerOf } from '../../../foundation/util/index.ts';
import { MAX_SETTINGS_BYTES, readHomeFile } from './home-file.ts';
import { type Layer, mergeLayers, readLayer, type Table, valueAt } from './layer.ts';
import { overrideLayer } from './overrides.ts';
import { trustedFolder } from './trust.ts';
import type { Validated } from './validate.ts';

export interface LayerOptions {
  /** Absolute, with symlinks resolved. */
  readonly cwd: string;
  /** `-c key=value`, in order. */
  readonly overrides: readonly string[];
  /** Wins over the `profile` that the layers name. */
  readonly profile: string | undefined;
  /** Where the machine's own layers are. */
  readonly systemDir: string;
}

export interface ReadLayers extends ProjectLayers {
  /** Those that were chosen for this run, or that the administrator insists on: `-c`, a profile that it names, the managed file. */
  readonly insistent: readonly Layer[];
}

interface ProjectLayers {
  readonly layers: readonly Layer[];
  /** What of a project's layers is ignored. */
  readonly warnings: readonly string[];
}

/**
 * Every source of settings that there is, lowest first: the machine's, the user's, those of a trusted project, a profile, `-c`, and
 * what the machine's administrator insists on.
 * @throws KeelError `invalidConfig` for one that can't be read, or that others may write
 */
export async function readLayers(
  home: string,
  { cwd, overrides, profile, systemDir }: LayerOptions,
): Promise<ReadLayers> {
  const system = await systemLayer(join(systemDir, 'config.toml'));
  const user = await readLayer(join(home, 'config.toml'), () => readHomeFile(home, 'config.toml'));
  const session = overrides.length === 0 ? null : await overrideLayer(overrides);
  const managed = await systemLayer(join(systemDir, 'managed_config.toml'));
  const files = [system, user].filter((layer) => layer !== null);
  const { layers: project, warnings } = await projectLayers(cwd, home, mergeLayers(files));
  const below = [...files, ...project];
  const above = [session, managed].filter((layer) => layer !== null);
  const all = [...below, ...above];
  const name = profile ?? valueAt(mergeLayers(all), ['profile']);
  if (typeof name !== 'string') return { layers: all, insistent: above, warnings };
  const layer = profileLayer(name, all);
  const isNamedHere = profile !== undefined || (session !== null && valueAt(session.table, ['profile']) !== undefined);
  // A profile is above the files and below what the command line says.
  return { layers: [...below, layer, ...above], insistent: isNamedHere ? [layer, ...above] : above, warnings };
}

/** The layers as one table, checked. Where nothing is configured the checks are not even loaded. */
export async function checkedSettings(layers: readonly Layer[]): Promise<Validated> {
  if (layers.length === 0) return { settings: {}, unknown: [] };
  const { validate } = await import('./validate.ts');
  return validate(mergeLayers(layers), layers);
}

/** The machine's settings, which root alone may write. */
function systemLayer(path: string): Promise<Layer | null> {
  const options = { maxBytes: MAX_SETTINGS_BYTES, limits: () => ({}) };
  return readLayer(path, () => decodeText(readObeyedFile(path, options)));
}

/** From the folder that the user trusts down to the working directory; what a project may not set is left out. */
async function projectLayers(cwd: string, home: string, own: Table): Promise<ProjectLayers> {
  const folder = trustedFolder(cwd, own);
  const layers: Layer[] = [];
  const warnings: string[] = [];
  for (let dir = cwd; folder !== null; dir = dirname(dir)) {
    const path = join(dir, '.keel');
    const file = join(path, 'config.toml');
    const layer = path === home ? null : await readLayer(file, () => projectText(file, folder, warnings));
    if (layer) {
      const { projectLayer } = await import('./project-layer.ts');
      const project = projectLayer(layer, own);
      layers.unshift(project.layer);
      warnings.push(...project.warnings);
    }
    if (dir === folder || dir === dirname(dir)) break;
  }
  return { layers, warnings };
}

/** Null if there is no file, or none that the project and its owner alone decide about. */
function projectText(path: string, folder: string, warnings: string[]): string | null {
  try {
    const limits = () => ({ trusted: ownerOf(folder) });
    const judge = ({ path: real }: { readonly path: string }) => {
      if (!isInside(real, folder)) throw new UntrustedFile('it leads out of the project');
      return null;
    };
    return decodeText(readObeyedFile(path, { maxBytes: MAX_SETTINGS_BYTES, limits, judge }));
  } catch (error) {
    if (!(error instanceof UntrustedFile)) throw error;
    warnings.push(`${path} is ignored: ${error.message}`);
    return null;
  }
}

function profileLayer(name: string, layers: readonly Layer[]): Layer {
  const table = valueAt(mergeLayers(layers), ['profiles', name]);
  if (typeof table !== 'object' || table === null) {
    throw new KeelError('invalidConfig', `there is no profile "${name}" in the configuration`);
  }
  return { name: `profile ${name}`, table: { ...table }, text: null };
}
