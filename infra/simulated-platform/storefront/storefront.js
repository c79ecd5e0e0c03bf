// Calls what the extension attached to the storefront, and shows what came.
const said = document.getElementById('answer');

async function call(form) {
  const { method, path, body } = Object.fromEntries(new FormData(form));
  const sent = method === 'GET' || body === '' ? {} : { body, headers: { 'content-type': 'application/json' } };
  try {
    const answer = await fetch(form.dataset.base + path, { method, ...sent });
    said.textContent = `${answer.status}\n${await answer.text()}`;
  } catch {
    said.textContent = 'The simulated platform does not answer.';
  }
}

for (const form of document.querySelectorAll('form.ask')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void call(form);
  });
}
