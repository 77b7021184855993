import { KeelError } from '../../../foundation/protocol/index.ts';
import type { Config, LocalServerKind } from '../../../storage/config/index.ts';
import type { KeptSetting, OtherModel, ProviderChoice, Setup } from '../message.ts';
import type { TuiOptions } from '../options.ts';
import { type LocalModelOptions, withLocalModel } from './open-live.ts';

/** The configuration that the terminal works with: read at the start, and again when an answer of the user's has changed it. */
export class CurrentConfig {
  readonly #options: TuiOptions;
  #config: Config | null = null;
  #prepared: Config | null = null;

  constructor(options: TuiOptions) {
    this.#options = options;
  }

  get value(): Config {
    if (this.#config === null) throw new Error('The configuration is not read yet.');
    return this.#config;
  }

  /** Reads it, and what the screen needs to know of it. @throws KeelError `invalidConfig` */
  async read(): Promise<Setup> {
    const { setUp } = await import('./set-up.ts');
    const { config, setup } = await setUp(this.#options);
    this.#config = config;
    // The workers of a fleet have its keys, and the folders are theirs.
    return this.#options.origin.type === 'fleet' ? { ...setup, connect: null, trustQuestion: null } : setup;
  }

  /** Writes the answer about a folder. @throws KeelError as `recordTrust` */
  async answerTrust(folder: string, level: 'trusted' | 'untrusted'): Promise<void> {
    const { recordTrust } = await import('../../../storage/config/index.ts');
    await recordTrust(this.value.home, folder, level);
  }

  /** Keeps a key that the user entered. @throws KeelError `storageFailed` */
  async keepKey(key: string): Promise<void> {
    const { keepKey } = await import('./first-run.ts');
    keepKey(this.value, key);
  }

  /** Keeps the choice of a server on this machine. @throws KeelError `invalidConfig`, `storageFailed` */
  async useServer(kind: LocalServerKind, model: string | null): Promise<void> {
    const { useLocalServer } = await import('./first-run.ts');
    await useLocalServer(this.value, kind, model);
  }

  /** Keeps a choice for later starts. @returns what to say about it @throws KeelError `invalidConfig` */
  async keep(setting: KeptSetting): Promise<string> {
    const { keepSetting } = await import('./kept-settings.ts');
    return await keepSetting(this.value, this.#options.profile, setting);
  }

  /** @returns what to say about it */
  async forgetKey(): Promise<string> {
    const { forgetKey } = await import('./kept-settings.ts');
    const said = await forgetKey(this.value.home);
    this.#config = { ...this.value, storedKey: null };
    return said;
  }

  /** Models of the other providers that can be asked here. @throws KeelError `invalidConfig` if the files can't be read any more */
  async otherModels(): Promise<readonly OtherModel[]> {
    const { otherModels } = await import('./other-models.ts');
    return otherModels(await this.#options.otherProviders(this.value.provider.id), this.value);
  }

  /**
   * Reads the configuration with another provider. Its key has to be there, and a server on this machine has to have the model.
   * @throws KeelError `invalidConfig`, `missingCredentials`, or what the server lacks
   */
  async prepare(choice: ProviderChoice, fetching: LocalModelOptions): Promise<Setup> {
    const { setUp } = await import('./set-up.ts');
    const { config, setup } = await setUp(this.#options, choice);
    if (config.provider.id !== choice.provider) {
      const stays = `model_provider stays ${config.provider.id}: the administrator of this machine fixes it`;
      throw new KeelError('invalidConfig', stays);
    }
    if (setup.connect !== null) throw new KeelError('missingCredentials', setup.connect.reason);
    await withLocalModel(config, fetching);
    // Threads that are opened later keep the model that they had.
    this.#prepared = { ...config, chosen: config.chosen.filter((setting) => setting !== 'model') };
    return setup;
  }

  /** The configuration is from now on the one that was prepared last. */
  takePrepared(): void {
    this.#config = this.#prepared ?? this.#config;
  }
}
