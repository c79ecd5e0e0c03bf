import * as v from 'valibot';
import { bodyOf, type Control, ControlError, jsonOf, userOf, wholeNumber } from './control-call.ts';
import { controlPaymentCall, controlShopperCall } from './control-callers.ts';
import {
  controlAutoInstall,
  controlBlock,
  controlDeliveries,
  controlEvents,
  controlRepeat,
  controlSample,
  controlSubscribers,
  controlUninstall,
} from './control-lifecycle.ts';
import { readLog, reportToLog } from './control-log.ts';
import { announceRuntime, runSchedule } from './control-runtime.ts';
import { endTokens, listTokens, makeCode } from './control-tokens.ts';
import { logSwitch } from './describe-call.ts';
import { type Answer, type HttpClient, json, jsonObject, type Route } from './http.ts';
import { faultSchema, gateSchema } from './interceptions.ts';
import { serviceFault, serviceFaultSchema } from './service-faults.ts';
import { changeSettings } from './settings.ts';
import type { State } from './state.ts';
import { type Company, companies, organizations } from './world.ts';

const userSchema = v.strictObject({
  permissions: v.optional(v.union([v.array(v.string()), v.record(v.string(), v.array(v.string()))])),
  first_name: v.optional(v.string()),
  last_name: v.optional(v.string()),
  email: v.optional(v.string()),
  role: v.optional(v.string()),
});

const putUser: Control = (state, httpClient, key) => {
  if (key === '') return undefined;
  const { permissions, ...rest } = bodyOf(httpClient, userSchema);
  const names = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const held = Array.isArray(permissions) ? { '*': permissions } : permissions;
  return json(200, state.users.put(key, { ...names, ...(held === undefined ? {} : { permissions: held }) }));
};

const watchGates: Control = async ({ interceptions }, httpClient, name) => {
  if (name === '') return json(200, interceptions.gates());
  const wanted = wholeNumber(httpClient, 'held', 0);
  const seen = await interceptions.watch(name, wanted, wholeNumber(httpClient, 'timeout_ms', 10_000));
  if (!seen) return json(404, { message: 'No such gate' });
  const { reached, ...gate } = seen;
  return json(reached ? 200 : 504, gate);
};

const putSettings: Control = (state, httpClient) => {
  const changed = changeSettings(state.settings, jsonOf(httpClient));
  if (changed.autoApprove) userOf(state, changed.autoApprove.user);
  state.settings = changed;
  return json(200, state.settings);
};

/** A fault by where it strikes, or by the name of a service. */
const addFault: Control = ({ interceptions }, httpClient) =>
  json(
    201,
    interceptions.addFault(
      'service' in (jsonObject(httpClient.body) ?? {})
        ? serviceFault(bodyOf(httpClient, serviceFaultSchema))
        : bodyOf(httpClient, faultSchema),
    ),
  );

const removeFaults: Control = ({ interceptions }, _httpClient, name) => {
  if (name !== '') return interceptions.removeFault(name) ? json(200, {}) : json(404, { message: 'No such fault' });
  interceptions.clearFaults();
  return json(200, {});
};

/** A company, and what the extension is to it. */
function companyView({ grants }: State, company: Company) {
  const tenant = { kind: 'company', id: company.id } as const;
  const grant = grants.installation(tenant);
  return {
    ...company,
    installed: grants.isInstalled(tenant),
    offline_scopes: grant?.scopes ?? null,
    /** Whether the offline grant still works; null where there is none. */
    offline_works: grant ? grant.ended === null : null,
  };
}

const world = (state: State) => ({
  origin: state.origin,
  extension: {
    api_key: state.extension.apiKey,
    base_url: state.extension.baseUrl,
    scopes: state.extension.scopes ?? null,
  },
  users: state.users.all(),
  companies: [...companies.values()].map((company) => companyView(state, company)),
  organizations,
});

const apiSecretSchema = v.strictObject({ api_secret: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,1024}$/)) });

/** By method and address, whose second segment is a name. Those with words change something: the log tells of them. */
const controls: Readonly<Record<string, { control: Control; words?: string }>> = {
  'GET requests': { control: ({ recording }) => json(200, recording.list()) },
  'DELETE requests': {
    control: ({ recording }) => {
      recording.reset();
      return json(200, {});
    },
  },
  'GET log': { control: readLog },
  'POST log': { control: reportToLog },
  'DELETE log': {
    control: ({ log }) => {
      log.reset();
      return json(200, {});
    },
  },
  'GET faults': { control: ({ interceptions }) => json(200, interceptions.faults()) },
  'POST faults': { control: addFault, words: 'A fault is switched on' },
  'DELETE faults': { control: removeFaults, words: 'A fault is switched off' },
  'GET gates': { control: watchGates },
  'POST gates': {
    control: ({ interceptions }, httpClient) => json(201, interceptions.addGate(bodyOf(httpClient, gateSchema))),
  },
  'DELETE gates': {
    control: ({ interceptions }) => {
      interceptions.clearGates();
      return json(200, {});
    },
  },
  'POST gates/*/open': {
    control: ({ interceptions }, _httpClient, name) =>
      interceptions.open(name) ? json(200, { open: true }) : json(404, { message: 'No such gate' }),
  },
  'POST companies/*/uninstall': {
    control: (state, httpClient, name) => controlUninstall(state, httpClient, 'company', name),
    words: 'The extension is uninstalled, or told so',
  },
  'POST organizations/*/uninstall': {
    control: (state, httpClient, name) => controlUninstall(state, httpClient, 'organization', name),
    words: 'The extension is uninstalled, or told so',
  },
  'POST companies/*/auto-install': { control: controlAutoInstall, words: 'The extension is installed by a call' },
  'POST companies/*/events': { control: controlEvents, words: 'An event is made' },
  'GET companies/*/sample': { control: controlSample },
  'POST companies/*/payment-call': { control: controlPaymentCall, words: 'The payment service calls the extension' },
  'GET companies/*/payments': { control: ({ payments }, _httpClient, name) => json(200, payments.ofCompany(name)) },
  'GET storefronts': { control: ({ proxyPaths }) => json(200, proxyPaths.all()) },
  'POST storefronts/*/call': { control: controlShopperCall, words: 'A shopper calls' },
  'POST companies/*/block': { control: controlBlock, words: 'The subscriber is blocked' },
  'POST companies/*/unblock': {
    control: ({ subscribers }, _httpClient, name) => json(200, { unblocked: subscribers.unblock(name) }),
    words: 'The subscriber is active again',
  },
  'GET subscribers': { control: controlSubscribers },
  'GET deliveries': { control: controlDeliveries },
  'POST deliveries/*/again': { control: controlRepeat, words: 'A delivery is sent again' },
  'GET tokens': { control: listTokens },
  'POST tokens': { control: endTokens, words: 'Tokens are ended now' },
  'PUT users': { control: putUser, words: 'A person is changed' },
  'PUT api-secret': {
    control: (state, httpClient) => {
      state.extension.apiSecret = bodyOf(httpClient, apiSecretSchema).api_secret;
      return json(200, {});
    },
    words: 'Another API secret is issued',
  },
  'POST codes': { control: makeCode, words: 'A code is made' },
  'PUT runtime': { control: announceRuntime },
  'GET runtime': { control: ({ runtime }) => json(200, runtime ?? null) },
  'DELETE runtime': {
    control: (state) => {
      state.runtime = undefined;
      return json(200, {});
    },
  },
  'POST schedules/*/run': { control: runSchedule, words: 'A schedule is due' },
  'POST reset': {
    control: (state) => {
      state.reset();
      return json(200, {});
    },
    words: 'Everything is as at the start',
  },
  'GET world': { control: (state) => json(200, world(state)) },
  'GET settings': { control: ({ settings }) => json(200, settings) },
  'PUT settings': { control: putSettings, words: 'The platform’s behaviour is changed' },
  'DELETE settings': {
    control: (state) => {
      state.resetSettings();
      return json(200, state.settings);
    },
    words: 'The platform behaves as at the start',
  },
};

async function answer(state: State, httpClient: HttpClient): Promise<Answer | undefined> {
  const { method, path, body } = httpClient;
  const [, what = '', name = '', act = ''] = path.split('/').slice(1).map(decodeURIComponent);
  const found = controls[`${method} ${what}${act === '' ? '' : `/*/${act}`}`];
  if (!found) return undefined;
  const at = new Date().toISOString();
  const given = await found.control(state, httpClient, name);
  if (given && given.status < 400 && found.words !== undefined) {
    const request = jsonObject(body);
    logSwitch(state, `${found.words}: ${method} ${path}`, {
      at,
      ...(what === 'companies' ? { company: name } : {}),
      ...(typeof request?.['company_id'] === 'string' ? { company: request['company_id'] } : {}),
      request,
    });
  }
  return given;
}

/** What tests say to the platform itself, under `/__control`. Neither recorded nor disturbed by faults. */
export const controlRoute =
  (state: State): Route =>
  async (httpClient) => {
    if (!httpClient.path.startsWith('/__control/')) return undefined;
    const { headers, body } = httpClient;
    const type = headers['content-type'] ?? (body.length > 0 ? 'none' : undefined);
    if (type !== undefined && !/^application\/json\s*(;|$)/i.test(type)) {
      return json(415, { message: 'Control calls are JSON: content-type must be application/json' });
    }
    try {
      return (await answer(state, httpClient)) ?? json(404, { message: 'No such control' });
    } catch (error) {
      if (v.isValiError(error)) {
        return json(400, {
          message: 'Bad control call',
          issues: error.issues.map((one) => `${v.getDotPath(one) ?? 'body'}: ${one.message}`),
        });
      }
      if (error instanceof ControlError)
        return json(400, { message: error.message, issues: [`${error.field}: ${error.message}`] });
      if (error instanceof URIError) return json(400, { message: 'The path is not percent-encoded' });
      throw error;
    }
  };
