// What a page in the panel's frame may ask of the panel around it. The messages are those of Fynd's own
// https://github.com/gofynd/fdk-extension-bridge-javascript, which posts them to anybody and hears everybody.

/** What goes to the panel; the name's spelling is the panel's. */
interface BridgeMessage {
  readonly extenisonBridge: {
    readonly apiKey: string;
    readonly target: 'Button' | 'Breadcrumb';
    readonly id: string;
    readonly action: 'click' | null;
    readonly data: { readonly config: object };
  } | null;
}

/** The header of the admin panel around this page. */
export interface Panel {
  /** A button in it. `onClick` is called whenever the person clicks. */
  button(
    config: { readonly label: string; readonly type?: 'flat' | 'stroke'; readonly disabled?: boolean },
    onClick: () => void,
  ): void;
  /** Stands behind the extension's title. */
  breadcrumb(text: string): void;
  /** Takes all of it away, and hears no more clicks. */
  clear(): void;
}

/**
 * Speaks with the panel that frames this page, and with nobody else: what it posts is for `origin` alone, and it hears only
 * the window around this one, from there.
 * @param apiKey the extension's, which is public.
 * @param origin the panel's, such as `https://platform.fynd.com`.
 */
export function openPanel({ apiKey, origin }: { readonly apiKey: string; readonly origin: string }): Panel {
  const clicks = new Map<string, () => void>();
  const post = (message: BridgeMessage) => window.parent.postMessage(message, origin);
  const onMessage = (event: MessageEvent<unknown>) => {
    if (event.source !== window.parent || event.origin !== origin) return;
    const { id } = Object(event.data) as { id?: unknown };
    if (typeof id === 'string') clicks.get(id)?.();
  };
  window.addEventListener('message', onMessage);
  return {
    button({ label, type = 'flat', disabled = false }, onClick) {
      const id = `Button/click:${crypto.randomUUID()}`;
      clicks.set(id, onClick);
      const data = { config: { label, type, disabled } };
      post({ extenisonBridge: { apiKey, target: 'Button', id, action: 'click', data } });
    },
    breadcrumb(text) {
      const id = `Breadcrumb/null:${crypto.randomUUID()}`;
      const data = { config: { displayText: text } };
      post({ extenisonBridge: { apiKey, target: 'Breadcrumb', id, action: null, data } });
    },
    clear() {
      clicks.clear();
      window.removeEventListener('message', onMessage);
      post({ extenisonBridge: null });
    },
  };
}
