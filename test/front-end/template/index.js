// A stand-in for a front end made from an official template: its routes, its calls and its ways to write styles.
import { App } from './app.js';
import { NotFound } from './pages/not-found.js';

const routes = [/^\/company\/(\d+)\/?$/, /^\/company\/(\d+)\/application\/([\da-f]{24})$/];

function render(Page = App) {
  const params = routes.map((route) => route.exec(location.pathname)).find(Boolean);
  const root = document.getElementById('root');
  root.replaceChildren(...(params ? Page({ company_id: params[1], application_id: params[2] }) : NotFound()));
}

render();
if (import.meta.hot) import.meta.hot.accept('./app.js', (changed) => render(changed.App));
