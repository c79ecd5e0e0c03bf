// A front end as others write it: it names the company, and has never heard of cookies, sessions or signing in.
const company = location.pathname.split('/')[2];
const byId = (id) => document.getElementById(id);

function get(path, use) {
  const request = new XMLHttpRequest();
  request.open('GET', path);
  request.setRequestHeader('x-company-id', company);
  request.addEventListener('load', () => {
    if (request.status === 200) use(JSON.parse(request.responseText));
    else byId('trouble').textContent = `${path} was answered with ${request.status}`;
  });
  request.send();
}

get('/api/session', ({ user }) => {
  byId('name').textContent = user.name;
});
get('/api/products', ({ items }) => {
  byId('products').replaceChildren(
    ...items.map(({ name }) => Object.assign(document.createElement('li'), { textContent: name })),
  );
});
async function signOut() {
  const { status } = await fetch('/api/session', { method: 'DELETE', headers: { 'x-company-id': company } });
  byId('name').textContent = `signed out: ${status}`;
}
byId('sign-out').addEventListener('click', () => void signOut());
