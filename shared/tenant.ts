import * as v from 'valibot';

/** A company id: 1 to 18 digits without a leading zero. */
export const companyId = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d{0,17}$/, 'must be 1 to 18 digits without a leading zero'),
);

/** An application (sales channel) id: 24 hexadecimal digits. */
export const applicationId = v.pipe(v.string(), v.regex(/^[0-9a-f]{24}$/i, 'must be 24 hexadecimal digits'));
