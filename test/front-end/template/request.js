/** As axios asks in a browser: XMLHttpRequest, no header but what it is given, and every status but 2xx is an error. */
export function get(url, { headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('GET', url, true);
    request.setRequestHeader('Accept', 'application/json, text/plain, */*');
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.onloadend = () => {
      if (request.status < 200 || request.status > 299) reject(new Error(`status ${request.status}`));
      else resolve({ status: request.status, data: JSON.parse(request.responseText) });
    };
    request.addEventListener('error', () => reject(new Error('Network Error')));
    request.send();
  });
}
