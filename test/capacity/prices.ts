/** Prices in US dollars, without free tiers and without what large customers agree on. */
export interface Prices {
  readonly region: string;
  readonly httpApiRequest: number;
  readonly lambdaRequest: number;
  /** On ARM, the first tier. */
  readonly lambdaGigabyteSecond: number;
  readonly readUnit: number;
  readonly writeUnit: number;
  readonly tableGigabyteMonth: number;
  readonly recoveryGigabyteMonth: number;
  readonly fifoRequest: number;
  readonly logGigabyte: number;
  readonly logGigabyteMonth: number;
  readonly traceRecorded: number;
  readonly scheduledInvocation: number;
  readonly secretMonth: number;
  readonly secretCall: number;
  readonly keyMonth: number;
  readonly keyCall: number;
  readonly metricMonth: number;
  readonly alarmMonth: number;
  readonly dashboardMonth: number;
  /** Out to the internet, the first tier. */
  readonly transferGigabyte: number;
}

/**
 * Read on 2026-11-26, without access to AWS itself, in public copies of AWS's own price list and pricing pages: that of
 * Mumbai (usage types `APS3-…`) as others read it in September 2026, of SQS and X-Ray from pages of 2026. What is assumed
 * was found for us-east-1 alone.
 */
const everywhere = {
  lambdaRequest: 0.2e-6,
  lambdaGigabyteSecond: 13.3334e-6,
  fifoRequest: 0.5e-6,
  traceRecorded: 5e-6,
  scheduledInvocation: 1e-6,
  secretMonth: 0.4,
  secretCall: 5e-6,
  keyMonth: 1,
  keyCall: 3e-6,
  metricMonth: 0.3,
  alarmMonth: 0.1,
  dashboardMonth: 3,
  logGigabyteMonth: 0.03,
};

export const mumbai: Prices = {
  region: 'ap-south-1',
  // Assumed: SQS, X-Ray, Scheduler, Secrets Manager and metrics as in us-east-1; recovery in the ratio of storage.
  ...everywhere,
  recoveryGigabyteMonth: 0.228,
  httpApiRequest: 1.05e-6,
  readUnit: 0.1425e-6,
  writeUnit: 0.71e-6,
  tableGigabyteMonth: 0.285,
  logGigabyte: 0.67,
  transferGigabyte: 0.1093,
};

export const northVirginia: Prices = {
  region: 'us-east-1',
  ...everywhere,
  recoveryGigabyteMonth: 0.2,
  httpApiRequest: 1e-6,
  readUnit: 0.125e-6,
  writeUnit: 0.625e-6,
  tableGigabyteMonth: 0.25,
  logGigabyte: 0.5,
  transferGigabyte: 0.09,
};
