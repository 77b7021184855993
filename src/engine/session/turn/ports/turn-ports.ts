import { compactionPrompt } from '../../../../context/history/index.ts';
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

/** A model with the client that asks it. */
export interface AskedModel {
  readonly client: Pick<ModelClient, 'stream' | 'fingerprint'>;
  readonly model: Pick<ModelInfo, 'slug' | 'cacheMinutes'>;
}

export interface TurnModelOptions extends AskedModel {
  /** Made when the model is overloaded for good; absent: there is none. */
  readonly fallback?: (() => AskedModel) | undefined;
  readonly facts: ServerFacts;
  readonly provider: string;
  /** Absent: nothing is sent that could be measured. */
  readonly meter?: RequestMeter;
  readonly retries: TurnModel['retries'];
  /** What requests say they are for; absent: the kind of their task. */
  readonly purposeOf?: (taskKind: string) => string;
  /** Called when a request is on its way. */
  readonly onSent?: () => void;
}

export function turnModel({
  client,
  model,
  fallback,
  facts,
  provider,
  retries,
  ...options
}: TurnModelOptions): TurnModel {
  const { purposeOf = (taskKind) => taskKind, onSent, meter } = options;
  let asked: AskedModel = { client, model };
  let isFallback = false;
  return {
    stream(prompt, { taskKind, signal }) {
      const sent = onSent === undefined ? {} : { onSent };
      const events = asked.client.stream(prompt, { taskKind: purposeOf(taskKind), signal, ...sent });
      return meter?.measured(events, asked.model) ?? events;
    },
    fingerprint(prompt) {
      const fingerprint = asked.client.fingerprint(prompt);
      return meter?.asked(fingerprint, asked.model) ?? fingerprint;
    },
    retries,
    get origin() {
      return { provider, model: asked.model.slug };
    },
    adapt: (quirk) => {
      facts.learnQuirk(asked.model.slug, quirk);
      return quirkSetting(provider, quirk);
    },
    fallBack() {
      if (fallback === undefined || isFallback) return null;
      isFallback = true;
      asked = fallback();
      return asked.model.slug;
    },
  };
}
