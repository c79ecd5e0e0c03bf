import type { Extension } from '../../shared/config.ts';

/**
 * Makes the stage that `--stage` names the one that counts for what is loaded from now on; without it none does, whatever a
 * shell still holds.
 */
export function chooseStage(named: string | undefined): void {
  process.env['EXTENSION_STAGE'] = named ?? '';
}

/** Why a command cannot know which deployment is meant: there are stages, and none was chosen. */
export function missingStage({ stage, stageNames }: Pick<Extension, 'stage' | 'stageNames'>): string | undefined {
  if (stage !== undefined || stageNames.length === 0) return undefined;
  return `Name a stage with --stage. There are: ${stageNames.join(', ')}.`;
}
