import './home.css';
import dot from '../dot.svg';
import { get } from '../request.js';

/** The page's list: products of the company, or of the application that it was opened in. */
export function Home({ company_id, application_id }) {
  const home = document.createElement('div');
  home.className = 'products-container';
  const url = application_id ? `/api/products/application/${application_id}` : '/api/products';
  get(new URL(url, location.origin).href, { headers: { 'x-company-id': company_id } })
    .then(({ data }) => home.append(...data.items.map(row)))
    .catch((error) => console.error('Error fetching products:', error));
  return home;
}

function row(product) {
  const { id, name, is_active, media, brand, item_code, category_slug } = product;
  const line = document.createElement('div');
  line.className = 'flex-row product';
  line.dataset.testid = `product-name-${id}`;
  const status = document.createElement('img');
  status.src = dot;
  status.alt = is_active ? 'active' : 'inactive';
  const image = document.createElement('img');
  image.src = media?.find(({ type }) => type === 'image')?.url ?? '/dot.svg';
  image.alt = name;
  line.append(status, image, [name, item_code, brand?.name, category_slug].join(' | '));
  return line;
}
