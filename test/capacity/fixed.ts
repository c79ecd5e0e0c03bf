import { metrics } from '../../shared/metrics.ts';
import { busySample, synthesizedStack } from '../infra/synthesized-stack.ts';
import type { Fixed } from './cost.ts';

/** What a stack has that is paid by the month, as it is synthesized. */
export function countFixed(): Fixed {
  const types = Object.values(synthesizedStack({ extension: busySample }).resources).map(({ Type }) => Type);
  const count = (type: string) => types.filter((each) => each === type).length;
  return {
    secrets: count('AWS::SecretsManager::Secret'),
    keys: count('AWS::KMS::Key'),
    alarms: count('AWS::CloudWatch::Alarm'),
    dashboards: count('AWS::CloudWatch::Dashboard'),
    functions: count('AWS::Lambda::Function'),
    metrics: Object.keys(metrics).length,
  };
}
