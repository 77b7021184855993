import { compactionPrompt } from '../../../../context/history/index.ts';
import type { TurnContext } from '../../../../context/index.ts';
import { quirkSetting, type ServerFacts } from '../../../../models/catalogue/index.ts';
import type { ModelClient } from '../../../../models/client/index.ts';
import type { StepRunner } from '../../../steps/index.ts';
import type { TurnCompaction, TurnModel, TurnPorts } from '../../../turn/index.ts';
import type { TurnRecorder } from '../turn-recorder.ts';
import type { TurnWindow } from '../turn-window.ts';

/** What a turn that runs and one that is replayed have in different forms, and what they share. */
export interface PortsOptions extends Omit<TurnPorts, 'history' | 'emit' | 'compaction'> {
  readonly steps: StepRunner;
  readonly recorder: TurnRecorder;
  readonly window: TurnWindow;
  readonly compaction: Pick<TurnCompaction, 'model' | 'handover' | 'tooLong'> & {
    /** Whether the turn compacts its conversation by itself. */
    readonly isAutomatic: boolean;
    readonly focus: string | null;
    /** The user's own question; null: keel's. */
    readonly prompt: string | null;
  };
}

/** Binds the turn loop to one turn. */
export function turnPorts({ recorder, window, compaction, ...ports }: PortsOptions): TurnPorts {
  const { isAutomatic, focus, prompt, ...rest } = compaction;
  return {
    ...ports,
    history: recorder,
    emit: recorder.emit,
    compaction: {
      ...rest,
      get limit() {
        return isAutomatic ? window.limit : null;
      },
      learnWindow: (tokens) => window.learn(tokens),
      question: compactionPrompt({ focus, own: prompt }),
    },
  };
}

export interface TurnModelOptions {
  readonly context: TurnContext;
  readonly client: ModelClient;
  readonly facts: ServerFacts;
  readonly provider: string;
  /** Another model than the turn's. */
  readonly slug?: string | undefined;
  readonly retries: TurnModel['retries'];
  /** What requests say they are for; absent: the kind of their task. */
  readonly purposeOf?: (taskKind: string) => string;
  /** Called when a request is on its way. */
  readonly onSent?: () => void;
}

export function turnModel({
  context,
  client,
  facts,
  provider,
  slug,
  retries,
  ...options
}: TurnModelOptions): TurnModel {
  const model = slug ?? context.model.slug;
  const { purposeOf = (taskKind) => taskKind, onSent } = options;
  return {
    stream: (prompt, { taskKind, signal }) =>
      client.stream(prompt, { taskKind: purposeOf(taskKind), signal, ...(onSent === undefined ? {} : { onSent }) }),
    fingerprint: (prompt) => client.fingerprint(prompt),
    retries,
    origin: { provider, model },
    adapt: (quirk) => {
      facts.learnQuirk(model, quirk);
      return quirkSetting(provider, quirk);
    },
  };
}
