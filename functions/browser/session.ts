// `/_extension/session.js`: the first script of the page, in the browser.
void 0;
