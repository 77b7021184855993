import { nearestName } from '../../../foundation/util/index.ts';
import { isTable, type Layer, originOf, type Table, valueAt } from './layer.ts';

/** Switches in `[features]` that keel reads. */
const FEATURES: readonly string[] = [
  ...['ghost_commit', 'undo', 'multi_agent', 'collab', 'web_search_request', 'web_search'],
];

interface Inert {
  readonly key: string;
  /** The values that ask for what keel does anyway; absent: whatever the value, nothing is lost. */
  readonly same?: readonly unknown[];
  /** What keel does instead; it follows "has no effect:". */
  readonly instead: string;
}

const notForced = 'keel does not restrict how you log in';

const always = 'it belongs to the Codex CLI';

/**
 * Settings that files for the Codex CLI have and keel has no use for. One that would change something is reported: a setting
 * that does nothing must not look as if it did.
 */
const INERT: readonly Inert[] = [
  { key: 'tools_web_search', same: [false], instead: 'in a profile it is [profiles.NAME.features] web_search_request' },
  { key: 'tools.view_image', same: [true], instead: 'switch it off with tools.disallowed = ["view_image"]' },
  { key: 'tools_view_image', same: [true], instead: 'switch it off with tools.disallowed = ["view_image"]' },
  { key: 'include_view_image_tool', same: [true], instead: 'switch it off with tools.disallowed = ["view_image"]' },
  { key: 'features.view_image_tool', same: [true], instead: 'switch it off with tools.disallowed = ["view_image"]' },
  { key: 'include_apply_patch_tool', same: [true], instead: 'the model decides how files are edited' },
  { key: 'experimental_use_freeform_apply_patch', same: [], instead: 'the model decides how files are edited' },
  { key: 'features.apply_patch_freeform', same: [], instead: 'the model decides how files are edited' },
  { key: 'experimental_use_unified_exec_tool', same: [], instead: 'tools.set chooses how commands run' },
  { key: 'experimental_use_exec_command_tool', same: [], instead: 'tools.set chooses how commands run' },
  { key: 'features.unified_exec', same: [], instead: 'tools.set chooses how commands run' },
  { key: 'features.streamable_shell', same: [], instead: 'tools.set chooses how commands run' },
  { key: 'experimental_use_rmcp_client', same: [true], instead: always },
  { key: 'features.rmcp_client', same: [true], instead: always },
  { key: 'experimental_sandbox_command_assessment', same: [false], instead: 'keel has no such assessment' },
  { key: 'features.experimental_sandbox_command_assessment', same: [false], instead: 'keel has no such assessment' },
  { key: 'forced_login_method', same: [], instead: notForced },
  { key: 'forced_chatgpt_workspace_id', same: [], instead: notForced },
  { key: 'chatgpt_base_url', same: [], instead: 'use openai_base_url' },
  { key: 'instructions', same: [], instead: 'use developer_instructions, or model_instructions_file' },
  { key: 'model_reasoning_summary_format', instead: always },
  { key: 'file_opener', same: ['none'], instead: 'keel links no files' },
  { key: 'otel.exporter.otlp-grpc', same: [], instead: 'keel sends telemetry by otlp-http' },
  { key: 'otel.exporter.otlp-http.protocol', same: ['json'], instead: 'keel sends JSON' },
  { key: 'check_for_update_on_startup', same: [false], instead: 'keel looks for no updates' },
  { key: 'disable_paste_burst', instead: always },
  { key: 'notice', instead: always },
  { key: 'windows_wsl_setup_acknowledged', instead: always },
];

/** Whether a key, dotted and without a profile's name, is one that nothing reads. */
export function isInert(key: string): boolean {
  return INERT.some((inert) => inert.key === key || key.startsWith(`${inert.key}.`));
}

/** One line for each setting that does nothing, with its place. `merged`: the layers as one table. */
export function inertSettings(merged: Table, layers: readonly Layer[]): string[] {
  const profiles = isTable(merged['profiles']) ? Object.keys(merged['profiles']) : [];
  const tables = [[], ...profiles.map((name) => ['profiles', name])];
  return tables.flatMap((base) => [...inertIn(merged, layers, base), ...unknownFeatures(merged, layers, base)]);
}

function inertIn(merged: Table, layers: readonly Layer[], base: readonly string[]): string[] {
  return INERT.flatMap(({ key, same, instead }) => {
    const path = [...base, ...key.split('.')];
    const value = valueAt(merged, path);
    if (value === undefined || same === undefined) return [];
    if (same.some((one) => JSON.stringify(one) === JSON.stringify(value))) return [];
    return [`${originOf(layers, path)}: ${path.join('.')} has no effect: ${instead}`];
  });
}

function unknownFeatures(merged: Table, layers: readonly Layer[], base: readonly string[]): string[] {
  const features = valueAt(merged, [...base, 'features']);
  if (!isTable(features)) return [];
  return Object.keys(features).flatMap((name) => {
    if (FEATURES.includes(name) || isInert(`features.${name}`)) return [];
    const path = [...base, 'features', name];
    const nearest = nearestName(name, FEATURES);
    const hint = nearest === null ? `; there are ${FEATURES.join(', ')}` : `; did you mean ${nearest}?`;
    return [`${originOf(layers, path)}: unknown key ${path.join('.')}${hint}`];
  });
}
