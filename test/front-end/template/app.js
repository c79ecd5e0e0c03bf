import { Home } from './pages/home.js';

const globalStyles = `
  body { margin: 0; font-family: 'Inter', sans-serif; background-color: rgb(248, 248, 248) !important; }
  .flex-row { display: flex; flex-direction: row; align-items: center; gap: 10px; }
`;

export function App(params) {
  const style = document.createElement('style');
  style.textContent = globalStyles;
  const title = document.createElement('div');
  title.className = 'title';
  title.textContent = 'This is an example page.';
  return [style, title, Home(params)];
}
