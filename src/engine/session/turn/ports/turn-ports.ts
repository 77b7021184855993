import { compactionPrompt } from '../../../../context/history/index.ts';
import type { TurnContext } from '../../../../context/index.ts';
import { type ModelInfo, quirkSetting, type ServerFacts } from '../../../../models/catalogue/index.ts';
import type { ModelClient } from '../../../../models/client/index.ts';
import type { StepRunner } from '../../../steps/index.ts';
import type { TurnCompaction, TurnModel, TurnPorts } from '../../../turn/index.ts';
import type { TurnRecorder } from '../turn-recorder.ts';
import type { TurnWindow } from '../turn-window.ts';
import type { RequestMeter } from './request-meter.ts';

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
  readonly other?: ModelInfo | undefined;
  /** Absent: nothing is sent that could be measured. */
  readonly meter?: RequestMeter;
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
  other,
  retries,
  ...options
}: TurnModelOptions): TurnModel {
  const model = other ?? context.model;
  const { purposeOf = (taskKind) => taskKind, onSent, meter } = options;
  return {
    stream(prompt, { taskKind, signal }) {
      const sent = onSent === undefined ? {} : { onSent };
      const events = client.stream(prompt, { taskKind: purposeOf(taskKind), signal, ...sent });
      return meter?.measured(events, model) ?? events;
    },
    fingerprint(prompt) {
      const fingerprint = client.fingerprint(prompt);
      return meter?.asked(fingerprint, model) ?? fingerprint;
    },
    retries,
    origin: { provider, model: model.slug },
    adapt: (quirk) => {
      facts.learnQuirk(model.slug, quirk);
      return quirkSetting(provider, quirk);
    },
  };
}
