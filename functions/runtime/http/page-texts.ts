import { preferredLanguage } from '../../../shared/http/preferred-language.ts';
import { type ProblemCode, problems } from '../../../shared/problems.ts';

/**
 * What the pages of ours say, in every language that they speak. Another language is another block here. What programs get
 * is English: the titles of problems are in shared/problems.ts, and details name fields.
 */
export interface PageTexts {
  /** For `lang` and `Content-Language` (BCP 47). */
  readonly language: string;
  readonly titleOf: (code: ProblemCode) => string;
  /** What a person can do about it. */
  readonly advice: Readonly<Record<ProblemCode, string>>;
  readonly tryAgain: string;
  /** Where to ask, as HTML, with an id that the log finds. */
  readonly help: (support: string, requestId: string) => string;
  readonly request: string;
  readonly signingIn: string;
  readonly allowScripts: string;
  readonly noCookies: string;
  readonly openWindow: string;
  readonly signedIn: string;
  readonly closeWindow: string;
}

const english = {
  open: 'Open the extension from your admin panel.',
  wait: 'Try again in a moment.',
} as const;

const en: PageTexts = {
  language: 'en',
  titleOf: (code) => problems[code].title,
  advice: {
    invalid_request: 'Open the extension again from your admin panel.',
    state_mismatch:
      'It may be too old, used up, or begun in another window. Open the extension again. If this comes back, your browser may be blocking cookies for it.',
    session_required: english.open,
    session_expired: 'Open the extension again to sign in.',
    signature_required: 'Only the platform makes such requests.',
    signature_expired: 'Check the clock of whoever signs.',
    signature_mismatch: 'Check that the API secret is the one in the partner panel.',
    access_denied: 'Open the extension again and allow access, or ask somebody who may.',
    scopes_missing: 'Ask somebody who holds all of them to open the extension once. After that, everybody can use it.',
    tenant_mismatch: 'Open the extension again from the company that you want to work in.',
    cross_site_request: english.open,
    route_not_allowed: 'Ask the author of the extension.',
    not_found: english.open,
    method_not_allowed: english.open,
    installation_required: 'Open the extension once from the admin panel of the company.',
    content_too_large: 'Send less at once.',
    rate_limited: english.wait,
    code_refused: 'Open the extension again. If this comes back, its author should check the API key and secret.',
    platform_error: english.wait,
    response_too_large: 'Ask for less at once, for example a smaller page.',
    try_again: english.wait,
    platform_timeout: english.wait,
    internal: english.wait,
  },
  tryAgain: 'Try again',
  help: (support, requestId) => `For help, turn to ${support} and name this request: ${requestId}`,
  request: 'Request',
  signingIn: 'Signing in',
  allowScripts: 'Allow scripts for this page, and open the extension again.',
  noCookies: 'Does your browser keep no cookies inside the admin panel? Then sign in outside of it:',
  openWindow: 'Open in a new window',
  signedIn: 'You are signed in',
  closeWindow: 'You can close this window.',
};

const hindi = {
  open: 'अपने एडमिन पैनल से एक्सटेंशन खोलें।',
  wait: 'थोड़ी देर में फिर कोशिश करें।',
  titles: {
    invalid_request: 'अनुरोध सही नहीं है',
    state_mismatch: 'यह साइन-इन आपके ब्राउज़र से मेल नहीं खाता',
    session_required: 'साइन-इन करना ज़रूरी है',
    session_expired: 'आपका सत्र समाप्त हो गया है',
    signature_required: 'अनुरोध पर हस्ताक्षर नहीं है',
    signature_expired: 'हस्ताक्षर बहुत पुराना है',
    signature_mismatch: 'हस्ताक्षर मेल नहीं खाता',
    access_denied: 'अनुमति नहीं दी गई',
    scopes_missing: 'इस एक्सटेंशन को इंस्टॉल करने के लिए और अनुमतियाँ चाहिए',
    tenant_mismatch: 'अनुरोध में सत्र से अलग कंपनी है',
    cross_site_request: 'अनुरोध किसी दूसरी साइट से आया है',
    route_not_allowed: 'एक्सटेंशन इसकी अनुमति नहीं देता',
    not_found: 'यहाँ कुछ नहीं है',
    method_not_allowed: 'इस पते पर ऐसे अनुरोध नहीं लिए जाते',
    installation_required: 'एक्सटेंशन इस कंपनी में इंस्टॉल नहीं है',
    content_too_large: 'अनुरोध बहुत बड़ा है',
    rate_limited: 'बहुत ज़्यादा अनुरोध',
    code_refused: 'प्लेटफ़ॉर्म ने साइन-इन स्वीकार नहीं किया',
    platform_error: 'प्लेटफ़ॉर्म से सही जवाब नहीं मिला',
    response_too_large: 'प्लेटफ़ॉर्म का जवाब बहुत बड़ा है',
    try_again: 'एक्सटेंशन अभी व्यस्त है',
    platform_timeout: 'प्लेटफ़ॉर्म ने समय पर जवाब नहीं दिया',
    internal: 'हमारी ओर से कुछ गड़बड़ हुई',
  } satisfies Record<ProblemCode, string>,
} as const;

const hi: PageTexts = {
  language: 'hi',
  titleOf: (code) => hindi.titles[code],
  advice: {
    invalid_request: hindi.open,
    state_mismatch:
      'हो सकता है कि यह पुराना हो, इस्तेमाल हो चुका हो या किसी दूसरी विंडो में शुरू हुआ हो। एक्सटेंशन फिर से खोलें। अगर यह दोबारा हो, तो शायद आपका ब्राउज़र इसकी कुकी रोक रहा है।',
    session_required: hindi.open,
    session_expired: 'साइन-इन करने के लिए एक्सटेंशन फिर से खोलें।',
    signature_required: 'ऐसे अनुरोध केवल प्लेटफ़ॉर्म करता है।',
    signature_expired: 'हस्ताक्षर करने वाले की घड़ी जाँचें।',
    signature_mismatch: 'जाँचें कि API secret वही है जो पार्टनर पैनल में है।',
    access_denied: 'एक्सटेंशन फिर से खोलें और अनुमति दें, या किसी ऐसे व्यक्ति से कहें जो अनुमति दे सकता है।',
    scopes_missing: 'जिसके पास ये सभी अनुमतियाँ हैं, उससे एक्सटेंशन एक बार खोलने को कहें। उसके बाद सब इसका उपयोग कर सकेंगे।',
    tenant_mismatch: 'जिस कंपनी में काम करना है, वहाँ से एक्सटेंशन फिर से खोलें।',
    cross_site_request: hindi.open,
    route_not_allowed: 'एक्सटेंशन बनाने वाले से पूछें।',
    not_found: hindi.open,
    method_not_allowed: hindi.open,
    installation_required: 'कंपनी के एडमिन पैनल से एक्सटेंशन एक बार खोलें।',
    content_too_large: 'एक बार में कम भेजें।',
    rate_limited: hindi.wait,
    code_refused: 'एक्सटेंशन फिर से खोलें। अगर यह दोबारा हो, तो इसे बनाने वाले को API key और secret जाँचने चाहिए।',
    platform_error: hindi.wait,
    response_too_large: 'एक बार में कम माँगें, जैसे छोटा पेज।',
    try_again: hindi.wait,
    platform_timeout: hindi.wait,
    internal: hindi.wait,
  },
  tryAgain: 'फिर कोशिश करें',
  help: (support, requestId) => `सहायता के लिए ${support} से संपर्क करें और यह अनुरोध बताएँ: ${requestId}`,
  request: 'अनुरोध',
  signingIn: 'साइन-इन हो रहा है',
  allowScripts: 'इस पेज पर स्क्रिप्ट चलने दें और एक्सटेंशन फिर से खोलें।',
  noCookies: 'क्या आपका ब्राउज़र एडमिन पैनल के अंदर कुकी नहीं रखता? तो उसके बाहर साइन-इन करें:',
  openWindow: 'नई विंडो में खोलें',
  signedIn: 'आप साइन-इन हैं',
  closeWindow: 'आप यह विंडो बंद कर सकते हैं।',
};

const spoken = { en, hi };

/** Every language that pages of ours speak. */
export const pageLanguages = Object.keys(spoken) as readonly (keyof typeof spoken)[];

/** The texts for whoever accepts these languages; English where none of them is spoken here. */
export function pageTextsFor(acceptLanguage: string | undefined): PageTexts {
  return spoken[preferredLanguage(acceptLanguage, pageLanguages) ?? 'en'];
}
