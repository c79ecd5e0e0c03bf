// npm run companies: lists, shows, exports, erases and restores what a deployed or a local extension holds of companies and people.
import * as v from 'valibot';
import { HeldData } from '../../shared/store/held-data.ts';
import { companyId, companyTenant, organizationId, organizationTenant, type Tenant } from '../../shared/tenant.ts';
import { ask, requireYes } from '../commands/ask.ts';
import { type Outcome, runCommand, usageError } from '../commands/run-command.ts';
import { sameExtension, selectExtension, whichExtension, whichUsage } from '../commands/select-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { act, consequence, type EmergencyOrder, emergencies } from './companies/emergency.ts';
import { eraseData } from './companies/erase-data.ts';
import { describeInstallation, exportData } from './companies/export-data.ts';
import { type BrokenGrant, brokenGrant, describeBroken } from './companies/grant-health.ts';
import { restore } from './companies/restore.ts';
import { letRequestsEnd, waitSecondsOf } from './let-requests-end.ts';
import { type OpenData, withData } from './open-data.ts';

const usage = `npm run companies -- list                          who is installed, or was
npm run companies -- list --broken                 whose grant no longer works: since when, why, how often tried
npm run companies -- show COMPANY                  a company's installation, without its token
npm run companies -- export COMPANY [--user ID]    all that is held of it, or of one of its people, as JSON
npm run companies -- erase COMPANY [--user ID]     ends the sessions, then deletes all that is held
npm run companies -- sign-out COMPANY [--user ID]  ends its sessions, or those of one of its people. --everybody: all
npm run companies -- block COMPANY | unblock COMPANY   keeps it out: people, storefronts, background work; lets it in again
npm run companies -- drop-token COMPANY            forgets its offline token until its next launch. --everybody: all
npm run companies -- restore [COMPANY]             brings back what a backup holds and the table has lost

  --organization ID  instead of COMPANY, for a partner
  --everybody        instead of COMPANY: sign-out and drop-token
  --yes              does it without asking
  --from-table NAME  restores from this table, to which a backup was restored (docs/loss.md)
  --write            restores; without it, says what would be restored
  --leave-tokens     restores without trying refresh tokens: each company's next launch asks for its grant again
  --wait SECONDS     how long erasing lets requests end that were under way. Default: 30, as long as any may take

${whichUsage}

Erasing and restoring may be interrupted and run again. The status is 0 when it is done, and 1 where it is not or
something was left: the text says which. With --broken it is 2 where a grant is broken. What an export holds is personal data: keep it where only you can read it.`;

const options = {
  ...whichExtension,
  organization: { type: 'string' },
  user: { type: 'string' },
  broken: { type: 'boolean', default: false },
  everybody: { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
  wait: { type: 'string', default: '30' },
  'from-table': { type: 'string' },
  write: { type: 'boolean', default: false },
  'leave-tokens': { type: 'boolean', default: false },
} as const;

await runCommand({ usage, options, mostArguments: 2 }, async ({ values, positionals: [action = '', id] }) => {
  const emergency = emergencies.find((each) => each === action);
  if (emergency === undefined && !['list', 'show', 'export', 'erase', 'restore'].includes(action))
    throw usageError(usage, `Say list, show, export, erase, restore, ${emergencies.join(', ')}.`);
  const isOfEverybody = values.everybody && (emergency === 'sign-out' || emergency === 'drop-token');
  if (values.everybody && (!isOfEverybody || (id ?? values.organization ?? values.user) !== undefined)) {
    throw usageError(usage, '--everybody is for sign-out and drop-token, without a company.');
  }
  const backup = values['from-table'];
  if ((action === 'restore') !== (backup !== undefined)) {
    throw usageError(usage, '--from-table names what is restored from, and belongs to restore.');
  }
  const isOfAll =
    isOfEverybody || action === 'list' || (action === 'restore' && (id ?? values.organization) === undefined);
  const tenant = isOfAll ? undefined : tenantOf(id, values.organization);
  if (tenant === undefined && id !== undefined) throw usageError(usage, 'The list is of all: it takes no id.');
  if (values.broken && action !== 'list') throw usageError(usage, '--broken is for the list.');
  const waitSeconds = waitSecondsOf(values.wait);
  if (values.user !== undefined && !/^.{1,256}$/.test(values.user)) {
    throw new StartError('--user is a person’s id, of 1 to 256 characters.');
  }
  const selected = await selectExtension(values);
  const { extension } = selected;
  return await withData(selected, 'What was not finished can be run again.', async (data) => {
    const held = new HeldData(data.documents, data.tables);
    if (backup !== undefined) {
      const { 'leave-tokens': leavesTokens, write: writes } = values;
      return await restore(data, { backup, only: tenant, cluster: extension.cluster, leavesTokens, writes });
    }
    if (emergency !== undefined) {
      const order = {
        action: emergency,
        tenant,
        userId: values.user,
        extension,
        now: () => new Date(),
        same: sameExtension(values),
      };
      if (!values.yes) await confirmEmergency(order, data);
      return await act(held, data, order);
    }
    if (tenant === undefined) return await (values.broken ? listBroken(held) : list(held));
    if (action === 'show') return await show(held, data, tenant);
    const userId = values.user;
    if (action === 'export') {
      const exported = await exportData(held, data, { tenant, userId, now: new Date() });
      return { data: exported, text: JSON.stringify(exported, undefined, 2) };
    }
    const who = `${userId === undefined ? '' : 'one person of '}${tenant.kind} ${tenant.id}`;
    if (!values.yes) await confirm(who, data, tenant);
    const wait = () => letRequestsEnd(waitSeconds, 'Sessions are over. ');
    const result = await eraseData(held, data, { tenant, userId, extension, wait, now: () => new Date() });
    if (result.found > 0) process.exitCode = 1;
    const erased = Object.entries(result.erased).map(([name, count]) => `  ${name}: ${count}`);
    const lines = [
      `Erased of ${who}, in ${data.where}:`,
      ...erased,
      result.found === 0
        ? 'A last look found nothing.'
        : `A last look found ${result.found} items that came while this ran: run it again.`,
      'What remains, and why:',
      ...result.remains.map((sentence) => `  - ${sentence}`),
    ];
    return { data: result, text: lines.join('\n') };
  });
});

function tenantOf(company: string | undefined, organization: string | undefined): Tenant {
  if ((company === undefined) === (organization === undefined)) {
    throw usageError(usage, 'Name one company, or one partner with --organization.');
  }
  if (organization !== undefined) {
    if (v.is(organizationId, organization)) return organizationTenant(organization);
    throw new StartError('An organization’s id has 1 to 64 letters, digits, _ or -.');
  }
  if (company !== undefined && v.is(companyId, company)) return companyTenant(company);
  throw new StartError('A company’s id has 1 to 18 digits, without a leading zero. For a partner: --organization ID.');
}

async function list(held: HeldData): Promise<Outcome> {
  const rows: {
    kind: string;
    id: string;
    status: unknown;
    installedAt?: string;
    hasToken: boolean;
    isBlocked: boolean;
  }[] = [];
  for await (const { tenant, attributes, hasToken } of held.installations()) {
    const installedAtMs = attributes['installedAtMs'];
    const installedAt = typeof installedAtMs === 'number' ? new Date(installedAtMs).toISOString() : undefined;
    const isBlocked = attributes['blockedAtMs'] !== undefined;
    rows.push({ ...tenant, status: attributes['status'], ...(installedAt && { installedAt }), hasToken, isBlocked });
  }
  rows.sort((a, b) => a.kind.localeCompare(b.kind) || a.id.localeCompare(b.id, 'en', { numeric: true }));
  const text = rows
    .map(({ kind, id, status, installedAt, hasToken, isBlocked }) =>
      [
        `${kind} ${id}`.padEnd(28),
        String(status).padEnd(12),
        installedAt?.slice(0, 16) ?? '-'.padEnd(16),
        `${hasToken ? 'offline token' : 'no token'}${isBlocked ? ', blocked' : ''}`,
      ].join('  '),
    )
    .join('\n');
  return { data: rows, text: text || 'Nobody has installed the extension yet.' };
}

async function listBroken(held: HeldData): Promise<Outcome> {
  const now = new Date();
  const broken: BrokenGrant[] = [];
  for await (const row of held.installations()) broken.push(...[brokenGrant(row, now) ?? []].flat());
  broken.sort((a, b) => (a.brokenSince ?? '').localeCompare(b.brokenSince ?? ''));
  if (broken.length > 0) process.exitCode = 2;
  return { data: broken, text: describeBroken(broken) };
}

async function show(held: HeldData, data: OpenData, tenant: Tenant): Promise<Outcome> {
  const row = await held.installation(tenant);
  if (row === undefined) {
    throw new StartError(
      `${data.where.replace(/^t/, 'T')} knows no ${tenant.kind} ${tenant.id}: it never installed, or was erased.`,
    );
  }
  const described = describeInstallation(row);
  const width = Math.max(...Object.keys(described).map((name) => name.length));
  const lines = Object.entries(described).map(([name, value]) => `${name.padEnd(width)}  ${inWords(value)}`);
  return { data: described, text: lines.join('\n') };
}

function inWords(value: unknown): string {
  if (Array.isArray(value)) return value.join(' ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

async function confirmEmergency(order: EmergencyOrder, { where }: OpenData): Promise<void> {
  await requireYes(
    `In ${where}. ${consequence(order)}`,
    `${consequence(order)} Add --yes where nobody can answer. Nothing was done.`,
    'Nothing was done.',
  );
}

async function confirm(who: string, data: OpenData, { id }: Tenant): Promise<void> {
  const typed = await ask(
    `This ends the sessions of ${who} in ${data.where} and deletes what is held. Type ${id} to go on: `,
    'Erasing asks first: add --yes where nobody can answer.',
  );
  if (typed !== id) throw new StartError('Nothing was erased.');
}
