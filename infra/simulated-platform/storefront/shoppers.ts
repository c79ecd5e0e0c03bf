/** A person who is signed in at a storefront, as `x-user-data` says it. */
export type Shopper = { _id: string } & Record<string, unknown>;

const shopper = (number: number, first_name: string, last_name: string): Shopper => ({
  _id: `65d0${String(number).padStart(20, '0')}`,
  first_name,
  last_name,
  gender: 'unknown',
  account_type: 'user',
  active: true,
  emails: [
    {
      email: `${first_name}.${last_name}@shoppers.example`.toLowerCase(),
      primary: true,
      verified: true,
      active: true,
    },
  ],
  phone_numbers: [
    { country_code: 91, phone: `98200${String(number).padStart(5, '0')}`, primary: true, verified: true, active: true },
  ],
});

/** Those who can be signed in at any storefront, by their keys. */
export const shoppers: Readonly<Record<string, Shopper>> = {
  ishaan: shopper(1, 'Ishaan', 'Gupta'),
  rhea: shopper(2, 'Rhea', 'Nair'),
};
