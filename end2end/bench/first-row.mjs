// How long until a browser that has never been here shows the first row of the list of services, and how many bytes
// were sent to it until then. Prints one line of JSON. Run by `cargo xtask bench`.
import { chromium } from 'playwright-core';

const url = process.argv[2];
const browser = await chromium.launch({
  executablePath: process.env.SIGNALBOX_CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  const page = await browser.newPage({ extraHTTPHeaders: { authorization: process.env.SIGNALBOX_AUTHORIZATION } });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true });
  let bytes = 0;
  cdp.on('Network.dataReceived', (event) => (bytes += event.encodedDataLength));
  cdp.on('Network.responseReceived', (event) => (bytes += event.response.encodedDataLength));
  // the browser itself is warm; what is measured is the page
  await page.goto('about:blank');
  bytes = 0;
  const before = performance.now();
  await page.goto(`${url}/services`, { waitUntil: 'commit' });
  await page.locator('table.services tbody tr').first().waitFor({ state: 'visible' });
  const ms = performance.now() - before;
  console.log(JSON.stringify({ ms, bytes }));
} finally {
  await browser.close();
}
