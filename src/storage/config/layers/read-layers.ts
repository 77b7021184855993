import { dirname, join } from 'node:path';
import { readObeyedFile, UntrustedFile } from '../../../foundation/files/index.ts';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { decodeText, isInside, ownerOf } from '../../../foundation/util/index.ts';
import type { AcceptedServer, ServerDefinition, ServerPlace } from './accepted-server.ts';
import { MAX_SETTINGS_BYTES, readHomeFile } from './home-file.ts';
import { type Layer, merge, mergeLayers, readLayer, type Table, valueAt } from './layer.ts';
import { overruledWarnings, refuseOverruled } from './managed-layer.ts';
import { overrideLayer } from './overrides.ts';
import type { LayersWithServers, ProjectPart, ProjectServer } from './project-servers.ts';
import type { ConfigFile } from './schema.ts';
import { trustedFolder, trustSettings } from './trust.ts';
import type { Validated, ValidationOptions } from './validate.ts';

/** The name of the layer of flags. */
const FLAG_LAYER = 'the command line';

export interface LayerOptions {
  /** Absolute, with symlinks resolved. */
  readonly cwd: string;
  /** `-c key=value`, in order. */
  readonly overrides: readonly string[];
  /** What the flags of the command line set, given the layers below, merged. Valid as it is. */
  readonly flagSettings: (below: Table) => ConfigFile;
  /** Files with MCP servers, absolute. */
  readonly mcpFiles: readonly string[];
  /** The project of the working directory counts as trusted. */
  readonly trusted: boolean;
  /** The user's own file counts. */
  readonly withUserFile: boolean;
  /** Counts in place of what is in the user's file. */
  readonly userText: string | null;
  /** Where the machine's own layers are. */
  readonly systemDir: string;
}

export interface ReadLayers {
  readonly layers: readonly Layer[];
  /**
   * Those that were chosen for this run, or that the administrator insists on: `-c`, flags, a profile that they name, the
   * managed file.
   */
  readonly insistent: readonly Layer[];
  readonly managed: Layer | null;
  /** MCP servers of the project's own, also those that do not count. */
  readonly projectServers: readonly ProjectServer[];
  /** Servers of the project that are in the layers. */
  readonly definitions: readonly ServerDefinition[];
  /** What of the layers is ignored. */
  readonly warnings: readonly string[];
}

interface ProjectLayers {
  /** Lowest first. */
  readonly parts: readonly ProjectPart[];
  /** MCP servers of the project's own, also those that do not count. */
  readonly projectServers: readonly ProjectServer[];
  /** What of the layers is ignored. */
  readonly warnings: readonly string[];
}

/**
 * Every source of settings that there is, lowest first: the machine's, the user's, those of a trusted project, a profile, files
 * with servers, `-c`, flags, and what the machine's administrator insists on.
 * @throws KeelError `invalidConfig` for one that can't be read, that others may write, or a flag that the administrator's file contradicts
 */
export async function readLayers(home: string, options: LayerOptions): Promise<ReadLayers> {
  const { cwd, systemDir } = options;
  const system = await systemLayer(join(systemDir, 'config.toml'));
  const readUser = () =>
    readLayer(join(home, 'config.toml'), () => options.userText ?? readHomeFile(home, 'config.toml'));
  const user = options.withUserFile ? await readUser() : null;
  const managed = await systemLayer(join(systemDir, 'managed_config.toml'));
  const files = [system, user].filter((layer) => layer !== null);
  const ofFiles = mergeLayers(files);
  const own = options.trusted ? merge(ofFiles, trustSettings(cwd, ofFiles)) : ofFiles;
  const project = await projectLayers(cwd, home, own);
  const below = [...files, ...project.parts.map(({ layer }) => layer)];
  const run = await runLayers(options, below);
  const warnings = managed === null ? [] : run.flatMap((layer) => overruledBy(managed, layer));
  const above = [...run, ...(managed === null ? [] : [managed])];
  const name = valueAt(mergeLayers([...below, ...above]), ['profile']);
  // A profile is above the files and below what the command line says.
  const profile = typeof name === 'string' ? [profileLayer(name, [...below, ...above])] : [];
  const upper = [...profile, ...above];
  const servers = await withServers(project.parts, upper);
  const isNamedHere = run.some(({ table }) => valueAt(table, ['profile']) !== undefined);
  return {
    layers: [...files, ...servers.layers, ...upper],
    insistent: isNamedHere ? upper : above,
    managed,
    projectServers: project.projectServers,
    definitions: servers.definitions,
    warnings: [...project.warnings, ...servers.warnings, ...warnings],
  };
}

async function withServers(parts: readonly ProjectPart[], above: readonly Layer[]): Promise<LayersWithServers> {
  if (parts.every(({ accepted }) => accepted.length === 0)) {
    return { layers: parts.map(({ layer }) => layer), definitions: [], warnings: [] };
  }
  return (await import('./project-servers.ts')).layersWithServers(parts, above);
}

/** The layers of one run. */
async function runLayers(options: LayerOptions, below: readonly Layer[]): Promise<Layer[]> {
  const { mcpFiles, overrides } = options;
  const servers = mcpFiles.length === 0 ? [] : await (await import('./mcp-file.ts')).mcpFileLayers(mcpFiles);
  const session = overrides.length === 0 ? [] : [await overrideLayer(overrides)];
  const lower = [...servers, ...session];
  const table = options.flagSettings(mergeLayers([...below, ...lower]));
  return Object.keys(table).length === 0 ? lower : [...lower, { name: FLAG_LAYER, table, text: null }];
}

/** @returns warnings; a flag has to be left out */
function overruledBy(managed: Layer, layer: Layer): string[] {
  if (layer.name !== FLAG_LAYER) return overruledWarnings(layer, managed);
  refuseOverruled(layer, managed);
  return [];
}

/** The layers as one table, checked. Where no file or `-c` configures anything the checks are not even loaded. */
export async function checkedSettings(layers: readonly Layer[], more: ValidationOptions): Promise<Validated> {
  if (layers.every(({ name }) => name === FLAG_LAYER)) return { settings: mergeLayers(layers), unknown: [] };
  const { validate } = await import('./validate.ts');
  return validate(mergeLayers(layers), layers, more);
}

/** Accepts MCP servers of a project as they are. @throws KeelError `storageFailed`, `invalidConfig` */
export async function acceptServers(home: string, folder: string, accepted: readonly AcceptedServer[]): Promise<void> {
  (await import('./accepted-server.ts')).recordServers(home, folder, accepted);
}

/** Takes back what the user accepted under a name in a file of a project. @throws KeelError `storageFailed`, `invalidConfig` */
export async function forgetServer(home: string, folder: string, server: ServerPlace): Promise<void> {
  (await import('./accepted-server.ts')).forgetServer(home, folder, server);
}

/** Why a project's server must not be started: it is not what the user accepts any more. Null: it may be. @throws KeelError `invalidConfig` */
export async function changeOfServer(server: ServerDefinition): Promise<string | null> {
  return await (await import('./accepted-server.ts')).changeOf(server);
}

/** The machine's settings, which root alone may write. */
function systemLayer(path: string): Promise<Layer | null> {
  const options = { maxBytes: MAX_SETTINGS_BYTES, limits: () => ({}) };
  return readLayer(path, () => decodeText(readObeyedFile(path, options)));
}

/** From the folder that the user trusts down to the working directory; what a project may not set is left out. */
async function projectLayers(cwd: string, home: string, own: Table): Promise<ProjectLayers> {
  const folder = trustedFolder(cwd, own);
  const parts: ProjectPart[] = [];
  const warnings: string[] = [];
  const projectServers: ProjectServer[] = [];
  for (let dir = cwd; folder !== null; dir = dirname(dir)) {
    const path = join(dir, '.keel');
    const file = join(path, 'config.toml');
    const layer = path === home ? null : await readLayer(file, () => projectText(file, folder, warnings));
    if (layer) {
      const { projectLayer } = await import('./project-layer.ts');
      const { projectServers: serversOf } = await import('./project-servers.ts');
      const servers = await serversOf(layer, own, { home, folder, dir });
      const project = projectLayer(servers.rest, own);
      parts.unshift({ layer: project.layer, accepted: servers.accepted });
      projectServers.push(...servers.servers);
      warnings.push(...servers.warnings, ...project.warnings);
    }
    if (dir === folder || dir === dirname(dir)) break;
  }
  return { parts, projectServers, warnings };
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
    // Other agents take a prompt behind -p.
    const hint = /\s/.test(name) ? '. -p names a profile; for a prompt leave it out, or use `keel --print "..."`' : '';
    throw new KeelError('invalidConfig', `there is no profile "${name}" in the configuration${hint}`);
  }
  return { name: `profile ${name}`, table: { ...table }, text: null };
}
