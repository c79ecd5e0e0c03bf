import { createHash } from 'node:crypto';
import { merchants, type Trade } from './merchants.ts';
import { holds } from './scopes.ts';

/** Whose data, grants and tokens something is. */
export type Tenant = { kind: 'company' | 'organization'; id: string };

/** A person with an account at the platform. `permissions` by company id, `organization:{id}`, or `*` for everywhere. */
export type User = {
  key: string;
  id: string;
  number: number;
  role: string;
  first_name: string;
  last_name: string;
  email: string;
  phone: string;
  permissions: Record<string, string[]>;
};

/** One storefront of a company. `token`: what its API is called with, beside its id. */
export type Application = { id: string; name: string; domain: string; token: string };

/** A merchant. */
export type Company = { id: string; name: string; trade: Trade; city: string; applications: Application[] };

/** The tenant as one word, for maps. */
export const tenantKey = (tenant: Tenant): string =>
  tenant.kind === 'company' ? tenant.id : `organization:${tenant.id}`;

/** Partners whose staff use the partner panel. */
export const organizations: readonly { id: string; name: string }[] = [
  { id: '5f0d1c2b3a4e5d6c7b8a0001', name: 'Bluepeak Digital' },
  { id: '5f0d1c2b3a4e5d6c7b8a0002', name: 'Lotus & Loom Partners' },
];

/** Companies 1 to 250. */
export const companies: ReadonlyMap<string, Company> = new Map(
  merchants.map((merchant, index): [string, Company] => {
    const id = String(index + 1);
    const application = (number: number, name: string, host: string): Application => ({
      id: `65a0${id.padStart(16, '0')}${String(number).padStart(4, '0')}`,
      name,
      domain: `${host}${merchant.slug}.example`,
      token: createHash('sha256').update(`storefront ${id} ${number}`).digest('base64url').slice(0, 9),
    });
    return [
      id,
      {
        id,
        ...merchant,
        applications: [application(1, merchant.name, 'www.'), application(2, `${merchant.name} Outlet`, 'outlet.')],
      },
    ];
  }),
);

const person = (
  number: number,
  key: string,
  name: [string, string],
  role: string,
  permissions: Record<string, string[]>,
): User => ({
  key,
  id: `65b4${String(number).padStart(20, '0')}`,
  number: 50_000 + number,
  role,
  first_name: name[0],
  last_name: name[1],
  email: `${name[0]}.${name[1]}@merchants.example`.toLowerCase(),
  phone: `98200${String(number).padStart(5, '0')}`,
  permissions,
});

/** The people there are before a test adds any. `owner`, `catalog` and `orders` are members of every company. */
const initialUsers = (): User[] => [
  person(1, 'owner', ['Asha', 'Rao'], 'Owner', { '*': ['company/*', 'application/*', 'organization/*'] }),
  person(2, 'catalog', ['Vikram', 'Menon'], 'Catalog manager', { '*': ['company/products'] }),
  person(3, 'orders', ['Nisha', 'Kapoor'], 'Orders', { '*': ['company/orders'] }),
  person(4, 'guest', ['Tara', 'Bose'], 'Guest without permissions', { '*': [] }),
  person(5, 'owner-of-1', ['Kabir', 'Sethi'], 'Owner of company 1 only', { '1': ['company/*'] }),
  person(6, 'owner-of-2', ['Meera', 'Iyer'], 'Owner of company 2 only', { '2': ['company/*'] }),
];

/** Who has an account, and what each may do where. */
export function createUsers() {
  let users = initialUsers();
  /** What a user may do at a tenant; undefined for somebody who is no member there. */
  const permissions = (user: User, tenant: Tenant): string[] | undefined =>
    user.permissions[tenantKey(tenant)] ?? user.permissions['*'];
  const find = (keyOrId: string): User | undefined =>
    users.find((user) => user.key === keyOrId || user.id === keyOrId || String(user.number) === keyOrId);
  return {
    all: (): readonly User[] => users,
    find,
    permissions,
    membersOf: (tenant: Tenant): User[] => users.filter((user) => permissions(user, tenant) !== undefined),
    /** Owners see what others do not, such as what a product cost. */
    isOwner: (user: User, tenant: Tenant): boolean => holds(permissions(user, tenant) ?? [], 'company/*'),
    /** Adds a person or changes one. */
    put(key: string, change: Partial<Pick<User, 'first_name' | 'last_name' | 'email' | 'role' | 'permissions'>>): User {
      const known = find(key);
      if (known) return Object.assign(known, change);
      const added = { ...person(users.length + 1, key, [key, 'Person'], 'Member', {}), ...change };
      users.push(added);
      return added;
    },
    /** Takes up whom another process knew. */
    restore(saved: User[]): void {
      users = saved;
    },
    reset(): void {
      users = initialUsers();
    },
  };
}

/** The accounts of a running platform. */
export type Users = ReturnType<typeof createUsers>;

/** The company or organization that these ids name, where there is one. */
export function findTenant(kind: string, id: string): Tenant | undefined {
  if (kind === 'company') return companies.has(id) ? { kind, id } : undefined;
  if (kind === 'organization') return organizations.some((one) => one.id === id) ? { kind, id } : undefined;
  return undefined;
}

/** How people call the tenant. */
export const tenantName = (tenant: Tenant): string =>
  (tenant.kind === 'company'
    ? companies.get(tenant.id)?.name
    : organizations.find((one) => one.id === tenant.id)?.name) ?? tenant.id;
