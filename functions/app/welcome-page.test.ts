import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import { welcomePage } from './welcome-page.ts';

vi.stubGlobal('EXTENSION', { adminOrigins: [], csp: { img: [], connect: [], font: [] } });

/** Whatever the language of the machine. */
class EnglishNumberFormat extends Intl.NumberFormat {
  constructor(_language: undefined, options: Intl.NumberFormatOptions) {
    super('en-IN', options);
  }
}

/** What stands in the cells of the table once the page's own script has loaded these products. */
async function cellsOf(items: readonly object[]): Promise<string[][]> {
  const { body = '' } = welcomePage({
    extension: { name: 'Lens' },
    company: '1',
    userName: 'Asha',
    applicationId: undefined,
    missingScopes: [],
  });
  const scripts = [...String(body).matchAll(/<script[^>]*>([^]*?)<\/script>/g)];
  const [settings = '', script = ''] = scripts.map(([, text]) => text ?? '');
  const rows: string[][] = [];
  const loaded = Promise.withResolvers<void>();
  const element = (id: string) => ({
    textContent: id === 'settings' ? settings : '',
    addEventListener: () => undefined,
    replaceChildren: (...added: { cells: string[] }[]) => rows.push(...added.map(({ cells }) => cells)),
    set disabled(is: boolean) {
      if (!is) loaded.resolve();
    },
  });
  const elements = new Map<string, ReturnType<typeof element>>();
  runInNewContext(script, {
    document: {
      getElementById: (id: string) => elements.get(id) ?? elements.set(id, element(id)).get(id),
      createElement: () => {
        const cells: string[] = [];
        return {
          cells,
          append: (...all: { textContent: string }[]) => cells.push(...all.map((one) => one.textContent)),
        };
      },
    },
    fetch: async () => Response.json({ items }),
    Intl: { NumberFormat: EnglishNumberFormat },
  });
  await loaded.promise;
  return rows;
}

test.each([
  [
    'the lowest of its sizes',
    {
      currency: 'INR',
      sizes: [
        { price: 900, price_effective: 850 },
        { price: 800, price_effective: 799.5 },
      ],
    },
    '₹799.50',
  ],
  ['that of a size without another one', { currency: 'USD', sizes: [{ price: 10 }] }, '$10.00'],
  ['in rupees where no currency is named', { sizes: [{ price_effective: 5 }] }, '₹5.00'],
  ['nothing where there is no size', { sizes: [] }, '–'],
  ['nothing where no size has a price', { sizes: [{ size: 'M', price: null }, { size: 'L' }] }, '–'],
  ['nothing where sizes are missing', {}, '–'],
])('a product’s price is %s', async (_, product, price) => {
  const [cells] = await cellsOf([{ name: 'Shirt', brand: { name: 'Kesari' }, item_code: 'K1', ...product }]);
  expect(cells).toEqual(['Shirt', 'Kesari', 'K1', price]);
});
