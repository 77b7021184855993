import type { SessionConfigOption, SessionConfigSelectOption, SessionModeState } from '@agentclientprotocol/sdk';
import { modeOf, modes, workspacePolicyOf } from '../../../engine/threads/index.ts';
import type { ApprovalPolicy, ReasoningEffort, SandboxPolicy } from '../../../foundation/protocol/index.ts';
import { modelInfo } from '../../../models/catalogue/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import { invalidParams } from '../errors.ts';

/** The settings of a thread that a client can change. */
export interface Settings {
  readonly model: string;
  readonly effort: ReasoningEffort | null;
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
}

interface OfferedMode {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly settings: Pick<Settings, 'approvalPolicy' | 'sandboxPolicy'>;
}

const DEFAULT_EFFORT = 'default';
const USUAL_EFFORTS = ['low', 'medium', 'high'];
const EFFORT_NAMES: Readonly<Record<string, string>> = { xhigh: 'Extra high', max: 'Maximum' };

/** What a client can choose in a session. Each list has the value in use, and nothing that the administrator rules out. */
export class SessionChoices {
  readonly #config: Config;
  readonly #modes: readonly OfferedMode[];

  /** @param opened the settings with which the thread was opened */
  constructor(config: Config, opened: Settings) {
    this.#config = config;
    const { approvalPolicy, sandboxMode } = config.managed;
    const offered = modes(workspacePolicyOf(config.sandboxPolicy)).filter(
      (mode) =>
        (approvalPolicy ?? mode.approvalPolicy) === mode.approvalPolicy &&
        (sandboxMode ?? mode.sandboxPolicy.mode) === mode.sandboxPolicy.mode,
    );
    const named = offered.map(({ name, summary, ...settings }) => ({
      id: idOf(name),
      name: capital(name),
      description: capital(summary),
      settings,
    }));
    const own = modeOf(opened);
    const isNamed = own !== null && named.some(({ id }) => id === idOf(own));
    this.#modes = isNamed ? named : [configured(opened), ...named];
  }

  modes(settings: Settings): SessionModeState {
    const availableModes = this.#modes.map(({ id, name, description }) => ({ id, name, description }));
    return { currentModeId: this.#modeIn(settings), availableModes };
  }

  /** All options, as the protocol wants them each time. */
  options(settings: Settings): SessionConfigOption[] {
    const { currentModeId, availableModes } = this.modes(settings);
    const modeOptions = availableModes.map(({ id, name, description }) => ({
      value: id,
      name,
      description: description ?? '',
    }));
    return [
      select('mode', 'Mode', 'What the agent may do without asking', currentModeId, modeOptions),
      select('model', 'Model', 'Which model works on the request', settings.model, this.#models(settings)),
      select(
        'thought_level',
        'Thought level',
        'How long the model thinks',
        settings.effort ?? DEFAULT_EFFORT,
        this.#efforts(settings),
      ),
    ];
  }

  /** What choosing a value changes. @throws RequestError for an option or a value that is not offered */
  change(settings: Settings, id: string, value: string | boolean): Partial<Settings> {
    const option = this.options(settings).find((one) => one.id === id);
    if (option === undefined || option.type !== 'select')
      throw invalidParams(`there is no option ${JSON.stringify(id)}`);
    const values = option.options.flatMap((one) => ('value' in one ? one.value : []));
    if (typeof value !== 'string' || !values.includes(value)) {
      throw invalidParams(`${id} is one of ${values.join(', ')}, not ${JSON.stringify(value)}`);
    }
    if (id === 'mode') return this.#modes.find((mode) => mode.id === value)?.settings ?? {};
    if (id === 'model') return { model: value, ...this.#effortFor(value, settings) };
    return { effort: value === DEFAULT_EFFORT ? null : value };
  }

  #modeIn(settings: Settings): string {
    const name = modeOf(settings);
    const found = this.#modes.find(({ id }) => name !== null && id === idOf(name)) ?? this.#modes[0];
    return found?.id ?? '';
  }

  #models({ model }: Settings): SessionConfigSelectOption[] {
    const { managed, models, modelPrices, model: configured } = this.#config;
    const named = [configured, ...Object.keys(models), ...Object.keys(modelPrices)];
    const others =
      managed.model === undefined ? named.filter((name) => modelInfo(name, this.#config).supportsTools) : [];
    return [...new Set([model, ...others])].map((value) => ({ value, name: value }));
  }

  #efforts({ model, effort }: Settings): SessionConfigSelectOption[] {
    const known = modelInfo(model, this.#config).efforts ?? USUAL_EFFORTS;
    const fixed = this.#config.managed.effort !== undefined;
    const all = fixed ? [effort ?? DEFAULT_EFFORT] : [DEFAULT_EFFORT, ...known, ...(effort === null ? [] : [effort])];
    return [...new Set(all)].map((value) => ({ value, name: EFFORT_NAMES[value] ?? capital(value) }));
  }

  /** Another model may not know the level that this one had. */
  #effortFor(model: string, { effort }: Settings): Partial<Pick<Settings, 'effort'>> {
    const { efforts } = modelInfo(model, this.#config);
    return effort === null || efforts === null || efforts.includes(effort) ? {} : { effort: null };
  }
}

/** The mode of a configuration that is none of keel's own. */
function configured({ approvalPolicy, sandboxPolicy }: Settings): OfferedMode {
  return {
    id: 'configured',
    name: 'As configured',
    description: `Sandbox ${sandboxPolicy.mode}, approval policy ${approvalPolicy}`,
    settings: { approvalPolicy, sandboxPolicy },
  };
}

function select(
  id: string,
  name: string,
  description: string,
  currentValue: string,
  options: SessionConfigSelectOption[],
): SessionConfigOption {
  return { type: 'select', id, category: id, name, description, currentValue, options };
}

function idOf(mode: string): string {
  return mode.replaceAll(' ', '-');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
