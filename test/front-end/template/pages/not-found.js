export function NotFound() {
  const found = document.createElement('h1');
  found.textContent = '404';
  return [found];
}
